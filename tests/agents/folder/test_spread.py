"""Folders painted by real Ray clusters: the bytes of one machine, whoever is killed meanwhile, and clear ends."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.buckets import NEEDS_S3, put_folder, serving_s3
from helpers.picture_folders import FAST, files, fill
from helpers.ray_clusters import NEEDS_RAY, STORE, cluster_of, kill_worker, meanwhile
from paintgym import through_ray
from paintgym.agents.folder import painted
from paintgym.scripts.main import main
from PIL import Image

SLOW = ["--strokes", "60"]
"""For the agent ``policy``: each picture is a batch of its own, and takes long enough to be killed in."""

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def cluster() -> Any:
    with cluster_of(2) as cluster:
        yield cluster


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return fill(Path("pictures"), 24)


def painted_in(folder: str) -> int:
    return len(list(Path(folder).glob("picture*.png")))


def paint(out: str, *options: str) -> int:
    return main(["paint", "pictures", *options, "--out", out])


@NEEDS_RAY
@pytest.mark.slow
def test_a_killed_worker_and_a_killed_node_change_no_byte(pictures, capfd):
    assert paint("alone", *SLOW) == 0
    with cluster_of(2) as cluster:
        node = cluster.list_all_nodes()[1]
        with meanwhile(
            (lambda: painted_in("spread") >= 2, lambda: kill_worker("MapWorker")),
            (lambda: painted_in("spread") >= 12, lambda: cluster.remove_node(node, allow_graceful=False)),
        ):
            assert paint("spread", *SLOW, "--on", cluster.address) == 0
    assert files(Path("spread")) == files(Path("alone"))
    assert "policy painted 24 pictures of pictures, 0 passed over" in capfd.readouterr().out


@NEEDS_RAY
@pytest.mark.slow
def test_a_lost_head_is_one_line_and_one_machine_goes_on(pictures, capfd, monkeypatch):
    monkeypatch.setattr(through_ray, "_LOST_SECONDS", 8.0)
    assert paint("alone", *SLOW) == 0
    capfd.readouterr()
    with cluster_of(2) as cluster:
        address, killed = cluster.address, []

        def kill() -> None:
            killed.append(time.monotonic())
            cluster.head_node.kill_gcs_server()

        with meanwhile((lambda: painted_in("spread") >= 2, kill)):
            assert paint("spread", *SLOW, "--on", address) == 2
        assert time.monotonic() - killed[0] < 60
    error = capfd.readouterr().err
    assert error.startswith(f"paintgym: the Ray cluster at {address} was lost (what was finished is kept; run the same")
    assert error.count("\n") == 1
    assert 2 <= painted_in("spread") < 24
    assert paint("spread", *SLOW) == 0
    assert files(Path("spread")) == files(Path("alone"))


@NEEDS_RAY
@pytest.mark.slow
def test_bad_pictures_are_told_of_as_on_one_machine_and_what_is_done_stays(pictures, cluster, capfd):
    (pictures / "picture001.png").write_text("not a picture")
    (pictures / "picture002.png").write_bytes((pictures / "picture003.png").read_bytes()[:900])
    Image.new("RGB", (400, 20)).save(pictures / "thin.jpg")
    options = [*FAST, "--size", "86", "--suffix", ".png", "--suffix", ".json"]
    assert paint("alone", *options) == 1
    alone = capfd.readouterr()
    assert paint("spread", *options, "--on", cluster.address) == 1
    spread = capfd.readouterr()
    assert sorted(spread.err.splitlines()) == sorted(alone.err.splitlines())
    assert spread.out == alone.out.replace("alone", "spread")
    assert files(Path("spread")) == files(Path("alone"))
    Path("spread/picture004.json").unlink()
    assert paint("spread", *options, "--on", cluster.address) == 1
    assert "painted 1 pictures of pictures, 21 painted before, 3 passed over" in capfd.readouterr().out
    assert files(Path("spread")) == files(Path("alone"))


@NEEDS_RAY
@NEEDS_S3
@pytest.mark.slow
def test_a_cluster_paints_a_bucket_to_the_same_bytes_and_state(pictures, cluster, monkeypatch):
    with serving_s3(monkeypatch) as client:
        put_folder(client, pictures, "art", "pictures")
        for out, options in (("alone", []), ("spread", ["--on", cluster.address])):
            assert main(["paint", "s3://art/pictures", *FAST, "--size", "86", *options, "--out", out]) == 0
    assert painted_in("spread") == 24
    assert files(Path("spread")) == files(Path("alone"))


@NEEDS_RAY
@pytest.mark.slow
def test_gpus_are_asked_for_waited_for_with_a_word_and_one_without_cuda_is_told_of(pictures, cluster):
    words = ["paint", "pictures", *FAST, "--size", "86", "--out", "spread", "--on", cluster.address]
    painting = subprocess.Popen(
        [sys.executable, "-m", "paintgym", *words, "--device", "cuda"], stderr=subprocess.PIPE, text=True
    )
    assert painting.stderr is not None
    waits = painting.stderr.readline()
    assert "each worker takes 1 core and 1 GPU, and no node of the Ray cluster has that (2 with 1 core)" in waits
    node = cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=STORE)
    try:
        _, error = painting.communicate(timeout=120)
    finally:
        cluster.remove_node(node)
    assert painting.returncode == 2
    assert error.startswith("paintgym: the cluster's node ")
    assert error.endswith(
        ": device is 'cuda', which cannot be used here (torch finds no GPU); expected 'cpu' or 'cuda'\n"
    )
    assert painted_in("spread") == 0


@NEEDS_RAY
@pytest.mark.slow
def test_a_full_disk_here_ends_the_work_and_keeps_what_was_done(pictures, cluster, capfd, monkeypatch):
    write_whole, written = painted.write_whole, []

    def full(file: Path) -> Any:
        written.append(file)
        if len(written) > 9:
            raise painted.InvalidInputError(f"cannot write {file}: No space left on device")
        return write_whole(file)

    with monkeypatch.context() as patch:
        patch.setattr(painted, "write_whole", full)
        assert paint("spread", *FAST, "--size", "86", "--on", cluster.address) == 2
    error = capfd.readouterr().err
    assert (error.count("\n"), "No space left" in error, painted_in("spread")) == (1, True, 9)
    assert paint("spread", *FAST, "--size", "86") == 0
    assert "painted 15 pictures of pictures, 9 painted before" in capfd.readouterr().out


@NEEDS_RAY
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount the small disk that is filled")
def test_a_full_disk_on_a_node_is_told_of_by_the_nodes_name(pictures, capfd, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(disk)], check=True)
    try:
        with cluster_of(1, env_vars={"TMPDIR": str(disk)}) as cluster:
            assert paint("spread", *FAST, "--size", "86", "--on", cluster.address) == 2
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    error = capfd.readouterr().err.splitlines()[-1]  # Ray's own logging has words about the disk too.
    assert error.startswith("paintgym: the cluster's node ")
    assert error.endswith("No space left on device")


def test_without_ray_the_extra_is_named_and_nobody_at_an_address_is_told_of(pictures, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(through_ray.importlib.util, "find_spec", lambda name: None)
        assert paint("spread", *FAST, "--on", "local") == 2
        assert "pip install paintgym[ray]" in capsys.readouterr().err
    monkeypatch.setattr(through_ray.importlib.util, "find_spec", lambda name: "there")
    began = time.monotonic()
    for address, words in (
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1:9 (Connection refused)"),
        ("ray://nobody.invalid:10001", "no Ray cluster answers at ray://nobody.invalid:10001"),
        ("http://here", "no address of a Ray cluster"),
    ):
        assert paint("spread", *FAST, "--on", address) == 2
        assert words in capsys.readouterr().err
    assert time.monotonic() - began < 60
    assert not Path("spread").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["pictures", "--on", "local", "--follow", "--size", "86"], "leave --on away"),
        (["pictures/picture000.png", "--on", "local"], "--on is for folders"),
        (["pictures", "--on", "local", "--workers", "0"], "--workers is 0"),
        (["pictures", "--on", "local", "--worker-threads", "0"], "--worker-threads is 0"),
    ],
)
def test_what_cannot_be_spread_is_one_line(options, words, pictures, capsys, monkeypatch):
    monkeypatch.setattr(through_ray.importlib.util, "find_spec", lambda name: "there")
    assert main(["paint", *options, "--out", "spread"]) == 2
    assert words in capsys.readouterr().err
