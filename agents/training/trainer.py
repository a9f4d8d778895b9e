"""Training a policy: the stages in turn, measurements on held-out pictures, checkpoints, the card.

What a step does is in ``analytic`` and ``ppo``; how good a network is, is measured in ``evaluation``.
"""

import json
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ...batches import History, as_card, gone_on, learning_rate_factor
from ...envs.losses.loss import Loss, PixelLoss
from ...envs.losses.registry import make_loss
from ...envs.targets.targets import load_targets
from ...errors import InvalidInputError, MissingDataError
from ...painters.device import find_device
from ...painters.pixels import to_tensor
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE
from ...processes import ALONE, Processes
from ...runs import load_checkpoint, save_checkpoint
from ..policy.network import StrokeNetwork
from ..policy.planner import Planner
from ..policy.sb3_policy import PaintingPolicy, build_policy, load_policy, save_policy
from .analytic import AnalyticTrainer
from .config import PolicyTrainingConfig
from .data import find_data
from .evaluation import evaluate, log_paintings
from .ppo import ResetCallback, make_ppo, train_ppo

_LOG_EVERY = 20
"""Steps of Adam whose figures TensorBoard has the mean of."""

Report = Callable[[int, float], object]
"""Called with the steps done, and a figure: the part of the loss that a step leaves, or PPO's mean return."""


