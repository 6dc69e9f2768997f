from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import drive, plan, says, steady, text_of

from pytest_promptopt.optimize import Evaluate, search
from pytest_promptopt.optimize.gain_split import gain_split
from pytest_promptopt.optimize.ledger import case_mean
from pytest_promptopt.records import Case, Score, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.optimize import Measure, Moves, Task
    from pytest_promptopt.records import Candidate

A, B = Case(id="a", inputs={}), Case(id="b", inputs={}, weight=3.0)
RIGHT = Trial(score=Score(value=1.0))
WRONG = Trial(score=Score(value=0.0, reason="expected 'x', got 'y'"))
UNREAD = Trial(score=Score(value=0.0, reason="not JSON", parsed=False))
LOST = Trial.lost("provider")


def split(*rows: tuple[Case, list[Trial], list[Trial]]) -> tuple[float, ...] | None:
    old = {case.id: tuple(before) for case, before, _ in rows}
    new = {case.id: tuple(after) for case, _, after in rows}
    found = gain_split(old, new, [case for case, _, _ in rows])
    if found is None:
        return None
    return (
        found.became_parseable,
        found.became_right,
        found.lost_parse,
        found.became_wrong,
        found.cases,
    )


def test_a_reply_that_can_be_read_now_is_told_from_a_better_answer() -> None:
    assert split((A, [UNREAD], [RIGHT])) == (1, 0, 0, 0, 1)
    assert split((A, [WRONG], [RIGHT]), (B, [UNREAD], [UNREAD])) == (0, 0.25, 0, 0, 0)
    assert split((A, [RIGHT], [UNREAD])) == (0, 0, -1, 0, 1)
    assert split((A, [RIGHT], [WRONG]), (B, [UNREAD], [WRONG])) == (0, 0, 0, -0.25, 1)


def test_a_case_can_gain_by_both() -> None:
    found = split((A, [UNREAD, UNREAD, WRONG], [RIGHT, RIGHT, RIGHT]))

    assert found == pytest.approx((2 / 3, 1 / 3, 0, 0, 1))


def test_nothing_is_said_where_every_reply_could_be_read_or_none_came() -> None:
    assert split((A, [WRONG], [RIGHT]), (B, [LOST], [RIGHT])) is None


def test_missing_replies_say_nothing_about_what_can_be_read() -> None:
    found = split((A, [UNREAD, LOST], [RIGHT, LOST]), (B, [LOST], [RIGHT]))

    assert found == (1, 0, 0, 0, 1)


TRIALS = st.lists(st.sampled_from([RIGHT, WRONG, UNREAD, LOST]), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(TRIALS, TRIALS), min_size=1, max_size=4))
def test_the_parts_sum_to_the_gain(rows: list[tuple[list[Trial], list[Trial]]]) -> None:
    found = split(
        *(
            (Case(id=f"c{number}", inputs={}, weight=1.0 + number), old, new)
            for number, (old, new) in enumerate(rows)
        )
    )

    gains, total = [], 0.0
    for number, (old, new) in enumerate(rows):
        was, now = case_mean(old), case_mean(new)
        if was is not None and now is not None:
            gains.append((1.0 + number) * (now - was))
            total += 1.0 + number
    if found is not None:
        assert sum(found[:4]) == pytest.approx(sum(gains) / (total or 1.0))
        assert found[0] >= 0 <= found[1]
        assert found[2] <= 0 >= found[3]


def test_a_proposal_says_what_its_gain_is_made_of(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        trial = steady(candidate, case, index, effect)
        old = "level 40" in text_of(candidate)
        return UNREAD if old and int(case.id.removeprefix("case")) % 2 else trial

    class Once:
        name = "once"

        def search(self, task: Task) -> Moves:
            (address,) = task.incumbent.texts
            better = task.rewritten(task.incumbent, address, "Sort it, level 60.")
            yield Evaluate(candidates=(better,), cases=task.cases)

    driven = drive(search(plan(tmp_path), Once()), lambda _: says(""), judge)

    proposal = driven.result.proposal
    assert proposal is not None
    assert proposal.split is not None
    assert (proposal.split.lost_parse, proposal.split.became_wrong) == (0, 0)
    assert proposal.split.cases == 50
    assert proposal.split.became_parseable == pytest.approx(0.3)
    assert proposal.split.became_right == pytest.approx(0.1)
    assert proposal.gain == pytest.approx(0.4)
