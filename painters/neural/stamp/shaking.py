"""A hand that shakes: ``tracking_noise``, after libmypaint 1.6's ``stroke_to``.

The pen is looked at again only when it has moved half as far as the noise reaches, and wherever it is looked at, two
normal numbers throw it aside. They come from the generator of the dabs' random numbers, so which ones they are depends
on how many dabs were laid before.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .law import BrushLaw

_NORMAL = 4
"""Uniform numbers in one of libmypaint's normal ones (``rand_gauss``): their sum, of mean 0 and deviation 1."""
_SCALE, _MEAN = 1.73205080757, 3.46410161514
_EVENT = 2 * _NORMAL
"""Uniform numbers that an event draws."""
_LEAST_WAY = 1e-3
"""Pixels to go that libmypaint takes for none."""
_PATIENCE = 50
"""Events in a row that may go unseen: with the next, five seconds are over, and the brush begins anew."""


class Shaking(NamedTuple):
    """At which of the pen's P events N shaking brushes look."""

    seen: Tensor
    """(N, P) bool."""
    anew: Tensor
    """(N, P) bool: where the brush begins anew, the first one and those that came too late."""
    waited: Tensor
    """(N, P) events since the last one that was seen; 0 for unseen ones."""

    @property
    def laying(self) -> Tensor:
        """(N, P - 1) bool: whether dabs are laid on stretches: not unseen, nor to where the brush begins anew."""
        return (self.seen & ~self.anew)[:, 1:]

    def kernel(self, steps: float) -> Tensor:
        """(N, P, P) matrix of slow tracking, by so many time constants an event, from where the pen is to its path."""
        passed = self.waited * steps
        total = passed.cumsum(1)
        left = torch.exp((total[:, None] - total[:, :, None]).clamp(max=0.0)).tril()
        return left * -torch.expm1(-passed)[:, None]


def latest(marked: Tensor) -> Tensor:
    """(N, P) number of the last event up to each that is marked; the first event where there is none.

    Examples:
        >>> latest(torch.tensor([[True, False, True, False]]))
        tensor([[0, 0, 2, 2]])
    """
    number = torch.arange(marked.shape[1], device=marked.device)
    return torch.where(marked, number, 0).cummax(1).values


@torch.no_grad()
def look(points: Tensor, reach: Tensor) -> Shaking:
    """At which events brushes look.

    Args:
        points: (N, P, 2) where the pen truly is.
        reach: (N,) of the noise, pixels.
    """
    far = points.diff(dim=1).square().sum(-1).sqrt()
    to_go, waited = torch.zeros_like(reach), torch.zeros_like(reach)
    seen, anew, since = [], [], []
    for event in range(points.shape[1]):
        to_go = to_go - far[:, event - 1] * (to_go > _LEAST_WAY) if event else to_go
        waited = waited + 1
        late = waited > _PATIENCE
        looks = (to_go <= _LEAST_WAY) | late
        begins = late if event else torch.ones_like(late)
        seen.append(looks)
        anew.append(begins)
        since.append(torch.where(looks, waited, 0.0))
        to_go = torch.where(looks, torch.where(begins, 0.0, reach / 2), to_go)
        waited = torch.where(looks, 0.0, waited)
    return Shaking(torch.stack(seen, 1), torch.stack(anew, 1), torch.stack(since, 1))


def numbers_of_a_dab(law: BrushLaw) -> int:
    """How many uniform numbers a dab draws: normal ones for its place and size, and the next one's input ``random``."""
    return 1 + _NORMAL * (2 * law["offset_by_random"].matters + law["radius_by_random"].matters)


def whole_dabs(count: Tensor, shaking: Shaking) -> Tensor:
    """Dabs (N, P) that were laid up to events: where the brush begins anew, what was begun of one is lost."""
    events = count.shape[1]
    number, times = torch.arange(events, device=count.device), shaking.anew.cumsum(1)
    for again in range(1, 1 + events // _PATIENCE):
        begins = (times > again).to(torch.int8)
        at, ever = begins.argmax(1, keepdim=True), begins[:, -1:] > 0
        laid = count.detach().gather(1, at)
        whole = laid.floor()
        cut = torch.where(number <= at, torch.minimum(count, whole), count - (laid - whole))
        count = torch.where(ever, cut, count)
    return count


def tremor(stream: Tensor, shaking: Shaking, dabs: Tensor, law: BrushLaw) -> Tensor:
    """Normal numbers (N, P, 2) that throw the pen aside at events.

    Args:
        stream: uniform numbers of the brush's generator, from its first.
        shaking: at which events the brushes look.
        dabs: (N, P) laid up to events.
        law: of the brush.
    """
    looks, begins = shaking.seen.cumsum(1), shaking.anew.cumsum(1)
    laid = torch.nn.functional.pad(dabs.floor().long()[:, :-1], (1, 0))
    drawn = _EVENT * (looks - 1) + begins - shaking.anew.long() + numbers_of_a_dab(law) * laid
    return torch.stack([_normal(stream, drawn), _normal(stream, drawn + _NORMAL)], -1)


def chances(
    stream: Tensor, shaking: Shaking, law: BrushLaw, stroke: Tensor, left: Tensor, before: Tensor, number: Tensor
) -> Tensor:
    """Random numbers (4, M) of dabs: of x and y, of the radius, and the input ``random``.

    Args:
        stream: uniform numbers of the brush's generator, from its first.
        shaking: at which events N brushes look.
        law: of the brush.
        stroke: (M,) whose dabs they are.
        left: (M,) the event before each.
        before: (M,) the event before the dab before; -1 for a stroke's first.
        number: (M,) of the dab in its stroke.
    """
    looks, begins, began = shaking.seen.cumsum(1), shaking.anew.cumsum(1), latest(shaking.anew)
    own = numbers_of_a_dab(law) * number

    def drawn(event: Tensor) -> Tensor:
        return _EVENT * looks[stroke, event] + begins[stroke, event] + own

    at = drawn(left + 1)
    uniform = stream[(drawn(torch.maximum(before + 1, began[stroke, left + 1])) - 1).clamp(max=len(stream) - 1)]
    offset = law["offset_by_random"].matters
    x, y = (_normal(stream, at + first) for first in (0, _NORMAL))
    return torch.stack([x, y, _normal(stream, at + _EVENT * offset), uniform])


def _normal(stream: Tensor, first: Tensor) -> Tensor:
    sums = stream.unfold(0, _NORMAL, 1).sum(-1) * _SCALE - _MEAN
    return sums[first.clamp(max=len(sums) - 1)]
