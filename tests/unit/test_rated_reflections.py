"""The arms of the benchmark of rated reflections differ in their ratings alone."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="a source distribution has no benchmarks"
)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("rated_reflections")


def test_the_shuffled_memory_has_the_same_lessons_and_the_same_ratings(
    benchmark: Any,
) -> None:
    own, shuffled = benchmark.Memory(), benchmark.Shuffled(0)
    for number in range(12):
        for memory in (own, shuffled):
            memory.rate("a", f"Lesson {number}.", number / 12)

    ours, theirs = own.rated("a"), shuffled.rated("a")
    assert [it.text for it in ours] == [it.text for it in theirs]
    assert sorted(it.rating for it in ours) == sorted(it.rating for it in theirs)
    assert ours != theirs


def test_the_plain_memory_shows_nothing_and_promises_nothing(benchmark: Any) -> None:
    memory = benchmark.Plain()
    memory.rate("a", "Lesson.", 1.0)

    assert memory.demonstrations("a", 6) == ()
    assert memory.promises("a", ["Lesson.", "Another."]) == (0.0, 0.0)


def test_where_no_prompt_differs_no_lesson_has_a_gain(benchmark: Any) -> None:
    arm = benchmark.Arm(landscape="identical", seed=0, memory="rated")

    assert benchmark.taught_gain(arm) == 0.0
