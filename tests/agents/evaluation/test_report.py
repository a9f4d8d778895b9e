"""The report of a comparison: its statistics are right, its words and its page say what its JSON says."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from paintgym.agents.evaluation.report.findings import best_method, findings, format_figure
from paintgym.agents.evaluation.report.page import make_page
from paintgym.agents.evaluation.report.pictures import choose_examples, contact_sheet
from paintgym.agents.evaluation.report.statistics import bootstrap_interval, summarize
from paintgym.agents.evaluation.report.summary import make_summary
from paintgym.agents.evaluation.trials import Trial

SETTINGS = {
    "agents": [{"agent": "gradient", "painter": "gan"}, {"agent": "gradient", "painter": "vae"}],
    "sources": {"here": {"pictures": 6, "strokes": [5, 20], "fingerprint": "0"}},
    "seed": 0,
    "threads": 1,
}


def trial(picture: str, painter: str, mse: float, strokes: int = 5, replayed: float | None = None) -> Trial:
    image = np.zeros((64, 64, 3), np.uint8)
    replay = 2 * mse if replayed is None else replayed
    return Trial(
        agent="gradient",
        painter=painter,
        source="here",
        picture=picture,
        strokes=strokes,
        seed=0,
        minimized="mse",
        figures={"mse": mse, "replay mse": replay, "replay psnr": 30 - 10 * mse, "seconds": 2.0},
        curve={"strokes": [0, strokes], "mse": [1.0, mse]},
        history=[(0.5, 1.0), (1.0, 3 * mse), (2.0, mse)],
        target=image + 200,
        image=image,
        replay=image + 100,
    )


@pytest.fixture
def trials() -> list[Trial]:
    noise = np.random.default_rng(0).normal(0, 0.05, (6, 2))
    return [
        trial(f"<picture {number}>", painter, 0.2 + 0.1 * index + noise[number, index] + number / 10, strokes)
        for number in range(6)
        for strokes in (5, 20)
        for index, painter in enumerate(("gan", "vae"))
    ]


def summary_of(trials: list[Trial]) -> dict:
    summary = make_summary(trials, SETTINGS)
    summary["findings"] = findings(summary)
    return json.loads(json.dumps(summary))


def test_a_spread_is_that_of_known_numbers() -> None:
    summed = summarize([0.1, 0.2, 0.3, 0.4, 1.0])
    assert (summed.pictures, summed.mean, summed.median) == pytest.approx((5, 0.4, 0.3))
    assert (summed.lower_quartile, summed.upper_quartile) == pytest.approx((0.2, 0.4))
    assert summed.low < summed.mean < summed.high


def test_an_interval_is_as_wide_as_the_standard_error_says() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)
    low, high = bootstrap_interval(values.tolist())
    error = values.std() / np.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.1 * error)
    assert bootstrap_interval([3.0] * 7) == (3.0, 3.0)


def test_differences_are_paired_so_that_hard_pictures_do_not_blur_them() -> None:
    trials = [trial(str(n), painter, n + add) for n in range(6) for painter, add in (("gan", 0.0), ("vae", 0.25))]
    summary = summary_of(trials)
    (difference,) = [row for row in summary["differences"] if row["figure"] == "mse"]
    assert (difference["first"], difference["second"], difference["first_better"]) == ("gan", "vae", 1.0)
    assert (difference["mean"], difference["low"], difference["high"]) == pytest.approx((0.25, 0.25, 0.25))
    first, second = [row for row in summary["summaries"] if row["figure"] == "mse"]
    assert first["high"] > second["low"]
    assert best_method(summary, "here", 5, "mse") == ("gan", True)


def test_nobody_is_called_surely_best_when_the_interval_holds_0_or_pictures_are_few() -> None:
    draw = [trial(str(n), p, 1 + (n % 2) * s) for n in range(8) for p, s in (("gan", 0.5), ("vae", 0.4999))]
    few = [trial(str(n), painter, mse) for n in range(4) for painter, mse in (("gan", 2.0), ("vae", 1.0))]
    swing = [trial(str(n), p, 1 + s * (-1) ** n) for n in range(8) for p, s in (("gan", 0.5), ("vae", -0.4))]
    assert best_method(summary_of(few), "here", 5, "mse") == ("vae", False)
    assert best_method(summary_of(swing), "here", 5, "mse")[1] is False
    assert best_method(summary_of(draw), "here", 5, "mse")[0] == "vae"


def test_higher_psnr_is_better_and_lower_error_is() -> None:
    summary = summary_of([trial(str(n), p, e) for n in range(6) for p, e in (("gan", 1.0), ("vae", 0.5))])
    assert best_method(summary, "here", 5, "replay psnr") == ("vae", True)
    assert best_method(summary, "here", 5, "mse") == ("vae", True)


def test_the_findings_name_the_best_of_each_canvas_and_the_gap() -> None:
    pairs = (("gan", 0.5, 0.6), ("vae", 0.4, 0.9))
    trials = [trial(str(n), painter, mse, replayed=replayed) for n in range(6) for painter, mse, replayed in pairs]
    neural, replay, both, gap, seconds = findings(make_summary(trials, SETTINGS))
    assert neural["statement"] == "By MSE on the neural canvas, vae is surely best for here at 5 strokes."
    assert "gan is surely best for here at 5 strokes" in replay["statement"]
    assert replay["details"] == ["here, 5 strokes: gan 0.60000, vae 0.90000 (+0.30000, 0.30000 to 0.30000)"]
    assert both["details"] == [
        "here, 5 strokes: gan 0.50000 neural, 0.60000 replayed; vae 0.40000 neural, 0.90000 replayed"
    ]
    assert gap["details"] == ["here, 5 strokes: gan 25.00 (25.00 to 25.00), vae 26.00 (26.00 to 26.00)"]
    assert seconds["details"] == ["here, 5 strokes: gan 2.00 (2.00 to 2.00), vae 2.00 (2.00 to 2.00)"]


def test_curves_and_loss_histories_are_means_over_the_pictures() -> None:
    summary = summary_of([trial(str(n), "gan", mse) for n, mse in enumerate((0.1, 0.3))])
    (curve,) = summary["curves"]
    assert [(point["strokes"], point["mean"]) for point in curve["points"]] == [(0, 1.0), (5, pytest.approx(0.2))]
    (history,) = summary["histories"]
    assert (history["points"][0]["seconds"], history["points"][0]["mean"]) == pytest.approx((0.5, 1.0))
    assert (history["points"][-1]["seconds"], history["points"][-1]["mean"]) == pytest.approx((2.0, 0.2))


class PageReader(HTMLParser):
    """Collects tables of cells, the values of ``data`` elements with their text, and everything that is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.values: dict[str, list[tuple[float, str]]] = {}
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self._table = ""
        self._value: str | None = None

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        self.tags.add(tag)
        self.sources += [given[name] for name in ("src", "href", "xlink:href") if name in given]
        if tag == "table":
            self._table = given["class"]
            self.tables[self._table] = self.tables.get(self._table, [])
            self.values[self._table] = self.values.get(self._table, [])
        if tag == "tr":
            self.tables[self._table].append([])
        if tag in ("td", "th"):
            self.tables[self._table][-1].append("")
        if tag == "data":
            self._value = given["value"]

    def handle_data(self, text: str) -> None:
        if self._table and self.tables[self._table] and self.tables[self._table][-1]:
            self.tables[self._table][-1][-1] += text.strip()
        if self._value is not None:
            self.values[self._table].append((float(self._value), text))
            self._value = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = ""


