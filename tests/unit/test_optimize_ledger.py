from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize.effects import Measure
from pytest_promptopt.optimize.ledger import Ledger, case_mean, lost_share
from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.records import Candidate, Case, Score, Trial

if TYPE_CHECKING:
    from pytest_promptopt.records import Trials

A, B = Case(id="a", inputs={}), Case(id="b", inputs={}, weight=3.0)


def candidate(text: str) -> Candidate:
    return Candidate(texts={"p#x": text})


def scored(*values: float | None) -> tuple[Trial, ...]:
    return tuple(
        Trial.lost("provider")
        if value is None
        else Trial(score=Score(value=value, reason=f"is {value}"), output=f"o{value}")
        for value in values
    )


def entered(*rows: tuple[str, Trials]) -> Ledger:
    ledger = Ledger()
    for text, trials in rows:
        cases = tuple(case for case in (A, B) if case.id in trials)
        count = len(next(iter(trials.values())))
        measure = Measure(
            candidates=(candidate(text),), cases=cases, indices=range(count)
        )
        ledger.enter(measure, [trials])
    return ledger


def test_what_is_known_is_never_measured_again() -> None:
    ledger = entered(("x", {"a": scored(1.0), "b": scored(0.0)}))

    assert ledger.lacking([candidate("x")], (A, B), 1) == ()
    assert ledger.lacking([candidate("x")], (B, A), 1) == ()


def test_only_the_trials_that_lack_are_measured() -> None:
    ledger = entered(("x", {"a": scored(1.0), "b": scored(0.0)}))

    assert ledger.lacking([candidate("x")], (A, B), 4) == (
        Measure(candidates=(candidate("x"),), cases=(A, B), indices=range(1, 4)),
    )


def test_candidates_that_lack_the_same_are_measured_together_and_once() -> None:
    ledger = entered(("x", {"a": scored(1.0)}))

    lacking = ledger.lacking(
        [candidate("y"), candidate("x"), candidate("z"), candidate("y")], (A, B), 1
    )

    assert lacking == (
        Measure(
            candidates=(candidate("y"), candidate("z")), cases=(A, B), indices=range(1)
        ),
        Measure(candidates=(candidate("x"),), cases=(B,), indices=range(1)),
    )


def test_means_are_weighted_and_leave_missing_trials_out() -> None:
    ledger = entered(("x", {"a": scored(1.0, None), "b": scored(0.0, 1.0)}))

    entry = ledger.evaluated(candidate("x"), (A, B), 2)

    assert entry is not None
    assert entry.scores == {"a": 1.0, "b": 0.5}
    assert entry.mean == pytest.approx((1.0 + 3 * 0.5) / 4)
    assert entry.reasons == {"a": "is 1.0", "b": "is 0.0"}
    assert entry.outputs == {"a": "o1.0", "b": "o0.0"}


def test_a_case_without_any_score_is_left_out_of_the_mean() -> None:
    ledger = entered(("x", {"a": scored(1.0), "b": scored(None)}))

    entry = ledger.evaluated(candidate("x"), (A, B), 1)

    assert entry is not None
    assert (entry.mean, entry.scores["b"]) == (1.0, None)


def test_nothing_scored_is_not_a_score_of_zero() -> None:
    ledger = entered(("x", {"a": scored(None), "b": scored(None)}))

    assert ledger.evaluated(candidate("x"), (A, B), 1) is None


def test_only_candidates_with_all_trials_of_all_cases_are_ranked() -> None:
    ledger = entered(
        ("x", {"a": scored(1.0), "b": scored(1.0)}),
        ("y", {"a": scored(1.0)}),
    )

    assert [entry.candidate for entry in ledger.ranked((A, B), 1)] == [candidate("x")]
    assert ledger.ranked((A, B), 2) == ()


def test_shares_and_means_of_nothing_are_defined() -> None:
    assert case_mean(()) is None
    assert lost_share({}) == 0.0
    assert lost_share({"a": scored(None, 1.0)}) == 0.5


def test_ties_break_by_length_then_age_then_hash() -> None:
    long, old, new = candidate("longer"), candidate("old"), candidate("new")
    better = candidate("the longest of them")
    ranked = [
        Ranked(candidate=long, mean=0.5, age=0),
        Ranked(candidate=new, mean=0.5, age=2),
        Ranked(candidate=old, mean=0.5, age=1),
        Ranked(candidate=better, mean=0.6, age=3),
    ]

    order = [entry.candidate for entry in best_first(ranked)]

    assert order == [better, old, new, long]


@given(
    st.lists(
        st.tuples(st.text(max_size=4), st.sampled_from([0.0, 0.5, 1.0])),
        unique_by=lambda entry: entry[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_ranking_does_not_depend_on_the_order_of_its_input(
    rows: list[tuple[str, float]], shuffler: object
) -> None:
    ranked = [
        Ranked(candidate=candidate(text), mean=mean, age=age)
        for age, (text, mean) in enumerate(rows)
    ]
    shuffled = list(ranked)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]

    assert best_first(ranked) == best_first(shuffled)
