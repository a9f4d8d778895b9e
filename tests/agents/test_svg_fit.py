"""Fitting SVG's coats: they cover what an SVG's shapes cover, and fits lower the error."""

import json
from dataclasses import astuple

import pytest
import torch
from paintgym.agents.outputs.svg import COATS
from paintgym.agents.outputs.svg_fit import CoatInk, SvgFitConfig, fit_coats
from paintgym.errors import InvalidInputError
from paintgym.painters.registry import load_painter
from paintgym.scripts.main import main

pytestmark = pytest.mark.usefixtures("one_thread")


def test_coats_cover_a_band_as_wide_as_they_say() -> None:
    stroke = torch.tensor([[1.0, 0.5, 0.5, 0.5, 0.9, 0.5, 0, 0, 0, 0.1, 0.5, 1.0]])
    parameters = torch.tensor([[1.0, 1.25, 1e-6, 0.5, 1e-6]])
    # A radius of e pixels at a pressure of 0.8: e * (1 + 1.25 * 0.8) to each side.
    (coverage,) = CoatInk(stroke).coverage(parameters, torch.arange(1))
    assert coverage[:, 32].sum() == pytest.approx(0.5 * 2 * 2.718 * 2, abs=0.1)
    assert coverage.max() == pytest.approx(0.5)
    assert coverage[:26].max() == coverage[38:].max() == 0


def test_the_coats_in_use_leave_an_eighth_of_the_ink_unexplained() -> None:
    strokes = torch.rand(60, 12)
    coverage = load_painter("gan")(strokes)[:, 0]
    ink = CoatInk(strokes)
    both = ink.error(torch.tensor([astuple(coat) for coat in COATS]), coverage)
    assert both < 0.14 * float(coverage.square().mean())
    assert both < ink.error(torch.tensor([astuple(COATS[0])]), coverage)


@pytest.mark.slow
def test_a_fit_lowers_the_error_and_says_how_far_it_came() -> None:
    painted = [torch.rand(40, 12)]
    errors: list[float] = []
    config = SvgFitConfig(uniform_strokes=20, painted_strokes=10, steps=60, batch_size=30, learning_rate=0.1)
    fit = fit_coats(load_painter("gan"), painted, config, lambda step, error: errors.append(error))
    assert len(errors) == 60
    assert errors[-1] < 0.8 * errors[0]
    assert fit.error < fit.error_in_use < fit.empty
    assert fit.coats[0].base > fit.coats[1].base
    assert fit.distances()[0]["base"] == pytest.approx(fit.coats[0].base - COATS[0].base)


def test_a_setting_that_cannot_work_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="steps is 0"):
        fit_coats(load_painter("gan"), [], SvgFitConfig(steps=0))


@pytest.mark.slow
def test_the_command_prints_parameters_errors_and_distances(capsys) -> None:
    assert main(["fit", "proxy", "--steps", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in found["parameters"]] == [
        "log_width",
        "width_by_pressure",
        "log_density",
        "pressure_power",
    ]
    for row in found["parameters"]:
        assert row["apart"] == pytest.approx(row["fitted"] - row["in_use"])
    assert 0 < found["error_in_use"] < found["error"]
    assert main(["fit", "proxy", "--steps", "1"]) == 0
    assert "of those in use 0.00274" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["proxy", "--steps", "0"], ["svg", "--seed", "-1"], ["paper"], []])
def test_the_command_refuses_what_it_cannot_do_in_one_line(wrong, capsys) -> None:
    assert main(["fit", *wrong]) == 2
    assert capsys.readouterr().err.count("\n") == 1