def test_the_numbers_of_the_page_are_those_of_the_json(trials: list[Trial]) -> None:
    summary = summary_of(trials)
    reader = PageReader()
    reader.feed(make_page(summary, trials))
    keys = ("mean", "low", "high", "median", "lower_quartile", "upper_quartile")
    expected = [
        (row[key], format_figure(summary, row["figure"], row[key])) for row in summary["summaries"] for key in keys
    ]
    assert reader.values["summaries"] == expected
    rows = [[row["source"], str(row["strokes"]), row["figure"], row["method"]] for row in summary["summaries"]]
    assert [row[:4] for row in reader.tables["summaries"][1:]] == rows
    differences = [(row[key], row["figure"]) for row in summary["differences"] for key in ("mean", "low", "high")]
    shown = [pair for pair in reader.values["differences"] if not pair[1].endswith("%")]
    assert shown == [(value, format_figure(summary, figure, value)) for value, figure in differences]
    means = {(row["strokes"], row["method"], row["figure"]): row["mean"] for row in summary["summaries"]}
    ordered = [
        means[strokes, name, figure["name"]]
        for strokes in (5, 20)
        for name in ("gan", "vae")
        for figure in summary["figures"]
    ]
    assert [value for value, _ in reader.values["means"]] == ordered


def test_the_page_needs_nothing_else_and_trusts_no_name(trials: list[Trial]) -> None:
    page = make_page(summary_of(trials), trials)
    reader = PageReader()
    reader.feed(page)
    assert reader.sources
    assert all(source.startswith("data:image/png;base64,") for source in reader.sources)
    assert not reader.tags & {"script", "link", "iframe", "object", "embed", "picture"}
    assert "http" not in page
    assert "url(" not in page
    assert "&lt;picture 0&gt;" in page


def test_examples_are_spread_evenly_and_come_with_all_budgets(trials: list[Trial]) -> None:
    examples = choose_examples(trials, 3)
    assert [(example.picture, example.strokes) for example in examples] == [
        (f"<picture {number}>", strokes) for number in (0, 2, 4) for strokes in (5, 20)
    ]
    assert all([trial.painter for trial in example.trials] == ["gan", "vae"] for example in examples)


def test_the_sheet_has_a_row_an_example_and_beside_the_target_two_columns_a_method(trials: list[Trial]) -> None:
    alone = contact_sheet(trials[:1], ["gan"])
    both = contact_sheet(trials[:4], ["gan", "vae"])
    assert both.width - alone.width == 2 * (3 * 64 + 6)
    assert both.height - alone.height == 3 * 64 + 6 + 20
    pixels = np.asarray(alone)
    for value in (200, 0, 100):
        assert (pixels == value).all(2).sum() > 190 * 190
