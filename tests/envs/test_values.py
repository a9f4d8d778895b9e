"""Whatever stands for a value is taken, or refused with its true cause: numbers, pictures, actions, devices, seeds."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from helpers.small_vector import ID, disc_painter
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from paintgym.checks import check_whole
from paintgym.envs.inputs import check_actions
from paintgym.envs.losses.registry import make_loss
from paintgym.errors import InvalidInputError
from paintgym.painters.registry import load_painter
from PIL import Image

pytestmark = pytest.mark.usefixtures("one_thread")

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
BASE: dict[str, Any] = {"target": PICTURE, "painter": disc_painter, "perceptual": "mse", "stroke_budget": 4, "size": 16}

WHOLE = [
    int,
    np.int64,
    np.int32,
    np.uint8,
    np.array,
    torch.tensor,
    lambda number: torch.tensor(number, dtype=torch.int16),
    lambda number: np.array(number, np.uint16),
]


def without_a_gpu(call: Callable[[], object]) -> str:
    if torch.cuda.is_available():
        pytest.skip("torch finds a GPU here")
    with pytest.raises(InvalidInputError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("whole", WHOLE)
def test_whole_numbers_of_every_library_make_the_same_environment(whole: Callable[[int], Any]) -> None:
    numbers = {"stroke_budget": 6, "strokes_per_step": 2, "size": 24}
    plain = gymnasium.make(ID, **{**BASE, "target": "photographs", "painter": "gan", **numbers})
    other = gymnasium.make(
        ID, **{**BASE, "target": "photographs", "painter": "gan"} | {name: whole(n) for name, n in numbers.items()}
    )
    assert other.spec.to_json() == plain.spec.to_json()
    assert json.loads(other.spec.to_json())["kwargs"]["stroke_budget"] == 6
    assert type(other.unwrapped.core.stroke_budget) is type(other.unwrapped.size) is int
    assert data_equivalence(plain.reset(seed=3), other.reset(seed=whole(3)))
    index = {"target_index": whole(2)}
    assert data_equivalence(plain.reset(options={"target_index": 2}), other.reset(options=index))
    assert type(other.reset(options=index)[1]["target_index"]) is int


@pytest.mark.parametrize("whole", WHOLE)
def test_whole_numbers_of_every_library_make_the_same_vector_environment(whole: Callable[[int], Any]) -> None:
    plain = gymnasium.make_vec(ID, num_envs=3, **{**BASE, "target": [PICTURE, PICTURE // 2]})
    other = gymnasium.make_vec(ID, num_envs=whole(3), **{**BASE, "target": [PICTURE, PICTURE // 2]})
    assert type(other.num_envs) is int
    assert type(other.spec.kwargs["num_envs"]) is int
    assert data_equivalence(plain.reset(seed=5), other.reset(seed=whole(5)))
    assert plain.np_random_seed == other.np_random_seed == (5, 6, 7)
    seeds = [whole(1), None, whole(4)]
    assert data_equivalence(plain.reset(seed=[1, None, 4]), other.reset(seed=seeds))
    chosen = {"target_index": [whole(1), whole(0), whole(1)]}
    assert other.reset(options=chosen)[1]["target_index"].tolist() == [1, 0, 1]


@pytest.mark.parametrize("seeds", [np.array([4, 2]), torch.tensor([4, 2]), (4, np.int64(2))])
def test_one_seed_for_each_environment_may_be_an_array(seeds: Any) -> None:
    env = gymnasium.make_vec(ID, num_envs=2, **BASE)
    env.reset(seed=seeds)
    assert env.np_random_seed == (4, 2)


@pytest.mark.parametrize(
    "value", [True, np.True_, torch.tensor(True), 8.0, np.float64(8), "8", None, [8], np.array([8]), torch.tensor([8])]
)
@pytest.mark.parametrize("name", ["size", "stroke_budget", "strokes_per_step", "num_envs"])
def test_what_is_no_whole_number_is_refused_in_one_line_that_names_it(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"^{name} is .*expected a whole number") as caught:
        gymnasium.make_vec(ID, **{"num_envs": 2, **BASE, name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True, np.float32(1)])
def test_seeds_that_cannot_be_are_refused_by_both_environments(seed: Any) -> None:
    for env in (gymnasium.make(ID, **BASE), gymnasium.make_vec(ID, num_envs=2, **BASE)):
        with pytest.raises(InvalidInputError, match=r"^seed is "):
            env.reset(seed=seed)


@given(number=st.integers(0, 10**6), kind=st.sampled_from([int, np.int64, np.uint32, np.array, torch.tensor]))
def test_a_whole_number_becomes_pythons_own(number: int, kind: Callable[[int], Any]) -> None:
    checked = check_whole("number", kind(number), 0)
    assert checked == number
    assert type(checked) is int


def encoded(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


FORMS: dict[str, Callable[[Path], Any]] = {
    "array": lambda path: PICTURE,
    "image": lambda path: Image.fromarray(PICTURE),
    "tensor": lambda path: torch.tensor(PICTURE),
    "tensor, channels first": lambda path: torch.tensor(PICTURE).permute(2, 0, 1),
    "tensor of floats with a gradient": lambda path: (torch.tensor(PICTURE).float() / 255).requires_grad_(),
    "path": lambda path: path,
    "text": lambda path: str(path),
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "open file": lambda path: path.open("rb"),
    "file in memory": lambda path: io.BytesIO(path.read_bytes()),
    "not contiguous": lambda path: np.asfortranarray(PICTURE),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_is_taken_in_every_form_wherever_one_is_taken(form: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(PICTURE))
    plain = gymnasium.make(ID, **BASE).reset(seed=0)[0]
    env = gymnasium.make(ID, **{**BASE, "target": FORMS[form](path)})
    assert np.array_equal(env.reset(seed=0)[0], plain)
    listed = gymnasium.make(ID, **{**BASE, "target": (FORMS[form](path), FORMS[form](path))})
    assert np.array_equal(listed.reset(seed=0)[0], plain)
    assert np.array_equal(env.reset(options={"target": FORMS[form](path)})[0], plain)
    many = gymnasium.make_vec(ID, num_envs=2, **BASE)
    assert np.array_equal(many.reset(options={"target": FORMS[form](path)})[0][1], plain)
    assert np.array_equal(many.reset(options={"target": [FORMS[form](path), None]})[0][0], plain)
    again = gymnasium.make(env.spec)  # an open file is read by now, a buffer may be written anew
    assert np.array_equal(again.reset(seed=0)[0], plain)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (7, "the target is a int"),
        (None, "the target is a NoneType"),
        ([PICTURE.tolist()], "the picture is a list"),
        ([], "the list of targets is empty"),
        (b"...", "not a picture"),
        (np.zeros((2, 9, 9, 3), np.uint8), r"array of shape \(2, 9, 9, 3\)"),
        (np.zeros((9, 9, 3)), "float64 array"),
        (torch.full((3, 9, 9), 200.0), r"expected numbers in \[0, 1\]"),
        (["no/such/picture.png"], "not an existing file"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_cause(target: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        gymnasium.make(ID, **{**BASE, "target": target})
    assert "\n" not in str(caught.value)


ACTION = np.linspace(-0.9, 0.9, 12, dtype=np.float32)


@pytest.mark.parametrize(
    "action",
    [
        ACTION.tolist(),
        tuple(ACTION.tolist()),
        ACTION.astype(np.float64),
        torch.tensor(ACTION),
        torch.tensor(ACTION, requires_grad=True),
        torch.nn.Parameter(torch.tensor(ACTION)) * 1,
        torch.tensor(ACTION).double(),
        list(torch.tensor(ACTION)),
    ],
)
def test_actions_are_taken_as_lists_and_tensors_too(action: Any) -> None:
    env = gymnasium.make(ID, **BASE)
    env.reset(seed=0)
    expected = env.step(ACTION)
    env.reset(seed=0)
    assert data_equivalence(env.step(action), expected)
    many = gymnasium.make_vec(ID, num_envs=2, **BASE)
    many.reset(seed=0)
    batch = torch.stack([action, action]) if isinstance(action, torch.Tensor) else [action, action]
    assert np.array_equal(many.step(batch)[0][0], expected[0])


def test_half_precision_and_whole_numbers_are_actions_too() -> None:
    halves = torch.tensor(ACTION, dtype=torch.bfloat16)
    assert check_actions(halves, (12,)).tolist() == halves.float().tolist()
    assert check_actions(torch.ones(12, dtype=torch.int64), (12,)).dtype == np.float32


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (["1"] * 12, "the action is a list, expected float32 numbers"),
        (np.ones(12, bool), "the action is an array of bool"),
        (np.ones(12, complex), "the action is an array of complex128"),
        (None, "the action is a NoneType"),
        ([[1.0], [1.0, 2.0]], "the action is a list"),
        (np.ones(48), "it holds 4 strokes, and the environment paints 1 a step.*strokes_per_step=4"),
        (torch.ones(24), "it holds 2 strokes, and the environment paints 1"),
        (np.ones((1, 12)), r"shape \(1, 12\), expected \(12,\)$"),
        (np.full(12, 1e300), "number 0 of the action is not finite"),
    ],
)
def test_actions_that_are_none_are_refused_with_the_cause(action: Any, message: str) -> None:
    env = gymnasium.make(ID, **BASE)
    env.reset(seed=0)
    with pytest.raises(InvalidInputError, match=message) as caught:
        env.step(action)
    assert "\n" not in str(caught.value)


@given(
    hypothesis_numpy.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int32, np.uint8, np.complex64, np.bool_, object]),
        hypothesis_numpy.array_shapes(max_dims=3, max_side=25),
    )
)
def test_any_array_is_an_action_or_refused_in_one_line(array: np.ndarray) -> None:
    try:
        checked = check_actions(array, (12,))
    except InvalidInputError as error:
        message = str(error)
        assert "\n" not in message
    else:
        assert checked.shape == (12,)
        assert checked.dtype == np.float32


def test_cuda_without_a_gpu_is_one_line_everywhere() -> None:
    for call in (
        lambda: gymnasium.make(ID, **BASE, device="cuda"),
        lambda: gymnasium.make_vec(ID, num_envs=2, **BASE, device=torch.device("cuda")),
        lambda: load_painter("gan", "cuda"),
        lambda: make_loss("mse", "cuda"),
        lambda: make_loss("lite", "cuda:0"),
    ):
        assert "torch finds no GPU" in without_a_gpu(call)


def test_an_unknown_device_is_called_unknown() -> None:
    with pytest.raises(InvalidInputError, match="torch knows none of that name"):
        gymnasium.make(ID, **BASE, device="gpu")


@pytest.mark.slow
def test_the_id_imports_the_package_when_it_is_named_before_a_colon() -> None:
    code = (
        "import gymnasium, numpy; picture = numpy.zeros((16, 16, 3), 'uint8'); "
        "arguments = dict(target=picture, perceptual='mse', size=16); "
        "print(gymnasium.make('paintgym:paintgym/Painting-v0', **arguments).reset(seed=0)[0].shape); "
        "print(gymnasium.make_vec('paintgym:paintgym/Painting-v0', num_envs=2, **arguments).reset(seed=0)[0].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split("\n")[:2] == ["(7, 16, 16)", "(2, 7, 16, 16)"]
