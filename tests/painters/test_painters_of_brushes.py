"""Painters of other brushes: one command trains them, one argument finds them, and everything paints with them."""

import json
import shutil
from pathlib import Path

import gymnasium
import numpy as np
import paintgym
import pytest
import torch
from paintgym.agents.outputs.painting_file import read_painting_file
from paintgym.agents.outputs.replay import Replay
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint import engine as mypaint
from paintgym.painters.mypaint.brushes import find_brush
from paintgym.painters.names import DEFAULT_BRUSH, brush_key, learned_brushes
from paintgym.painters.neural.stamp.painter import StampPainter
from paintgym.painters.registry import load_painter
from paintgym.painters.stroke_list import StrokeList
from paintgym.painters.windows import paint_list
from paintgym.scripts.main import main
from PIL import Image
from safetensors.torch import save_file

SHIPPED = [
    *("classic/calligraphy", "classic/charcoal", "classic/ink_blot", "classic/knife", "classic/textured_ink"),
    *("deevad/2B_pencil", "deevad/chalk", "deevad/rigger_brush", "ramon/100%_Opaque", "ramon/Marker"),
    *("tanda/acrylic-05-paint", "tanda/pencil-8b"),
]
BRIEF = ["--strokes", "200", "--held-out", "64", "--pretraining-steps", "4", "--adversarial-steps", "2"]
PICTURE = Path(paintgym.__file__).parent / "scripts" / "pictures" / "still_life.jpg"


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("PAINTGYM_DATA", str(folder))
    return folder


def test_twelve_brushes_are_shipped_and_their_cards_say_what_they_reach() -> None:
    folder = Path(paintgym.__file__).parent / "painters" / "neural" / "weights" / "brushes"
    assert [name for name in learned_brushes() if (folder / "gan" / f"{name}.json").is_file()] == SHIPPED
    sizes = 0
    for brush in SHIPPED:
        card = json.loads((folder / "gan" / f"{brush}.json").read_text())
        assert card["brush"] == brush
        assert card["fidelity"]["psnr"] > 35
        assert card["fidelity"]["detail_gap"] < 0.1
        assert card["fidelity"]["psnr"] > card["law"]["psnr"] - 0.5
        sizes += (folder / "gan" / f"{brush}.safetensors").stat().st_size
    assert sizes < 3_000_000


@pytest.mark.parametrize("brush", SHIPPED)
def test_a_shipped_painter_is_found_by_its_brush(brush: str) -> None:
    painter = load_painter("gan", brush=brush)
    assert (painter.name, painter.brush, painter.label) == ("gan", brush, f"gan {brush}")
    assert isinstance(painter, StampPainter)
    strokes = torch.rand(2, 12)
    assert painter(strokes).shape == (2, 1, 64, 64)
    # The proxy renderer is wide where the brush is.
    assert painter.ribbon != load_painter("gan").ribbon


