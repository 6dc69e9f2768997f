from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from search_script import ADDRESS, drive, plan, says, steady, text_of

from pytest_promptopt.optimize import Evaluate, Evaluated, search
from pytest_promptopt.optimize.objective import Objective, are_equal, words_in
from pytest_promptopt.records import Candidate, Case, Score, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.optimize import Measure, Moves, Task
    from pytest_promptopt.optimize.strategy import Rejected


def trial(**measures: float) -> Trial:
    return Trial(score=Score(value=1.0), measures=measures)


class Fixed:
    """Evaluates the texts it was given, and keeps what it is told."""

    name = "fixed"

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self.told: tuple[Evaluated | Rejected, ...] = ()

    def search(self, task: Task) -> Moves:
        drafts = [task.rewritten(task.incumbent, ADDRESS, text) for text in self._texts]
        self.told = yield Evaluate(candidates=tuple(drafts), cases=task.cases)


def dear(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
    """Answer without noise; every word of the prompt takes 10 tokens and 0.1 s."""
    words = words_in(candidate)
    return replace(
        steady(candidate, case, index, effect),
        measures={"tokens": 10.0 * words, "latency": 0.1 * words},
    )


def run(folder: Path, *texts: str, **changes: Any) -> tuple[Driven, Fixed]:
    strategy = Fixed(*texts)
    searched = search(plan(folder, **changes), strategy)
    return drive(searched, lambda _: says(""), dear), strategy


# What is lost beside accuracy


def test_tokens_and_seconds_beyond_the_starts_cost_points() -> None:
    old = {"a": (trial(tokens=100, latency=1.0),), "b": (trial(tokens=300),)}
    new = {"a": (trial(tokens=300, latency=1.5),), "b": (trial(tokens=300),)}

    assert Objective().lost(old, new) == 0.0
    assert Objective(tokens=2.0).lost(old, new) == pytest.approx(0.02)
    assert Objective(latency=4.0).lost(old, new) == pytest.approx(0.02)
    both = Objective(tokens=2.0, latency=4.0)
    assert both.lost(old, new) == pytest.approx(0.04)
    assert both.lost(new, old) == pytest.approx(-0.04)


def test_what_is_not_known_costs_nothing() -> None:
    old = {"a": (trial(),), "b": (trial(tokens=3),)}
    new = {"a": (trial(tokens=900),), "b": (), "c": (trial(tokens=900),)}

    assert Objective(tokens=9.0, latency=9.0).lost(old, new) == 0.0


def test_a_lead_that_says_next_to_nothing_is_none() -> None:
    cases = [Case(id=str(number), inputs={}) for number in range(4)]

    def equal(better: list[float | None], other: list[float | None]) -> bool:
        ids = [case.id for case in cases]
        return are_equal(
            dict(zip(ids, better, strict=True)),
            dict(zip(ids, other, strict=True)),
            cases,
        )

    assert equal([1, 1, 0, 0], [1, 1, 0, 0])
    assert equal([1, 1, 0, 0], [0, 1, 0, 0])  # p = 1/2
    assert not equal([1, 1, 0, 0], [0, 0, 0, 0])  # p = 1/4
    assert equal([1, None, 0, None], [1, 0, None, None])


# In a search


def test_of_equal_candidates_the_shorter_is_proposed(tmp_path: Path) -> None:
    long, short = "A wordy one, with much to say, level 60.", "Short, level 60."
    for texts in ((long, short), (short, long)):
        driven, _ = run(tmp_path, *texts)

        proposal = driven.result.proposal
        assert proposal is not None
        assert text_of(proposal.candidate).strip() == short


def test_a_slightly_worse_one_is_proposed_only_if_nobody_can_tell(
    tmp_path: Path,
) -> None:
    """One case of 100 is no difference, ten are."""
    best = "The best one, with many words, level 60."
    near, _ = run(tmp_path, best, "Near, level 59.")
    far, _ = run(tmp_path, best, "Far, level 50.")

    assert near.result.proposal is not None
    assert text_of(near.result.proposal.candidate) == "Near, level 59.\n"
    assert near.result.best_candidate is not None
    assert "best" in text_of(near.result.best_candidate)
    assert far.result.proposal is not None
    assert "best" in text_of(far.result.proposal.candidate)


def test_the_shortest_equal_sees_the_hold_out_beside_the_best(tmp_path: Path) -> None:
    texts = (
        "The very best one of all, level 70.",
        "Second, with some words, level 69.5.",
        "Third, level 69.",
        "Bad, level 45.",
    )
    driven, _ = run(tmp_path, *texts)

    (look,) = driven.holdout
    shown = [text_of(candidate).strip() for candidate in look.candidates]
    assert shown[1:] == [texts[0], texts[2]]


def test_weights_rank_on_train_and_show_in_what_a_strategy_is_told(
    tmp_path: Path,
) -> None:
    wordy = "A very wordy one that has got a lot to say indeed, level 66."
    plain = "A plain one, level 60."

    _, alone = run(tmp_path, wordy, plain)
    driven, weighed = run(tmp_path, wordy, plain, objective=Objective(tokens=10.0))

    means = [entry.mean for entry in alone.told if isinstance(entry, Evaluated)]
    assert means == [0.66, 0.6]
    means = [entry.mean for entry in weighed.told if isinstance(entry, Evaluated)]
    assert means == pytest.approx([0.57, 0.6])  # 9 words more take 90 tokens
    assert driven.result.best_candidate is not None
    assert "plain" in text_of(driven.result.best_candidate)
    assert (driven.result.start, driven.result.best) == (0.4, 0.66)


def test_seconds_can_be_weighed_too_and_the_hold_out_is_for_accuracy_alone(
    tmp_path: Path,
) -> None:
    driven, strategy = run(
        tmp_path,
        "One that is better, but takes two seconds and a half or more for it all: "
        "level 45.",
        objective=Objective(latency=100.0),
    )

    (entry,) = strategy.told
    assert isinstance(entry, Evaluated)
    assert entry.mean == 0.0
    assert driven.result.outcome in ("unconfirmed", "proposed")
    assert driven.result.message.startswith(("Hold-out: 40.0% -> 45.0%", "Better on"))
