"""Training a neural painter on strokes of the real brush: the loop, measurements, checkpoints, the card.

What a step does is in ``gan_stages`` and ``vae_stages``; how good a painter is, is measured in ``fidelity``.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from ...batches import History, as_card, gone_on
from ...files import write_whole
from ...processes import ALONE, Processes
from ...runs import load_checkpoint, save_checkpoint
from ..device import find_device
from ..evaluation.fidelity import Fidelity, as_batches, contact_sheet, measure_fidelity, stroke_figures
from ..names import DEFAULT_BRUSH
from ..neural.stamp.painter import StampPainter
from ..painter import Painter
from ..registry import save_painter
from .config import TrainingConfig
from .data import Data
from .gan import gan_recipe
from .proxy_fit import ProxyFitConfig, fit_proxy
from .stages import Stage
from .vae import vae_recipe

_SHEET_STROKES = 48
"""Held-out strokes on a contact sheet: eight rows of six."""
_WARMUP_STEPS = 100
"""Steps over which a stage's learning rate rises to what it is: Adam's second moments are guesses before."""


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run stands, for progress bars."""

    step: int
    total: int
    stage: str
    fidelity: Fidelity | None


class PainterTrainer:
    """One training run; ``run`` carries it from wherever its checkpoint left it to the end.

    Several processes take the same steps, each on its share of a batch; all measure, and the first writes.

    Args:
        config: what is trained.
        training: strokes and coverage to learn from, the same in all processes.
        held_out: others to measure with.
        processes: those that train together.
    """

    def __init__(self, config: TrainingConfig, training: Data, held_out: Data, processes: Processes = ALONE) -> None:
        config.check()
        find_device(config.device)
        self.config = config
        self.processes = processes
        self.batches: History = [[0, processes.count]]
        self.strokes, self.coverage = training
        self.held_out = held_out
        torch.manual_seed(config.seed)
        recipe = vae_recipe if config.painter == "vae" else gan_recipe
        self.networks, stages = recipe(config.for_processes(processes.count), processes)
        processes.begin_alike(self.networks)
        self.stages = [stage for stage in stages if stage.steps]
        self.ends = list(itertools.accumulate(stage.steps for stage in self.stages))
        self.step = 0
        self.waited = 0
        self.best: dict[str, Any] = {}
        self.finished: dict[str, dict[str, float]] = {}

    @property
    def painter(self) -> Painter:
        """The painter as it stands."""
        painter = self.networks["painter"]
        assert isinstance(painter, Painter)
        return painter

    @property
    def total_steps(self) -> int:
        """Steps of all stages."""
        return self.ends[-1]

    @property
    def stage(self) -> Stage:
        """The stage of the next step; at the end, the last."""
        return self.stages[self._stage_index]

    @property
    def _stage_index(self) -> int:
        return next((index for index, end in enumerate(self.ends) if self.step < end), len(self.ends) - 1)

    def run(self, progress: Callable[[TrainingProgress], object] | None = None) -> Fidelity:
        """Train to the end, save the best painter as ``painter.safetensors`` in the folder, and return its fidelity."""
        writer = self._open_log() if self.processes.leads else None
        fidelity: Fidelity | None = None
        if not self.step and isinstance(self.painter, StampPainter):
            self._begin_with_law()
        while self.step < self.total_steps:
            index = self._stage_index
            losses = self._train_step()
            self.step += 1
            if self.step % self.config.evaluate_every == 0 or self.step == self.ends[index]:
                fidelity = self._evaluate(index, writer, losses)
                self.save_checkpoint()
            if progress:
                progress(TrainingProgress(self.step, self.total_steps, self.stage.name, fidelity))
        if writer is not None:
            writer.close()
        self.networks.load_state_dict(self.best["weights"])
        fidelity = measure_fidelity(self.painter, *self.held_out)
        # The others wait, so that all end alike.
        self.processes.first_alone(partial(self._ship, fidelity))
        return fidelity

    def _open_log(self) -> SummaryWriter:
        writer = SummaryWriter(str(self.config.folder / "tensorboard"), purge_step=self.step or None)
        table = "\n".join(f"|{name}|{value}|" for name, value in self.config.settings().items())
        writer.add_text("configuration", "|setting|value|\n|-|-|\n" + table)
        return writer

    def _begin_with_law(self) -> None:
        """What is to be beaten is the brush's law, before anything was learned."""
        fidelity: Fidelity = self.processes.broadcast(measure_fidelity(self.painter, *self.held_out))
        self._keep(self.stage.score(fidelity, self.finished), fidelity)
        self.finished["law"] = fidelity.as_dict() | {"step": 0}

    def _keep(self, score: float | None, fidelity: Fidelity) -> None:
        weights = {key: value.detach().cpu().clone() for key, value in self.networks.state_dict().items()}
        self.best = {"score": score, "step": self.step, "weights": weights, "fidelity": fidelity.as_dict()}

    def _train_step(self) -> dict[str, float]:
        # A step's chance depends on (seed, step) alone, so a resumed run does what an uninterrupted one would.
        random = np.random.default_rng([self.config.seed, self.step])
        rows = random.integers(len(self.strokes), size=self.processes.count * self.config.batch_size)
        rows = self.processes.share(rows)
        batch = as_batches(self.strokes[rows], self.coverage[rows], len(rows), self.config.device)
        strokes, real = next(batch)
        self._set_learning_rate()
        return self.stage.train_step(strokes, real, random)

    def _set_learning_rate(self) -> None:
        stage = self.stage
        done = stage.steps - (self.ends[self._stage_index] - self.step)
        cosine = 0.5 * (1 + np.cos(np.pi * done / stage.steps))
        for group in stage.optimizer.param_groups:
            group["lr"] = float(stage.learning_rate * cosine * min(1.0, (done + 1) / _WARMUP_STEPS))

    def _evaluate(self, index: int, writer: SummaryWriter | None, losses: dict[str, float]) -> Fidelity:
        stage, (strokes, coverage) = self.stages[index], self.held_out
        neural = stage.draw(strokes, coverage)
        # Other machines round otherwise, and all have to agree on what is kept and when a stage ends.
        fidelity: Fidelity = self.processes.broadcast(stroke_figures(neural, coverage).pooled())
        losses = self.processes.average(losses)
        if writer is not None:
            self._log(writer, losses, fidelity, neural)
        score = stage.score(fidelity, self.finished)
        if score is not None and ("score" not in self.best or score > self.best["score"]):
            self._keep(score, fidelity)
            self.waited = 0
        else:
            self.waited += 1
        if self.waited >= self.config.patience:
            self.step = self.ends[index]
        if self.step == self.ends[index] < self.total_steps:
            self._begin_stage(index + 1)
        return fidelity

    def _log(
        self, writer: SummaryWriter, losses: dict[str, float], fidelity: Fidelity, neural: NDArray[np.float32]
    ) -> None:
        for name, value in losses.items():
            writer.add_scalar(f"loss/{name}", value, self.step)
        for name, value in fidelity.as_dict().items():
            writer.add_scalar(f"held_out/{name}", value, self.step)
        shown, (strokes, coverage) = slice(_SHEET_STROKES), self.held_out
        sheet = contact_sheet(strokes[shown], coverage[shown], neural[shown])
        writer.add_image("real_beside_neural", np.asarray(sheet), self.step, dataformats="HWC")
        with write_whole(self.config.folder / "sheet.png") as temporary:
            sheet.save(temporary)

    def _begin_stage(self, index: int) -> None:
        self.networks.load_state_dict(self.best["weights"])
        self.finished[self.stages[index - 1].result] = self.best["fidelity"] | {"step": self.best["step"]}
        # What the next stage must beat is the same painter, judged by its own measure.
        stage, (strokes, coverage) = self.stages[index], self.held_out
        fidelity = self.processes.broadcast(stroke_figures(stage.draw(strokes, coverage), coverage).pooled())
        self.best |= {"score": stage.score(fidelity, self.finished), "fidelity": fidelity.as_dict()}
        self.waited = 0

    def save_checkpoint(self) -> None:
        """Write everything that a later ``resume`` needs, whole or not at all; the first process does."""
        if not self.processes.leads:
            return
        state = {
            "batches": self.batches,
            "networks": self.networks.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.stage.optimizers.items()},
            "step": self.step,
            "waited": self.waited,
            "best": self.best,
            "finished": self.finished,
        }
        save_checkpoint(self.config.folder, self.config.settings(), state)

    def resume(self) -> bool:
        """Take up the checkpoint in the folder of the first process, if there is one; says whether there was.

        Raises:
            InvalidInputError: the checkpoint is damaged, or was made with another configuration.
        """
        config, state = self.config, None
        if self.processes.leads:
            state = load_checkpoint(config.folder, config.settings(), "a painter's training")
        state = self.processes.broadcast(state)
        if state is None:
            return False
        self.step, self.waited = state["step"], state["waited"]
        self.best, self.finished = state["best"], state["finished"]
        rule, count = config.learning_rate_rule, self.processes.count
        self.batches = gone_on(state["batches"], self.step, count, rule, self.processes.leads)
        self.networks.load_state_dict(state["networks"])
        for name, optimizer in self.stage.optimizers.items():
            rates = [group["lr"] for group in optimizer.param_groups]
            optimizer.load_state_dict(state["optimizers"][name])
            # Those of so many processes, whatever they were before.
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
        return True

    def _ship(self, fidelity: Fidelity, live: Callable[[], None]) -> None:
        config = self.config
        card = {
            "data": f"{config.drawn} uniform strokes by libmypaint, brush {config.brush}, seed {config.seed}",
            "held_out_seed": config.held_out_seed,
            "best_step": self.best["step"],
            "parameters": sum(weight.numel() for weight in self.painter.parameters()),
            **self.finished,
            "fidelity": fidelity.as_dict(),
            "configuration": config.settings(),
        }
        if self.batches != [[0, 1]]:
            card["batches"] = as_card(self.batches)
        painter = self.painter
        painter.brush = config.brush
        if config.brush != DEFAULT_BRUSH:
            painter.ribbon = fit_proxy(painter, ProxyFitConfig(seed=config.seed), lambda *_: live()).parameters
        save_painter(painter, config.folder / "painter.safetensors", painter.options, card)