@pytest.mark.slow
@pytest.mark.usefixtures("brush")
def test_one_command_trains_a_painter_of_a_file_of_ones_own_and_takes_it_up_again(
    tmp_path: Path, own_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.myb"
    path.write_bytes(find_brush("classic/pen").path.read_bytes())
    words = ["train-painter", "gan", "--brush", str(path), "--out", str(tmp_path / "run"), *BRIEF]
    assert main([*words, "--evaluate-every", "2"]) == 0
    kept = own_data / "painters" / "gan" / f"{brush_key(str(path))}.safetensors"
    printed = capsys.readouterr().out
    assert f"--brush {path} finds it" in printed
    first = kept.read_bytes()
    kept.unlink()
    assert main([*words, "--evaluate-every", "2"]) == 0
    assert "resuming at step 6" in capsys.readouterr().out
    assert kept.read_bytes() == first
    assert load_painter("gan", brush=str(path)).brush == str(path)
    assert brush_key(str(path)) in learned_brushes()
    assert load_painter("gan", brush=brush_key(str(path))).brush == str(path)
    path.write_bytes(find_brush("classic/charcoal").path.read_bytes())
    with pytest.raises(InvalidInputError, match="no gan painter learned the brush"):
        load_painter("gan", brush=str(path))


def test_a_brush_that_nobody_learned_is_one_line_with_the_command(own_data: Path) -> None:
    with pytest.raises(InvalidInputError, match="'paintgym train-painter gan --brush ramon/Pen' trains one"):
        load_painter("gan", brush="ramon/Pen")
    with pytest.raises(InvalidInputError, match="no vae painter learned the brush 'deevad/chalk'"):
        load_painter("vae", brush="deevad/chalk")
    with pytest.raises(InvalidInputError, match=r"there is no brush file .*missing.myb"):
        load_painter("gan", brush="missing.myb")
    with pytest.raises(InvalidInputError, match=r"no gan painter learned the brush 'classic/\.\./deevad"):
        load_painter("gan", brush="classic/../deevad/chalk")
    with pytest.raises(InvalidInputError, match="unknown painter 'gun'"):
        load_painter("gun", brush="deevad/chalk")


def test_a_file_and_a_brush_that_do_not_belong_together(tmp_path: Path) -> None:
    folder = Path(paintgym.__file__).parent / "painters" / "neural" / "weights" / "brushes" / "gan"
    path = tmp_path / "painter.safetensors"
    shutil.copy(folder / "deevad" / "chalk.safetensors", path)
    assert load_painter(path).brush == "deevad/chalk"
    assert load_painter(path, brush="deevad/chalk").brush == "deevad/chalk"
    with pytest.raises(InvalidInputError, match="learned the brush 'deevad/chalk', not 'ramon/Marker'"):
        load_painter(path, brush="ramon/Marker")
    with pytest.raises(InvalidInputError, match="but the painter that was given learned 'deevad/chalk'"):
        load_agent("policy", painter=load_painter(path), brush="ramon/Marker")


def test_the_environment_paints_with_a_brush_and_its_spec_says_so() -> None:
    env = gymnasium.make("paintgym/Painting-v0", target="shapes", perceptual="mse", brush="deevad/chalk")
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.core.painter.brush == "deevad/chalk"
    plain = gymnasium.make("paintgym/Painting-v0", target="shapes", perceptual="mse")
    seen = []
    for one in (env, again, plain):
        one.reset(seed=0)
        one.action_space.seed(1)
        seen.append(one.step(one.action_space.sample())[0])
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def test_a_painting_keeps_its_brushes_and_is_replayed_with_them(tmp_path: Path) -> None:
    agent = load_agent("policy", brush=["tanda/acrylic-05-paint", "deevad/chalk"])
    painting = agent.paint(PICTURE, 120, size=192)
    brushes = painting.stroke_list.brushes
    assert brushes == ("tanda/acrylic-05-paint", "deevad/chalk")
    sides = {brush: {*part.windows[:, 2].tolist()} for brush, part in painting.stroke_list.by_brush()}
    assert min(sides[brushes[0]]) > max(sides[brushes[1]])
    path = tmp_path / "painting.json"
    painting.save(path)
    read = read_painting_file(path)
    assert read.brushes == brushes
    assert np.array_equal(read.stroke_brushes, painting.stroke_list.stroke_brushes)
    painters = {brush: load_painter("gan", brush=brush) for brush in brushes}
    canvas = paint_list(read, painters)
    assert np.abs(canvas.permute(1, 2, 0).numpy() * 255 - painting.image).max() < 1.01


@pytest.mark.usefixtures("brush")
def test_mypaint_agrees_with_a_painting_by_other_brushes() -> None:
    painting = load_agent("policy", brush=["tanda/acrylic-05-paint", "deevad/chalk"]).paint(PICTURE, 300, size=256)
    real = Replay(painting.stroke_list).image
    error = np.mean((real.astype(float) - painting.image) ** 2)
    assert 10 * np.log10(255**2 / error) > 38
    np.testing.assert_allclose(mypaint.paint_list(painting.stroke_list) * 255, real, atol=1.01)
    # By another brush it is another picture.
    other = Replay(painting.stroke_list, DEFAULT_BRUSH).image
    assert np.mean((other.astype(float) - painting.image) ** 2) > 10 * error


def test_the_command_line_takes_brushes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "chalk.json"
    words = ["paint", str(PICTURE), "--agent", "policy", "--strokes", "20", "--out", str(out)]
    assert main([*words, "--brush", "deevad/chalk"]) == 0
    assert json.loads(out.read_text())["brushes"] == ["deevad/chalk"]
    assert main([*words, "--brush", "deevad/chalk,ramon/Marker"]) == 2
    assert "--brush names several, which need a size" in capsys.readouterr().err
    assert main([*words, "--brush", "ramon/Pen"]) == 2
    assert "--brush: no gan painter learned the brush 'ramon/Pen'" in capsys.readouterr().err


def test_neural_replay_takes_the_paintings_brush(tmp_path: Path) -> None:
    painting = load_agent("policy", brush="ramon/Marker").paint(PICTURE, 30)
    painting.save(tmp_path / "marker.json")
    words = ["replay", str(tmp_path / "marker.json"), "--engine", "neural", "--size", "64"]
    assert main([*words, "--out", str(tmp_path / "again.png")]) == 0
    again = np.asarray(Image.open(tmp_path / "again.png").convert("RGB")).astype(int)
    assert np.abs(again - painting.image).max() <= 1


def test_stroke_lists_whose_brushes_make_no_sense_are_refused() -> None:
    strokes, windows = np.zeros((2, 12), np.float32), np.full((2, 3), 64, np.float32)
    with pytest.raises(InvalidInputError, match="a painting has no brushes"):
        StrokeList(64, 64, strokes, windows, brushes=())
    with pytest.raises(InvalidInputError, match="the number of a brush, 0 to 0, for each of 2 strokes"):
        StrokeList(64, 64, strokes, windows, stroke_brushes=np.array([0, 1]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"brushes": []}, "brushes are expected to be a list of 1 to 64"),
        ({"brushes": [7]}, "brushes hold something other than names"),
        ({"stroke_brushes": [0, "1"]}, "stroke_brushes are expected to be a list"),
        ({"stroke_brushes": [0]}, "the number of a brush"),
    ],
)
def test_painting_files_with_bad_brushes_are_one_line(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    path = tmp_path / "painting.json"
    load_agent("random").paint(PICTURE, 2).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    with pytest.raises(InvalidInputError, match=message):
        read_painting_file(path)


@pytest.mark.parametrize(
    "options",
    [
        {"law": {"opaque": 5}, "dabs": 64},
        {"law": {"opaque": {"base": 1.0, "inputs": {"pressure": [[0.0]]}}}, "dabs": 64},
        {"law": {}, "dabs": -1},
        {"law": {}, "dabs": 10**14},
        {"law": [], "dabs": 64},
        {"dabs": 64},
    ],
)
def test_weights_with_a_law_that_is_none_are_refused_in_a_line(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / "painter.safetensors"
    description = {"architecture": "stamp", "options": options}
    save_file({"noise": torch.zeros(64, 4)}, path, metadata={"painter": json.dumps(description)})
    with pytest.raises(InvalidInputError, match="is not a painter file of this version") as refused:
        load_painter(path)
    assert "\n" not in str(refused.value)
