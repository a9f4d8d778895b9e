"""The Gymnasium environment ``paintgym/Painting-v0``, specified by its class docstring. The work is core.py's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ..checks import check_whole
from ..errors import InvalidInputError
from ..painters.device import find_device
from ..painters.modes import plain_torch
from ..painters.painter import Painter
from ..painters.pixels import to_tensor
from ..painters.registry import make_painter
from .core import PaintingCore, Paper
from .inputs import check_actions, check_seed, choose_target, plain_spec
from .limits import MAXIMUM_SIZE, MINIMUM_SIZE
from .losses.loss import Loss
from .losses.registry import make_loss
from .rendering import render_state
from .state import PaintingState
from .targets.names import Split
from .targets.targets import TargetSource, load_targets
from .views.view import View


class PaintingEnv(gymnasium.Env[NDArray[np.uint8], NDArray[np.float32]]):
    """Paint a picture, stroke by stroke, with a learned MyPaint brush.

    ## Description
    The agent sees a target picture and a canvas, at first white paper. Each action is a stroke (or several), which a
    neural painter, trained on the real MyPaint brush, turns into ink. The aim is a canvas like the target.

    ## Action space
    ``Box(-1, 1, (12 * strokes_per_step,), float32)``. The strokes of one action follow each other, the last on top.
    Each of a stroke's 12 numbers is (action + 1) / 2, so that it lies in [0, 1]; x grows to the right, y downwards:

    | number | meaning | number | meaning | number | meaning |
    |---|---|---|---|---|---|
    | 0 | end pressure | 4, 5 | end x, y | 9, 10 | start x, y |
    | 1 | brush size | 6, 7, 8 | red, green, blue | 11 | entry pressure |
    | 2, 3 | x, y halfway along the stroke | | | | |

    Numbers outside [-1, 1] count as the nearest inside. An action of another shape, or with NaN or infinity, raises.
    Lists and tensors are taken too, from any device; a gradient that a tensor carries ends here (``PaintingCore`` is
    for training through the canvas).

    ## Observation space
    ``Box(0, 255, (7, size, size), uint8)``, channels first: the canvas (red, green, blue), the target (red, green,
    blue), and a constant plane with the strokes that are left, 30 ln(1 + strokes left), at most 255, which is 0 at
    the end alone. The canvas itself is kept in float32: only the observation is rounded. ``view="focus"`` shows a
    window about the place of the largest error instead, to which an action's numbers are relative then
    (``views.FocusView``).

    ## Rewards
    With L the loss between canvas and target after step t:

    - ``"negative_loss"``: -L(t), at every step.
    - ``"improvement"``: L(t-1) - L(t). The sum over an episode is the loss of the paper minus the last loss.
    - ``"relative"``: (L(t-1) - L(t)) / L(0). The sum is the score, 1 - L(end) / L(0).
    - ``"log"``: ln L(t-1) - ln L(t).

    Which of them keep what is best, and when each is right, ``rewards`` tells.

    ## Starting state
    The paper, white by default, and a target drawn evenly from those of ``target`` by the environment's own random numbers.
    ``reset(options={"target_index": i})`` takes target ``i``; ``reset(options={"target": picture})`` takes a picture
    in any form that ``target`` may have, of which the center square is scaled to ``size``.

    ## Episode end
    The episode terminates when the stroke budget is spent: after ``stroke_budget / strokes_per_step`` steps. It is
    never truncated but by ``max_episode_steps``: the budget is observed, so its end belongs to the task.

    ## Info
    | key | meaning |
    |---|---|
    | ``loss`` | float: L(t) |
    | ``score`` | float: 1 - L(t) / L(0), the part of the paper's loss that is gone |
    | ``focus`` | float32 (2,): x, y in pixels where the focus view looks, or (3,) with radians; only in that view |
    | ``stroke_index`` | int: strokes painted so far |
    | ``target_index`` | int: number of the target, -1 if it came with the options |
    | ``stroke`` | float32 (strokes_per_step, 12) in [0, 1]: what this step painted; not there after a reset |

    ## Rendering
    ``rgb_array``: (size, 2 * size, 3) uint8, the canvas with the target to its right, and where a focus view looks.

    ## Arguments
    | argument | default | meaning |
    |---|---|---|
    | ``target`` | ``"mnist"`` | pictures to paint: ``"shapes"``, ``"mnist"``, ``"paintings"``, ``"photographs"``, ``"bam"``, a folder, a picture (a file's path, its bytes or the open file, a PIL image, an (H, W, 3) uint8 array, a tensor), or a list of pictures |
    | ``painter`` | ``"gan"`` | name or ``.safetensors`` file of the neural painter, or a painter that is already loaded |
    | ``perceptual`` | ``"vgg19"`` | the loss: ``"vgg19"`` (relative distance of VGG19's features), ``"lite"`` (its small stand-in, which ships with the package), ``"vgg19-bf16"`` and ``"lite-bf16"`` (the same networks in bfloat16), ``"mse"`` (mean squared error of pixels), or a ``Loss`` that is already loaded |
    | ``reward`` | ``"negative_loss"`` | or ``"improvement"``, ``"relative"``, ``"log"`` |
    | ``view`` | ``"canvas"`` | or ``"focus"``, or a view with settings, such as ``{"name": "focus", "window": 16}`` |
    | ``paper`` | ``"white"`` | what is painted on: or ``"mean"``, the target's mean color, or red, green and blue in [0, 1] |
    | ``brush`` | None | the MyPaint brush that the painter learned, such as ``"deevad/chalk"``; by default the painter's own |
    | ``stroke_budget`` | 100 | strokes of an episode, a multiple of ``strokes_per_step`` |
    | ``strokes_per_step`` | 1 | strokes of one action |
    | ``size`` | 64 | side of canvas and target in pixels, 16 to 1024; the brush grows with it |
    | ``split`` | ``"train"`` | or ``"test"``: which part of MNIST, of the paintings or of BAM |
    | ``bam_filter`` | None | which of BAM's pictures, such as ``"media_oilpaint>=0.9 and content_people=positive"`` (see ``load_targets``); by default all that are not flagged as mature |
    | ``device`` | ``"cpu"`` | where painter and loss run |
    | ``render_mode`` | None | or ``"rgb_array"`` |

    Named or written as paths and numbers, all arguments are JSON, and so is the environment's ``spec``. Pictures in
    memory are copied and relative paths resolved when the environment is made; ``spec`` keeps paths as they were given.

    ``gymnasium.make("paintgym:paintgym/Painting-v0")`` imports the package too, in worker processes as well; without
    the part before the colon, ``import paintgym`` has to come first. Environments can be pickled and deep-copied in the
    midst of an episode, and go on alike. Forked processes begin with one thread of torch's: its others do not survive.

    Raises:
        InvalidInputError: an argument, action or option that cannot be used.
        MissingDataError: pictures or weights are not in the data folder (``PAINTGYM_DATA``).

    ## Version history
    - v0: the first.
    """  # noqa: E501

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012

    def __init__(
        self,
        target: TargetSource = "mnist",
        painter: str | Path | Painter = "gan",
        perceptual: str | Loss = "vgg19",
        reward: str = "negative_loss",
        stroke_budget: int = 100,
        strokes_per_step: int = 1,
        size: int = 64,
        split: Split = "train",
        bam_filter: str | None = None,
        device: str | torch.device = "cpu",
        render_mode: str | None = None,
        view: str | Mapping[str, Any] | View = "canvas",
        paper: Paper = "white",
        brush: str | None = None,
    ) -> None:
        size = check_whole("size", size, MINIMUM_SIZE, MAXIMUM_SIZE)
        if render_mode not in (None, "rgb_array"):
            raise InvalidInputError(f"render_mode is {render_mode!r}, expected None or 'rgb_array'")
        self.device = find_device(device)
        self.targets = load_targets(target, size, split=split, bam_filter=bam_filter)
        self.core = PaintingCore(
            make_painter(painter, self.device, brush),
            make_loss(perceptual, self.device) if isinstance(perceptual, str) else perceptual,
            reward=reward,
            stroke_budget=stroke_budget,
            strokes_per_step=strokes_per_step,
            view=view,
            paper=paper,
        )
        self.size = size
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (self.core.action_length,), np.float32)
        self.observation_space = spaces.Box(0, 255, self.core.observation_shape(size), np.uint8)
        self.state: PaintingState | None = None
        self._target_index = -1
        self._spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """How the environment was made, by ``gymnasium.make``; see the class about JSON."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = plain_spec(spec, self.targets)

    @plain_torch()
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """White paper before a target; see the class for the options."""
        super().reset(seed=check_seed(seed))
        self._target_index, picture = choose_target(self.targets, options or {}, self.np_random)
        with torch.no_grad():
            self.state = self.core.initial(to_tensor(picture, self.device))
        return self._observe(self.state), self._info(self.state)

    @plain_torch()
    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Paint one action's strokes.

        Raises:
            InvalidInputError: the action has another shape, or holds NaN or infinity.
            ResetNeeded: the environment was not reset, or the budget is spent.
        """
        previous = self._current()
        if bool(self.core.terminal(previous)):
            raise ResetNeeded("the stroke budget is spent; call reset() before the next step()")
        batch = torch.tensor(self._check_action(action)[None], device=self.device)
        with torch.no_grad():
            strokes = self.core.strokes(previous, batch)
            self.state = self.core.lay(previous, strokes)
            reward = float(self.core.reward(previous, self.state))
        info = {**self._info(self.state), "stroke": strokes[0].cpu().numpy()}
        return self._observe(self.state), reward, bool(self.core.terminal(self.state)), False, info

    def render(self) -> NDArray[np.uint8] | None:
        """The canvas with the target to its right, (size, 2 * size, 3) uint8; nothing without a render mode."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render mode: pass render_mode='rgb_array' to gymnasium.make")
            return None
        state = self._current()
        picture: NDArray[np.uint8] = render_state(state, self.core.view)[0]
        return picture

    def _current(self) -> PaintingState:
        if self.state is None:
            raise ResetNeeded("the environment has no canvas yet; call reset() first")
        return self.state

    def _check_action(self, action: Any) -> NDArray[np.float32]:
        array = check_actions(action, (self.core.action_length,))
        if not np.isfinite(array).all():
            raise InvalidInputError(
                f"number {int(np.argmin(np.isfinite(array)))} of the action is not finite; expected numbers in [-1, 1]"
            )
        return array

    def _observe(self, state: PaintingState) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = self.core.quantized_observation(state)[0].cpu().numpy()
        return pixels

    def _info(self, state: PaintingState) -> dict[str, Any]:
        focus = {} if state.focus is None else {"focus": state.focus[0].cpu().numpy().astype(np.float32)}
        return {
            "loss": float(state.loss),
            "score": float(self.core.score(state)),
            **focus,
            "stroke_index": int(state.stroke_budget - state.strokes_left),
            "target_index": self._target_index,
        }
