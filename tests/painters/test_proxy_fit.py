"""Fits find the parameters that ink was made with, and come near those in use."""

import pytest
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.registry import load_painter
from paintgym.painters.ribbon import ProxyParameters
from paintgym.painters.training.proxy_fit import ProxyFitConfig, fit_proxy, fit_strokes

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_fit_finds_the_parameters_of_another_proxy() -> None:
    wanted = ProxyParameters(log_width=-0.4, width_by_pressure=0.3, log_density=0.9, pressure_power=0.8)
    config = ProxyFitConfig(strokes=400, steps=150, batch_size=50, learning_rate=0.1)
    fit = fit_proxy(ProxyPainter(wanted), config)
    assert fit.error < 1e-5 < fit.error_in_use < fit.empty
    assert fit.parameters.log_width == pytest.approx(-0.4, abs=0.05)
    assert fit.parameters.width_by_pressure == pytest.approx(0.3, abs=0.1)
    assert fit.distances()["log_width"] == pytest.approx(fit.parameters.log_width + 0.757)


def test_a_short_fit_to_the_gan_painter_comes_near_the_parameters_in_use() -> None:
    steps: list[int] = []
    config = ProxyFitConfig(strokes=300, batch_size=60)
    fit = fit_proxy(load_painter("gan"), config, lambda step, error: steps.append(step))
    assert steps == list(range(1, config.steps + 1))
    assert all(abs(apart) < 0.4 for apart in fit.distances().values())
    assert fit.error < 1.05 * fit.error_in_use < 0.2 * fit.empty


def test_the_same_seed_fits_the_same_and_another_does_not() -> None:
    first, again, other = (
        fit_proxy(load_painter("gan"), ProxyFitConfig(strokes=40, steps=3, batch_size=10, seed=seed))
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_every_second_stroke_is_short_and_all_are_strokes() -> None:
    strokes = fit_strokes(ProxyFitConfig(strokes=200, short=0.1))
    assert ((strokes >= 0) & (strokes <= 1)).all()
    reach = (strokes[:, 9:11] - strokes[:, 2:4]).abs().amax(1)
    assert reach[1::2].max() < 0.101
    assert reach[::2].max() > 0.5


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("strokes", 0), ("batch_size", 1.5), ("short", 0.0)])
def test_settings_that_cannot_work_are_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInputError, match=name):
        fit_proxy(load_painter("gan"), ProxyFitConfig(**{name: value}))
