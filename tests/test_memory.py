"""Memory that is freed: what is taken again at once stays with the process."""

import platform
import subprocess
import sys

import pytest

_COUNT = """
import resource
import torch
from paintgym.painters.registry import load_painter

torch.set_num_threads(1)
painter, calls = load_painter("gan"), torch.rand(20, 6, 12, generator=torch.Generator().manual_seed(0))

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    with torch.no_grad():
        for strokes in calls:
            painter(strokes)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""

_ARRAYS = """
import resource
import sys
import numpy as np
from paintgym.memory import keep_all

if sys.argv[1] == "kept":
    keep_all()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(16 << 20, np.uint8) for _ in range(6)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they please")


def test_a_learner_keeps_what_it_frees() -> None:
    faults = {}
    for way in ("kept", "given back"):
        done = subprocess.run([sys.executable, "-c", _ARRAYS, way], capture_output=True, text=True, check=True)
        faults[way] = int(done.stdout)
    assert 10 * faults["kept"] < faults["given back"]


def test_a_process_that_paints_few_strokes_alone_gets_no_new_pages_for_them() -> None:
    done = subprocess.run([sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True, timeout=300)
    # They were 350 a call.
    assert int(done.stdout) < 20 * 20
