"""What the tables of examples/optimize rest on is right."""

from __future__ import annotations

import itertools
import random
import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "optimize"
MODULES = ("linear_regression", "travelling_salesman", "scripted")


@pytest.fixture(autouse=True)
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_shortest_tour_is_the_one_that_trying_all_finds() -> None:
    tsp = import_module("travelling_salesman")

    at = tsp.places(7, random.Random(4))
    tours = ([0, *rest] for rest in itertools.permutations(range(1, 7)))

    assert tsp.shortest(at) == pytest.approx(min(tsp.length(at, t) for t in tours))


@pytest.mark.parametrize("seed", range(5))
def test_both_rules_of_thumb_make_tours_that_are_no_shorter_than_the_best(
    seed: int,
) -> None:
    tsp = import_module("travelling_salesman")

    at = tsp.places(9, random.Random(seed))
    best = tsp.shortest(at)

    for tour in (tsp.nearest_neighbour(at), tsp.farthest_insertion(at)):
        assert sorted(tour) == list(range(9))
        assert tsp.length(at, tour) >= best - 1e-9
        assert best - 1e-9 <= tsp.length(at, tsp.descended(at, tour))
        assert tsp.length(at, tsp.descended(at, tour)) <= tsp.length(at, tour)


def test_on_a_line_both_rules_of_thumb_go_there_and_back() -> None:
    tsp = import_module("travelling_salesman")

    line = [(0, 0), (5, 0), (1, 0), (9, 0)]

    assert tsp.nearest_neighbour(line) == [0, 2, 1, 3]
    assert tsp.length(line, tsp.farthest_insertion(line)) == pytest.approx(18.0)


@pytest.mark.parametrize(
    ("pair", "region"),
    [((15, 14), "inside"), ((3, 5), "near"), ((25, 23), "near"), ((36, -1), "far")],
)
def test_a_setting_is_named_by_where_it_lies(
    pair: tuple[int, int], region: str
) -> None:
    lr = import_module("linear_regression")

    made = lr.Row(w=pair[0], b=pair[1], solved=0, steps=[], pairs=[])

    assert made.region == region


def test_the_true_pair_has_the_least_residuals_of_its_neighbours() -> None:
    lr = import_module("linear_regression")

    found = lr.search(15, 14, 1, import_module("scripted").Scripted(), 60)

    assert found.stopped == "until"
    assert found.best.text == "w=15, b=14"
    assert lr.read("w=3, b=-4") == (3, -4)
    assert lr.read("w=3.5, b=4") is None
    assert len({one.text for one in found.history}) == len(found.history)