class PolicyTrainer:
    """One training run; ``train`` carries each stage from wherever the checkpoint left it to the end.

    Several processes take the same steps of the analytic stage, each on batches of its own; the first writes.

    Args:
        config: what is trained.
        processes: those that train together.

    Raises:
        InvalidInputError: a setting that cannot work, or PPO by several processes.
        MissingDataError: pictures or weights are not in the data folder.
    """

    def __init__(self, config: PolicyTrainingConfig, processes: Processes = ALONE) -> None:
        config.check()
        if "ppo" in config.stages and processes.count > 1:
            raise InvalidInputError(
                f"method is {config.method!r}, but stable-baselines3's PPO learns in one process; train 'analytic' by "
                f"these {processes.count}, and then 'ppo' by one that begins with its policy",
                "method",
            )
        find_device(config.device)
        self.config = config
        self.processes = processes
        self.batches: History = [[0, processes.count * config.analytic.batches]]
        brushes: list[str | None] = [*config.brush_names] or [None]
        self.painters = [load_painter(config.painter, config.device, brush=brush) for brush in brushes]
        self.painter = self.painters[0]
        self._measures: list[Loss] = [PixelLoss(), make_loss("lite", config.device)]
        self.steps = dict.fromkeys(config.stages, 0)
        self.data = find_data(config)
        torch.manual_seed(config.seed)
        self.options: dict[str, Any] = {"width": config.width, "hidden": config.hidden}
        if len(self.painters) > 1:
            self.options["brushes"] = True
        start = None
        if config.init is not None:
            loaded = load_policy(config.init)
            start, self.options = loaded.policy, dict(loaded.policy_kwargs)
        if "ppo" in self.steps:
            self.model = make_ppo(config, self.data.sampler, self.options)
        else:
            self.model = build_policy(**self.options, planner=config.planner)
            self.model.policy.to(config.device)
        if start is not None:
            self.policy.features_extractor.load_state_dict(start.features_extractor.state_dict())
        processes.begin_alike(self.policy)
        self._random = np.random.default_rng(config.seed)
        self._analytic = self._make_analytic() if "analytic" in self.steps else None
        self._seconds = 0.0
        self._started = 0.0

    @property
    def policy(self) -> PaintingPolicy:
        """The policy as it stands."""
        policy = self.model.policy
        assert isinstance(policy, PaintingPolicy)
        return policy

    @property
    def network(self) -> StrokeNetwork:
        """Its network."""
        return self.policy.network

    @property
    def planner(self) -> Planner:
        """What decides by the network's proposals."""
        return self.policy.planner

    def train(self, stage: str, report: Report = lambda done, figure: None) -> None:
        """Carry one of ``config.stages`` to its end; does nothing if it is there.

        Args:
            stage: ``"analytic"`` or ``"ppo"``.
            report: called every step.
        """
        overtaken = stage == "analytic" and self.steps.get("ppo", 0) > 0
        if self.steps[stage] < self.config.stages[stage] and not overtaken:
            self._started = time.perf_counter() - self._seconds
            folder = self.config.folder / "tensorboard" / stage
            with self._open_log(folder, self.steps[stage]) as writer:
                if stage == "analytic":
                    self._train_analytic(writer, report)
                else:

                    def measure(done: int) -> None:
                        self._measure("ppo", done, writer)

                    callback = ResetCallback(self.config, self.data.sampler, report, measure)
                    train_ppo(self.model, self.config, self.steps["ppo"], str(folder), callback)

    def _open_log(self, folder: Path, done: int) -> AbstractContextManager[SummaryWriter | None]:
        """TensorBoard's, of the first process alone."""
        if not self.processes.leads:
            return nullcontext()
        writer = SummaryWriter(str(folder), purge_step=done or None)
        table = "\n".join(f"|{name}|{value}|" for name, value in self.config.settings().items())
        writer.add_text("configuration", "|setting|value|\n|-|-|\n" + table)
        return writer

    def finish(self) -> dict[str, Any] | None:
        """Measure the policy on held-out pictures, save it as ``policy.safetensors``, and return its card.

        The first process does so, and the others wait for it with None.
        """
        return self.processes.first_alone(self._finish)

    def _finish(self, live: Callable[[], None]) -> dict[str, Any]:
        config = self.config
        measure = partial(evaluate, self.planner, losses=self._measures, budgets=config.budgets, report=live)
        self.policy.set_training_mode(False)
        # As they are saved: a stroke that is picked by the last digits changes all that come after it.
        for weight in self.policy.features_extractor.parameters():
            weight.data = weight.data.half().float()
        card = {
            "target": config.target,
            "method": config.method,
            "steps": self.steps,
            "minutes": round(self._seconds / 60, 1),
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "held_out_pictures": len(self.data.last),
            "held_out": _rounded(measure(self.data.last, self.painter)),
        }
        photographs = None if config.target == "mnist" else _photographs(config.device)
        if photographs is not None:
            card["photographs"] = _rounded(measure(photographs, self.painter))
        if len(self.painters) > 1:
            card["by_brush"] = {
                painter.brush: _rounded(measure(self.data.held_out, painter)) for painter in self.painters
            }
        card["configuration"] = config.settings()
        if self.batches != [[0, 1]]:
            card["batches"] = as_card(self.batches)
        save_policy(self.policy, config.folder / "policy.safetensors", self.options, card)
        return card

    def save_checkpoint(self) -> None:
        """Write everything that a later ``resume`` needs, whole or not at all; the first process does, for all."""
        # Of no use any more once PPO has started.
        kept = None if self._analytic is None or self.steps.get("ppo") else self._analytic.state_dict()
        if not self.processes.leads:
            return
        state = {
            "batches": self.batches,
            "steps": self.steps,
            "seconds": self._seconds,
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "analytic": kept,
            "numpy": json.dumps(self._random.bit_generator.state),
            "torch": torch.get_rng_state(),
            "cuda": [torch.cuda.get_rng_state(self.config.device)] if self.config.device != "cpu" else [],
        }
        save_checkpoint(self.config.folder, self.config.settings(), state)

    def resume(self) -> bool:
        """Take up the checkpoint in the folder of the first process, if there is one; says whether there was.

        Raises:
            InvalidInputError: the checkpoint is damaged, or was made with another configuration.
        """
        config, state, buffers = self.config, None, None
        if self.processes.leads:
            state = load_checkpoint(config.folder, config.settings(), "a policy's training")
            if state is not None and state["analytic"]:
                buffers = state["analytic"].pop("buffers")  # to each its own
        state = self.processes.broadcast(state)
        if state is None:
            return False
        self.steps, self._seconds = state["steps"], state["seconds"]
        batches = self.processes.count * config.analytic.batches
        done, rule = sum(self.steps.values()), config.learning_rate_rule
        self.batches = gone_on(state["batches"], done, batches, rule, self.processes.leads)
        self.policy.load_state_dict(state["policy"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        if self._analytic is not None and state["analytic"]:
            self._analytic.load_state_dict(state["analytic"] | {"buffers": buffers})
        self._random.bit_generator.state = json.loads(state["numpy"])
        torch.set_rng_state(state["torch"].cpu())
        if state["cuda"] and config.device != "cpu":
            torch.cuda.set_rng_state(state["cuda"][0].cpu(), config.device)
        return True

    def _make_analytic(self) -> AnalyticTrainer:
        def draw(count: int, random: np.random.Generator) -> Tensor:
            return self.data.sampler.draw(count, random).to(self.config.device)

        config, processes = self.config, self.processes
        factor = learning_rate_factor(config.learning_rate_rule, processes.count * config.analytic.batches)
        return AnalyticTrainer(
            self.planner,
            self.painters,
            draw,
            self._random,
            learning_rate=factor * config.learning_rate,
            steps=config.analytic_steps,
            config=config.analytic,
            seed=config.seed,
            processes=processes,
        )

    def _train_analytic(self, writer: SummaryWriter | None, report: Report) -> None:
        config, trainer = self.config, self._analytic
        assert trainer is not None
        self._measure("analytic", trainer.step, writer)
        sums: dict[str, float] = {}
        ends = time.perf_counter() + 60 * (config.minutes or math.inf)
        while trainer.step < config.analytic_steps and self._agree(time.perf_counter() < ends):
            figures = trainer.train_step()
            sums = {name: sums.get(name, 0.0) + value for name, value in figures.items()}
            if trainer.step % _LOG_EVERY == 0:
                if writer is not None:
                    rate = trainer.optimizer.param_groups[0]["lr"]
                    writer.add_scalar("train/learning_rate", rate, trainer.step)
                    writer.add_scalar("train/regret", sums["regret"] / _LOG_EVERY, trainer.step)
                    writer.add_scalar("rollout/error_ratio", sums["error_ratio"] / _LOG_EVERY, trainer.step)
                sums = {}
            report(trainer.step, figures["error_ratio"])
            if trainer.step % config.evaluate_every == 0:
                self._measure("analytic", trainer.step, writer)
        self._measure("analytic", trainer.step, writer)

    def _agree(self, on: bool) -> bool:
        """What the first process finds: clocks differ. Without a limit of time there is nothing to agree on."""
        return on if self.config.minutes is None else bool(self.processes.broadcast(on))

    def _measure(self, stage: str, done: int, writer: SummaryWriter | None) -> None:
        """Measure on held-out pictures, show some, and save a checkpoint, unless that was done at this step."""
        if done == self.steps[stage] and done:
            return
        self.steps[stage], self._seconds = done, time.perf_counter() - self._started
        pictures, budgets = self.data.held_out, self.config.budgets
        # All do, so that nobody waits for long.
        figures = evaluate(self.planner, pictures, self.painter, self._measures, budgets)
        if writer is not None:
            for name, value in figures.items():
                writer.add_scalar(f"eval/{name}", value, done)
            log_paintings(writer, done, self.planner, pictures, self.painter, budgets)
            writer.flush()
        self.save_checkpoint()


def _photographs(device: str) -> Tensor | None:
    """The photographs (8, 3, 64, 64), where the packages that bring them are installed."""
    try:
        targets = load_targets("photographs", CANVAS_SIZE)
    except MissingDataError:
        return None
    return to_tensor(np.stack([targets.picture(index) for index in range(len(targets))]), device)


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in figures.items()}
