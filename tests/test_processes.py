"""Processes that meet: what they agree on is what one would find alone, and those who are not met are told of."""

import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from helpers.ports import free_port
from helpers.together import environment, told
from paintgym.batches import gone_on, learning_rate_factor
from paintgym.errors import InvalidInputError, LostProcessError
from paintgym.processes import ALONE, find_processes, joined

TOGETHER = """
import time

import numpy as np
import torch
from paintgym.painters.training.batch_norm import share_statistics
from paintgym.processes import joined
from torch import nn

torch.set_num_threads(1)
with joined("cpu", 3) as processes:
    def norm():
        torch.manual_seed(0)
        made = nn.Sequential(nn.BatchNorm2d(3))
        nn.init.uniform_(made[0].weight)
        return made

    alone, together = norm(), norm()
    share_statistics(together, processes)
    whole = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    share = torch.from_numpy(processes.share(whole.numpy())).requires_grad_()
    whole.requires_grad_()
    for _ in range(2):
        expected, found = alone(whole), together(share)
        torch.testing.assert_close(found, expected[processes.rank * 4 :][:4], rtol=1e-4, atol=1e-5)
        (expected.sin().mean()).backward()
        found.sin().mean().backward()
    processes.average_gradients(together.parameters())
    for some, others in zip(together.parameters(), alone.parameters()):
        torch.testing.assert_close(some.grad, others.grad, rtol=1e-4, atol=1e-5)
    # A loss of each process is the mean of its own rows, of which there are half as many.
    torch.testing.assert_close(share.grad / 2, whole.grad[processes.rank * 4 :][:4], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(dict(together.state_dict()), dict(alone.state_dict()), rtol=1e-4, atol=1e-5)
    together.eval(), alone.eval()
    torch.testing.assert_close(together(share), alone(whole)[processes.rank * 4 :][:4], rtol=1e-4, atol=1e-5)

    assert processes.average({"a": float(processes.rank)}) == {"a": 0.5}
    assert processes.broadcast(processes.rank or "first") == "first"
    assert processes.gather(processes.rank) == ([0, 1] if processes.leads else [])
    assert processes.scatter(["x", "y"] if processes.leads else None) == "xy"[processes.rank]
    arrays = [np.arange(5), np.eye(3, dtype=np.uint8)]
    for one, other in zip(processes.broadcast_arrays(arrays if processes.leads else None), arrays):
        assert (one == other).all()
        assert one.dtype == other.dtype

    def long(live):
        for _ in range(50):  # longer than anybody has patience, had nobody a sign of life
            time.sleep(0.1)
            live()
        return "done"

    import paintgym.processes
    paintgym.processes._SIGN_OF_LIFE = 0.5
    assert processes.first_alone(long) == ("done" if processes.leads else None)
print("agreed")
"""


@pytest.mark.slow
def test_what_two_processes_agree_on(tmp_path: Path) -> None:
    program = tmp_path / "together.py"
    program.write_text(TOGETHER)
    port = free_port()
    started = [
        subprocess.Popen(
            [sys.executable, str(program)], env={**environment(), **told(rank, 2, port)}, stdout=subprocess.PIPE
        )
        for rank in range(2)
    ]
    assert [process.communicate(timeout=60)[0] for process in started] == [b"agreed\n"] * 2


LOST = """
import os

import torch
from paintgym.errors import LostProcessError
from paintgym.painters.training.averages import mean_over
from paintgym.processes import joined

with joined("cpu", 20) as processes:
    value = torch.ones(3, requires_grad=True)
    mean = mean_over(value, processes)
    if not processes.leads:
        os._exit(0)
    try:
        mean.sum().backward()
    except LostProcessError as error:
        print(str(error).partition(" (")[0], flush=True)
    os._exit(0)
"""


@pytest.mark.slow
def test_who_is_lost_while_gradients_flow_back_is_told_of_likewise(tmp_path: Path) -> None:
    program = tmp_path / "lost.py"
    program.write_text(LOST)
    port = free_port()
    first, second = (
        subprocess.Popen(
            [sys.executable, str(program)], env={**environment(), **told(rank, 2, port)}, stdout=subprocess.PIPE
        )
        for rank in range(2)
    )
    assert first.communicate(timeout=60)[0] == b"rank 0 of 2: another process ended or cannot be reached\n"
    assert second.wait(60) == 0


