"""Tracebacks that nobody will see are not kept."""

from __future__ import annotations

import contextlib
from typing import Any

from pytest_promptopt.items.body import Judged
from pytest_promptopt.items.pending import Draw, Pending, Tally
from pytest_promptopt.items.tracebacks import Tracebacks
from pytest_promptopt.records import Case, Score

DRAW = Draw(purpose="gate", run="r", indices=range(1), tally=Tally())


def wrong(error: BaseException, arm: Any = None, *, broken: bool = False) -> Pending:
    """Return a trial whose body raised, with a traceback and a cause."""
    with contextlib.suppress(type(error)):
        try:
            int("behind")
        except ValueError as behind:
            raise error from behind
    judged = Judged(Score(value=0.0, reason="wrong"), error, broken=broken)
    case = Case(id="c", inputs={})
    return Pending(arm=arm, case=case, index=0, draw=DRAW, judged=judged)


def kept(trials: list[Pending]) -> list[bool]:
    """Thin trials out; return which of them can still show where they failed."""
    tracebacks = Tracebacks()
    for trial in trials:
        tracebacks.thin(trial)
    return [
        trial.judged is not None
        and trial.judged.raised is not None
        and trial.judged.raised.__traceback__ is not None
        for trial in trials
    ]


def test_the_first_wrong_reply_shows_where_it_was_checked() -> None:
    trials = [wrong(AssertionError(number)) for number in range(3)]

    assert kept(trials) == [True, False, False]


def test_each_arm_and_each_kind_of_outcome_has_a_first_one() -> None:
    one, other = object(), object()
    trials = [
        wrong(AssertionError(), one),
        wrong(KeyError("k"), one, broken=True),
        wrong(AssertionError(), other),
        wrong(KeyError("k"), one, broken=True),
    ]

    assert kept(trials) == [True, True, True, False]


def test_what_stands_behind_an_exception_goes_with_it() -> None:
    trials = [wrong(AssertionError(1)), wrong(AssertionError(2))]

    kept(trials)

    first, second = (trial.judged.raised for trial in trials if trial.judged)
    assert first is not None
    assert isinstance(first.__cause__, ValueError)
    assert second is not None
    assert (second.__cause__, second.__context__, second.args) == (None, None, (2,))


def test_one_exception_that_is_raised_for_every_case_keeps_its_traceback() -> None:
    error = AssertionError("always the same")

    assert kept([wrong(error), wrong(error)]) == [True, True]


def test_a_trial_that_raised_nothing_is_left_alone() -> None:
    right = wrong(AssertionError())
    right.judged = Judged(Score(value=1.0))

    assert kept([right]) == [False]
