"""``paintgym train-classifier``: teach a plain classifier to read digits, to judge painted ones by.

PAINTGYM_DATA=data paintgym train-classifier              # about two minutes on one core; needs MNIST/raw
"""

from dataclasses import dataclass

from ....agents.evaluation.config import ClassifierConfig
from ....files import make_folder
from ...progress import measuring


@dataclass(frozen=True)
class Arguments(ClassifierConfig):
    """Train the classifier that says which painted digits can be read; it learns from MNIST's digits alone."""


def run(arguments: Arguments) -> None:
    """Train, save, and measure what was saved on test digits."""
    arguments.check()
    from rich.console import Console

    from ....agents.evaluation.digits import (
        accuracy,
        load_digit_reader,
        load_digits,
        save_digit_reader,
        train_digit_reader,
    )

    test = load_digits("test", arguments.test_digits)
    make_folder(arguments.out)
    ink, digits = load_digits("train", arguments.digits)
    with measuring("learning to read", arguments.steps) as update:
        reader = train_digit_reader(arguments, ink, digits, update)
    path = arguments.out / "digits.safetensors"
    figures = {"test_digits": len(test[1]), "test_accuracy": round(accuracy(reader, *test), 5)}
    save_digit_reader(reader, path, arguments, figures)
    share = accuracy(load_digit_reader(path), *test)
    Console().print(f"wrote {path}: reads {100 * share:.2f} % of {len(test[1])} test digits", soft_wrap=True)
