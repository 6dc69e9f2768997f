"""The curve of a search: every score of a candidate, in the order they came."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from search_script import Driven, drive, plan, rising, steady

from pytest_promptopt.optimize import search, strategy_named
from pytest_promptopt.records import SearchResult


def searched(folder: Path, strategy: str = "opro", **given: Any) -> Driven:
    made = search(plan(folder, **given), strategy_named(strategy))
    return drive(made, rising, steady)


def test_the_start_comes_first_and_each_candidate_once(tmp_path: Path) -> None:
    result = searched(tmp_path).result

    train = [entry for entry in result.scored if not entry.holdout]
    assert train[0].origin == "start"
    assert (train[0].step, train[0].mean, train[0].calls) == (0, result.start, 100)
    assert max(Counter(entry.key for entry in train).values()) == 1
    # What the log counts is what the curve shows.
    assert len(train) == sum(step.scored for step in result.steps)
    assert [entry.step for entry in train] == sorted(entry.step for entry in train)
    assert [entry.calls for entry in train] == sorted(entry.calls for entry in train)
    assert max(entry.mean for entry in train) == result.best


def test_what_a_race_gave_up_is_told_with_the_cases_it_saw(tmp_path: Path) -> None:
    result = searched(tmp_path).result

    seen = {entry.cases for entry in result.scored if not entry.holdout}
    assert max(seen) == result.train_cases
    assert min(seen) < result.train_cases
    whole = [e for e in result.scored if e.cases == 100 and not e.holdout]
    assert max(entry.mean for entry in whole) == result.best


def test_finalists_and_the_start_are_told_with_their_hold_out(tmp_path: Path) -> None:
    result = searched(tmp_path).result

    start, *finalists = [entry for entry in result.scored if entry.holdout]
    assert result.proposal is not None
    assert (start.key, start.mean) == (
        result.proposal.incumbent.key,
        result.proposal.before,
    )
    proposed = {entry.key: entry for entry in finalists}[result.proposal.candidate.key]
    assert proposed.mean == result.proposal.after
    assert proposed.cases == result.holdout_cases
    assert proposed.step > 0
    assert {entry.calls for entry in (start, *finalists)} == {result.calls}
    assert result.scored[-1].holdout


@pytest.mark.parametrize("strategy", ["reflect", "ape"])
def test_every_strategy_has_a_curve_that_is_the_same_again(
    tmp_path: Path, strategy: str
) -> None:
    first = searched(tmp_path, strategy).result
    again = searched(tmp_path, strategy).result

    assert first.scored == again.scored
    assert len(first.scored) > 1
    assert SearchResult.from_json(first.to_json()) == first


def test_a_search_that_is_refused_has_no_curve(tmp_path: Path) -> None:
    from search_script import cases

    assert searched(tmp_path, cases=cases(10)).result.scored == ()
