"""Settings of the searches for strokes that learn nothing. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RefineConfig:
    """How picked strokes are moved down the gradient of the proxy renderer before they are composited (``refine``).

    Steps are Adam's (Kingma and Ba, 2015), shorter and shorter; the first are in proportion to a stroke's size.
    """

    steps: int = 6
    """Steps of all strokes of a decision together; 0 leaves them as they were proposed."""
    position_step: float = 0.45
    """How far the first step moves a point, in radii of the stroke: shorter, and small strokes stay beside the error;
    longer, and they are lost."""
    size_step: float = 0.06
    """The same of the brush size, in its own units of 0 to 1."""
    pressure_step: float = 0.06
    """The same of both pressures, in their own units of 0 to 1."""
    color_step: float = 0.04
    """The same of each color channel, in its own units of 0 to 1."""
    mean_decay: float = 0.3
    """Adam's beta 1. Six steps have no time for the usual 0.9."""
    square_decay: float = 0.8
    """Adam's beta 2, likewise."""
    least_gradient: float = 1e-3
    """Gradients count as no less than this: rounding errors would be magnified to whole steps."""
    least_part: float = 0.03
    """Nor as less than this part of the stroke's largest gradient, for the same reason."""
    margin: float = 0.001
    """Numbers of a stroke stay this far from 0 and 1."""


@dataclass(frozen=True)
class ProposalConfig:
    """How random strokes are drawn where the error is, along the picture's edges (``proposals``)."""

    candidates: int = 16
    """Strokes that are drawn for each that is picked."""
    error_blur: float = 2.0
    """Standard deviation, in pixels, of the blur of the error map that middles are drawn from."""
    edge_scale: float = 1.0
    """Standard deviation, in pixels, of the blur before gradients are taken (Bigun and Granlund, 1987)."""
    tensor_scale: float = 1.5
    """Standard deviation, in pixels, of the blur of the structure tensor."""
    shortest: float = 0.5
    """Half the length of the shortest strokes, in radii of the brush."""
    longest: float = 4.0
    """Half the length of the longest, likewise."""
    least_pressure: float = 0.5
    """Pressures are drawn from here to 1: fainter strokes seldom gain."""
    length_exponent: float = 1.5
    """Lengths between are uniform numbers to this power: the higher, the more strokes are short."""
    wobble: float = 0.3
    """Standard deviation, in radians, of a stroke's direction about the edge's."""
    bend: float = 0.25
    """Standard deviation of how far the middle lies beside the straight line, in parts of half the length."""
    margin: float = 0.01
    """Numbers of a stroke stay this far from 0 and 1."""
    render_size: int = 4096
    """Candidates whose ink is drawn at once: on a GPU each takes 0.7 MB while it is, as its dabs are not counted."""


@dataclass(frozen=True)
class StackConfig:
    """Adam (Kingma and Ba, 2015) on the logits of strokes that come and go (``stroke_stack``)."""

    mean_decay: float = 0.9
    """Adam's beta 1."""
    square_decay: float = 0.99
    """Adam's beta 2: shorter than the usual 0.999, for a few hundred steps."""
    margin: float = 0.0025
    """Strokes keep this far from 0 and 1, where the logit ends."""


@dataclass(frozen=True)
class OptimizerConfig:
    """How the gradient agent goes about a painting: parts of the work, in [0, 1], and what is done in them."""

    pixel_weight: float = 20.0
    """Of the squared error beside a perceptual loss: a canvas that is off by 0.05 everywhere adds 0.05."""
    grown: float = 0.2
    """Until this part of the work, strokes are added."""
    sketched: float = 0.5
    """From this part on, a perceptual loss takes over from the squared error."""
    settled: float = 0.75
    """Until this part, useless strokes are laid elsewhere, under the squared error."""
    waves: int = 5
    """Strokes are added in so many equal waves."""
    color_every: int = 5
    """Iterations between two solutions of the colors in closed form."""
    color_rounds: int = 20
    """Rounds of such a solution; each costs strokes squared."""
    color_ridge: float = 1e-3
    """How much the solution is drawn to the present colors: those of hidden strokes stay where they are."""
    replace_every: int = 10
    """Iterations between two replacements of useless strokes."""
    replaced_part: float = 0.06
    """The part of all strokes that is tried for replacement."""
    batch_size: int = 256
    """Strokes that one step moves: bounds memory, which 640 dabs a stroke and their gradients fill fast."""
    stroke_steps: int = 50_000
    """By default, iterations times strokes, between the next two."""
    fewest_iterations: int = 250
    """Of a painting, by default."""
    most_iterations: int = 800
    """Of a painting, by default."""
    window_iterations: int = 100
    """By default, in each window of a large painting, of which there are hundreds."""
    together: int = 256
    """Strokes of pictures, or of windows, that are optimized side by side on a CPU, whose caches more would leave."""
    together_on_gpu: int = 4096
    """The same on a GPU: bounds memory, of which a stroke takes about 1 MB while its ink is drawn, as its dabs are not
    counted there."""
    report_every: int = 10
    """Iterations between two reports from a GPU, which is waited for then; a CPU tells of each."""
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    """How the random strokes are drawn that the best are picked from."""
    stack: StackConfig = field(default_factory=StackConfig)
    """Adam's settings."""
