"""``paintgym train-policy``: train a policy that paints.

    PAINTGYM_DATA=data paintgym train-policy --target paintings                   # through the canvas
    PAINTGYM_DATA=data paintgym train-policy --target mnist --method analytic+ppo --ppo-strokes 10
    torchrun --nproc-per-node=4 -m paintgym train-policy --target paintings       # by four processes; see torchrun
    paintgym train-policy --target photos/ --minutes 10 --out runs/mine           # again: takes up where it stopped
    tensorboard --logdir runs                                                     # losses, held-out figures, canvases

The trained policy is ``policy.safetensors`` in the folder; ``load_policy`` and ``--policy`` take its path.
"""

import dataclasses
import json

from ....agents.training.config import PolicyTrainingConfig
from ....envs.targets.names import check_target
from ....files import make_folder
from ....processes import Processes, joined
from ...names import check_device, check_losses, check_painters, check_policy
from ...options import about
from ...progress import measuring


@dataclasses.dataclass(frozen=True)
class Arguments(PolicyTrainingConfig):
    """Train a policy; run it again to resume.

    By several processes: torchrun --nproc-per-node=4 -m paintgym train-policy ...

    Analytic: gradients through the proxy renderer, canvas and squared error, from half-painted canvases. PPO:
    stable-baselines3's own, in the batched environment.
    """


def run(arguments: Arguments) -> None:
    """Train, or resume, and print what the policy reaches on held-out pictures."""
    _check(arguments)
    with joined(arguments.device) as processes:
        _train(arguments, processes)


def _train(arguments: Arguments, processes: Processes) -> None:
    from rich.console import Console

    from ....agents.training.trainer import PolicyTrainer

    trainer = PolicyTrainer(arguments, processes)
    if processes.leads:
        make_folder(arguments.folder)
    console = Console(quiet=not processes.leads)
    if trainer.resume():
        console.print(f"resuming at {trainer.steps}")
    for stage, total in arguments.stages.items():
        with measuring(stage, total, watched=processes.leads) as update:
            trainer.train(stage, update)
    card = trainer.finish()
    if card is None:
        return
    console.print(f"wrote {arguments.folder / 'policy.safetensors'}", soft_wrap=True)
    shown = {name: card[name] for name in ("steps", "minutes", "held_out", "photographs") if name in card}
    console.print_json(json.dumps(shown))


def _check(arguments: Arguments) -> None:
    arguments.check()
    check_device("--device", arguments.device)
    check_painters("--painter", arguments.painter)
    check_losses("--perceptual", arguments.perceptual)
    if arguments.init is not None:
        check_policy("--init", str(arguments.init))
    with about("--target"):
        check_target(arguments.target)
