"""What the loop does when a strategy asks which texts are alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from search_script import drive, plan, rising, steady

from pytest_promptopt.optimize import Embed, NextStep, search

if TYPE_CHECKING:
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.optimize import Moves, Task


@dataclass
class Asks:
    """A strategy that asks for vectors in every step and does nothing else."""

    texts: tuple[str, ...] = ("one", "two")
    times: int = 1
    name: str = "asks"
    told: list[Any] = field(default_factory=list)

    def search(self, task: Task) -> Moves:
        for _ in range(task.steps):
            yield NextStep()
            for _ in range(self.times):
                self.told.append((yield Embed(texts=self.texts)))


def run(folder: Path, strategy: Asks, **planned: Any) -> Driven:
    searched = search(plan(folder, **planned), strategy)
    return drive(searched, rising, steady, lambda _: ((1.0, 0.0), (0.0, 1.0)))


def test_a_strategy_gets_its_vectors_and_each_request_is_a_call(
    tmp_path: Path,
) -> None:
    strategy = Asks()

    driven = run(tmp_path, strategy, embeds=True, steps=2)

    assert strategy.told == [((1.0, 0.0), (0.0, 1.0))] * 2
    assert driven.result.calls == 100 + 2
    assert driven.result.optimizer_calls == 0


def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    strategy = Asks()

    driven = run(tmp_path, strategy, steps=2)

    assert strategy.told == [None, None]
    assert driven.result.calls == 100


def test_a_spent_budget_gives_no_vectors_and_does_not_end_the_search_there(
    tmp_path: Path,
) -> None:
    strategy = Asks(times=210)
    # 2 700 calls are set aside for the confirmation, 100 score the start.
    enough = 2700 + 100 + 3 * 101

    driven = run(tmp_path, strategy, embeds=True, steps=1, budget=enough)

    # What is left has to score a candidate that comes of it.
    assert strategy.told.index(None) == 3 * 101 - 100
    assert len(strategy.told) == 210
    assert driven.result.calls == 100 + 3 * 101 - 100


def test_a_text_without_words_breaks_the_contract(tmp_path: Path) -> None:
    driven = run(tmp_path, Asks(texts=("one", " ")), embeds=True)

    assert driven.result.outcome == "error"
    assert driven.result.message == (
        "a strategy asks for vectors of ['one', ' ']; "
        "yield Embed with one text or more, and words in each of them"
    )
