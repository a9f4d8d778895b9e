"""What a Ray cluster has room for: told of where a worker fits on no node, and not waited for without end."""

import sys
import warnings
from types import SimpleNamespace

import pytest
from paintgym import through_ray
from paintgym.errors import InvalidInputError
from paintgym.through_ray import check_ray, wait_for_room

SMALL, LARGE = {"CPU": 1.0}, {"CPU": 4.0, "GPU": 1.0}


class PretendedRay(SimpleNamespace):
    """A cluster whose nodes come one after the other, each time that somebody looks."""

    def __init__(self, *nodes: dict[str, float], free: dict[str, float]) -> None:
        super().__init__(available_resources=lambda: free)
        self.coming, self.there = list(nodes), [{"Alive": False, "Resources": LARGE}]

    def nodes(self) -> list[dict[str, object]]:
        if self.coming:
            self.there.append({"Alive": True, "Resources": self.coming.pop(0)})
        return self.there


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_ray, "_LOOK_SECONDS", 0.01)


def test_where_there_is_room_nothing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", PretendedRay(LARGE, free=LARGE))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wait_for_room(4, 1)


def test_a_node_that_is_large_enough_is_waited_for_and_that_is_told_once(monkeypatch):
    cluster = PretendedRay(SMALL, SMALL, SMALL, LARGE, free=LARGE)
    monkeypatch.setitem(sys.modules, "ray", cluster)
    with pytest.warns(UserWarning, match=r"worker takes 2 cores, and no node .* has that \(1 with 1 core\)") as told:
        wait_for_room(2)
    assert len(told) == 1
    assert "waiting for one, up to 10 minutes" in str(told[0].message)
    assert not cluster.coming


@pytest.mark.filterwarnings("ignore:each worker takes")
def test_a_node_that_never_comes_ends_it(monkeypatch):
    monkeypatch.setattr(through_ray, "_room_seconds", 0.1)
    monkeypatch.setitem(sys.modules, "ray", PretendedRay(SMALL, SMALL, free=SMALL))
    with pytest.raises(InvalidInputError, match=r"takes 1 core and 1 GPU, and no node .* \(2 with 1 core\), nor did"):
        wait_for_room(1, 1)
    monkeypatch.setattr(through_ray, "_room_seconds", 0.0)  # as on this machine alone
    with pytest.raises(InvalidInputError, match=r"no node of the Ray cluster has that \(2 with 1 core\)$"):
        wait_for_room(1, 1)


def test_a_cluster_that_works_for_others_is_told_of_and_left_to_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", PretendedRay(LARGE, free={"CPU": 1.0}))
    with pytest.warns(UserWarning, match="the Ray cluster is at work for others; waiting until they are done"):
        wait_for_room(4)


@pytest.mark.parametrize("address", ["head", "ray://head", "head:", ":6379", "http://head:80", "head:port", ""])
def test_an_address_without_a_port_is_none(address, monkeypatch):
    monkeypatch.setattr(through_ray.importlib.util, "find_spec", lambda name: "there")
    with pytest.raises(InvalidInputError, match="is no address of a Ray cluster; expected local, auto, host:6379 or"):
        check_ray(address)
