"""``paintgym export-policy``: write a policy for stable-baselines3 alone, or for any program that runs ONNX.

paintgym export-policy paintings --out policy.zip         # PPO.load("policy.zip"), after import paintgym
paintgym export-policy paintings --out policy.onnx        # pip install 'paintgym[onnx]'
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ...agents.policy.export_forms import check_export
from ...agents.policy.names import find_policy
from ...agents.policy.schedule import DEFAULT_STROKES_PER_STEP
from ...checks import check_whole
from ..options import about


@dataclass(frozen=True)
class Arguments:
    """Export a policy as a stable-baselines3 zip or as ONNX."""

    policy: tyro.conf.Positional[str] = "paintings"
    """The policy: mnist, paintings, or a .safetensors file that train-policy wrote."""
    out: Path = Path("policy.zip")
    """Where to write it: .zip for stable-baselines3, .onnx for ONNX."""
    strokes_per_step: int = DEFAULT_STROKES_PER_STEP
    """Strokes in one action; the same policy serves any number."""


def run(arguments: Arguments) -> None:
    """Load and export."""
    check_whole("strokes_per_step", arguments.strokes_per_step, 1, 64)
    find_policy(arguments.policy)
    with about("--out"):
        check_export(arguments.out)
    from ...agents.policy.export import export_policy
    from ...agents.policy.sb3_policy import load_policy

    export_policy(load_policy(arguments.policy, arguments.strokes_per_step), arguments.out)
    print(f"wrote {arguments.out}: {arguments.strokes_per_step} strokes an action")