ALONE_AT_THE_END = """
import os
import sys
import time

import paintgym.processes
from paintgym.errors import LostProcessError
from paintgym.processes import joined

paintgym.processes._SIGN_OF_LIFE = 0.2
lost = int(sys.argv[1])
with joined("cpu", 20) as processes:
    if processes.rank == lost == 1:
        processes.broadcast()
        os._exit(0)

    def long(live):
        if processes.rank == lost:
            live()
            os._exit(0)
        for _ in range(100):
            time.sleep(0.1)
            live()

    try:
        processes.first_alone(long)
    except LostProcessError as error:
        print(str(error).partition(" (")[0], flush=True)
    os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0, 1])
def test_who_is_lost_while_the_first_works_alone_is_told_of(lost: int, tmp_path: Path) -> None:
    program = tmp_path / "alone.py"
    program.write_text(ALONE_AT_THE_END)
    port = free_port()
    ranks = [
        subprocess.Popen(
            [sys.executable, str(program), str(lost)],
            env={**environment(), **told(rank, 2, port)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    words = f"rank {1 - lost} of 2: another process ended or cannot be reached\n"
    assert ranks[1 - lost].communicate(timeout=60)[0] == words
    assert ranks[lost].wait(60) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "there"), [(0, "nobody"), (1, "nobody"), (1, "somebody who says nothing")])
def test_who_is_not_met_is_told_of_when_patience_ends(rank: int, there: str, tmp_path: Path) -> None:
    program = tmp_path / "waiting.py"
    program.write_text("from paintgym.processes import joined\nwith joined('cpu', 2): pass")
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) if there != "nobody" else nullcontext():
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, str(program)],
            env={**environment(), **told(rank, 2, port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert time.monotonic() - started < 30
    words = ended.stderr.splitlines()[-1]
    assert f"LostProcessError: rank {rank} of 2: another process ended or cannot be reached" in words
    assert "frame #" not in ended.stderr


def test_a_process_that_was_told_to_end_says_so_where_there_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in told(1, 2, 1).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LostProcessError, match="rank 1 of 2: was told to end"), joined(None):
        raise SystemExit(128 + 15)
    with pytest.raises(SystemExit), joined(None):
        raise SystemExit(1)


@pytest.mark.parametrize(
    "told_wrongly",
    [{"RANK": "2"}, {"RANK": "x"}, {"RANK": ""}, {"WORLD_SIZE": "-2"}, {"MASTER_ADDR": ""}, {"MASTER_PORT": "x"}],
    ids=str,
)
def test_what_does_not_fit_together_is_one_line(told_wrongly: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (told(0, 2, 1) | told_wrongly).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInputError, match="start with 'torchrun --nproc-per-node=N -m paintgym"):
        find_processes()


def test_each_of_several_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (told(1, 2, 1) | {"LOCAL_RANK": "1"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(InvalidInputError, match="process 2 on a machine with 1 GPUs"), joined("cuda"):
        pass
    with pytest.raises(InvalidInputError, match="expected 'cpu' or 'cuda'"), joined("cuda:1"):
        pass


def test_one_process_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined("cpu") as processes:
        assert processes is ALONE
    rows = np.arange(5)
    assert (processes.share(rows) == rows).all()
    assert processes.first_alone(lambda live: live() or 3) == 3
    assert processes.gather(3) == [3]
    assert processes.scatter([3]) == processes.broadcast(3) == 3


def test_a_training_that_goes_on_with_as_many_batches_is_the_same() -> None:
    assert gone_on([[0, 2]], 5, 2, "sqrt") == [[0, 2]]
    with pytest.warns(UserWarning, match="mean of 8 batches instead of 2.* 4 times as high"):
        assert gone_on([[0, 2]], 5, 8, "linear") == [[0, 2], [5, 8]]
    assert learning_rate_factor("none", 8) == 1
