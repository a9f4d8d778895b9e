"""Run the examples with the oldest and the newest libraries that are promised: ``python scripts/versions.py``.

Each set of versions gets a virtual environment that sees all that is installed here, torch above all, and has only what
differs from it: some hundred megabytes instead of gigabytes. Prints a table, and exits with 1 where a set fails.
Arguments are handed to pytest in place of the default tests. What pytest says is in ``build/versions/NAME.txt``.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "versions"

SETS = {
    "gymnasium-oldest": ["gymnasium==1.1.*"],
    "gymnasium-newest": ["gymnasium<2"],
    "stable-baselines3-oldest": ["stable-baselines3==2.7.*"],
    "stable-baselines3-newest": ["stable-baselines3<3"],
    "numpy-oldest": ["numpy==1.26.*"],
    "numpy-newest": ["numpy"],
    "all-oldest": ["gymnasium==1.1.*", "stable-baselines3==2.7.*", "numpy==1.26.*"],
}
"""Names, and what pip is asked for. Whatever else is installed here stays as it is."""

TESTS = ["tests/scripts/test_examples.py", "tests/agents/training/test_vec_env.py", "tests/envs/test_values.py"]

_LIBRARIES = "gymnasium, stable_baselines3, numpy"
_SHOW = f"import {_LIBRARIES}; print(*(library.__version__ for library in ({_LIBRARIES})))"


def make_environment(folder: Path, requirements: list[str]) -> Path:
    """A virtual environment over the present one; its interpreter."""
    venv.create(folder, clear=True)
    python = folder / "bin" / "python"
    inside = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    (Path(inside) / "present.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # pip complains of what other packages want, which is not what is tried here.
    install = [str(python), "-m", "pip", "install", "--quiet", "--upgrade", *requirements]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return python


def main(arguments: list[str]) -> int:
    """Make the environments one after the other, and run the tests in each."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    package = FOLDER / "package"
    package.mkdir(exist_ok=True)
    link = package / "paintgym"  # a checkout may have any name
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT)
    variables = {**os.environ, "PYTHONPATH": str(package)}
    failed = False
    print(f"{'':26}{'gymnasium':>10}{'sb3':>8}{'numpy':>8}")
    for name, requirements in SETS.items():
        python = make_environment(FOLDER / name, requirements)
        versions = subprocess.run([python, "-c", _SHOW], capture_output=True, text=True, check=True, env=variables)
        gymnasium, sb3, numpy = versions.stdout.split()
        done = subprocess.run(
            [python, "-m", "pytest", "-q", *(arguments or TESTS)],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        (FOLDER / f"{name}.txt").write_text(done.stdout)
        failed |= done.returncode != 0
        last = (done.stdout.strip().splitlines() or ["nothing was said"])[-1]
        print(f"{name:26}{gymnasium:>10}{sb3:>8}{numpy:>8}  {last}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
