from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import (
    ADDRESS,
    cases,
    drive,
    noisy,
    plan,
    right,
    says,
    steady,
    text_of,
)

from pytest_promptopt.optimize import Evaluate, Evaluated, Rejected, search
from pytest_promptopt.optimize.racing import (
    estimate,
    falls_behind,
    kept,
    stages,
)
from pytest_promptopt.records import Case, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.optimize import Measure, Moves, Task
    from pytest_promptopt.records import Candidate

Answers = "tuple[Evaluated | Rejected, ...]"


def case(name: str, weight: float = 1.0) -> Case:
    return Case(id=name, inputs={}, weight=weight)


def behind(
    own: Sequence[float | None],
    leading: Sequence[float | None],
    weights: Sequence[float] = (),
) -> bool:
    cases = [
        case(str(at), weight) for at, weight in enumerate(weights or [1.0] * len(own))
    ]
    ids = [entry.id for entry in cases]
    return falls_behind(
        dict(zip(ids, own, strict=True)),
        dict(zip(ids, leading, strict=True)),
        cases,
    )


# The rule


def test_a_race_is_looked_at_after_blocks_of_the_cases() -> None:
    assert stages(40) == (8, 12, 16, 20, 24, 28, 32, 36, 40)
    assert stages(100) == (20, 30, 40, 50, 60, 70, 80, 90, 100)
    assert stages(18) == (5, 9, 14, 18)
    assert stages(15) == (15,)
    assert stages(1) == (1,)


def test_three_of_many_go_on_in_any_case() -> None:
    assert [kept(racing) for racing in (1, 2, 3, 8, 64)] == [0, 0, 1, 3, 3]


def test_only_who_is_clearly_worse_falls_behind() -> None:
    assert behind([0, 0, 0, 1], [1, 1, 1, 1])  # p = 1/8
    assert not behind([0, 0, 1, 1], [1, 1, 1, 1])  # p = 1/4
    assert not behind([0, 0, 0, 0, 1], [1, 1, 1, 1, 0])  # p = 6/32
    assert behind([0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1, 0])  # p = 9/256
    assert not behind([1, 1, 1, 1], [0, 0, 0, 0])


def test_equal_scores_and_missing_ones_leave_nobody_behind() -> None:
    assert not behind([0, 0, 0, 0], [0, 0, 0, 0])
    assert not behind([None] * 4, [1, 1, 1, 1])
    assert not behind([0, 0, None, None], [1, 1, 1, 1])
    assert not behind([], [])


def test_weights_and_grades_count() -> None:
    scores = [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 0]
    assert not behind(*scores, weights=[1, 1, 1, 1, 1, 9])
    assert behind([0.2, 0.3, 0.4, 0.5], [0.3, 0.4, 0.5, 1.0])


def test_an_estimate_is_the_leaders_mean_and_the_paired_difference() -> None:
    cases = [case(str(number)) for number in range(20)]
    leading = {entry.id: 1.0 for entry in cases}
    wrong = dict.fromkeys(leading, 0.5)

    # 20 cases weigh as much as what is usual, a tenth less.
    assert estimate(wrong, leading, cases, 0.75) == pytest.approx(0.75 - 0.3)
    assert estimate(wrong, leading, cases, 0.2) == 0.0
    assert estimate(leading, wrong, cases, 0.75) == 0.75
    assert estimate(leading, leading, cases, 0.75) == pytest.approx(0.75 - 0.05)
    assert estimate({"0": None}, leading, cases, 0.75) is None


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([None, 0.0, 0.3, 1.0]),
            st.sampled_from([None, 0.0, 0.3, 1.0]),
            st.sampled_from([0.5, 1.0, 3.0]),
        ),
        max_size=8,
    ),
    whole=st.floats(0, 1),
)
def test_nobody_who_left_is_taken_to_be_the_best(
    rows: list[tuple[float | None, float | None, float]], whole: float
) -> None:
    cases = [case(str(at), weight) for at, (*_, weight) in enumerate(rows)]
    own = {str(at): mine for at, (mine, *_) in enumerate(rows)}
    leading = {str(at): theirs for at, (_, theirs, _) in enumerate(rows)}

    found = estimate(own, leading, cases, whole)

    assert found is None or 0.0 <= found <= whole
    if falls_behind(own, leading, cases):
        assert found is not None


# The race through the loop


class Scripted:
    """Evaluates batches of texts, and keeps what it is told."""

    name = "scripted"

    def __init__(self, *batches: Sequence[str], **changes: Any) -> None:
        self._batches, self._changes = batches, {"race": True, **changes}
        self.told: list[tuple[Evaluated | Rejected, ...]] = []

    def search(self, task: Task) -> Moves:
        for batch in self._batches:
            drafts = [task.rewritten(task.incumbent, ADDRESS, text) for text in batch]
            answer = yield Evaluate(
                candidates=tuple(drafts), cases=task.cases, **self._changes
            )
            self.told.append(answer)


def run(
    folder: Path,
    strategy: Scripted,
    judge: Callable[..., Trial] = steady,
    **changes: Any,
) -> Driven:
    return drive(search(plan(folder, **changes), strategy), lambda _: says(""), judge)


def train_trials(driven: Driven, text: str) -> list[tuple[str, int]]:
    """Return case and number of each trial of a text in the search, as they came."""
    return [
        (case.id, index)
        for effect in driven.measured
        if effect.purpose == "search"
        for candidate in effect.candidates
        if text in text_of(candidate)
        for case in effect.cases
        for index in effect.indices
    ]


def test_who_clearly_falls_behind_is_not_scored_to_the_end(tmp_path: Path) -> None:
    strategy = Scripted(["Bad, level 5.", "Good, level 70.", "Fair, level 69."])

    driven = run(tmp_path, strategy)

    ((bad, good, fair),) = strategy.told
    assert isinstance(bad, Evaluated)
    assert isinstance(good, Evaluated)
    assert isinstance(fair, Evaluated)
    assert (good.is_whole, good.mean, len(good.scores)) == (True, 0.7, 100)
    assert (fair.is_whole, fair.mean) == (True, 0.69)
    assert not bad.is_whole
    assert len(bad.scores) == len(train_trials(driven, "Bad")) == 20
    assert bad.reasons.keys() == bad.outputs.keys() == bad.scores.keys()
    assert bad.mean < 0.3
    assert driven.result.best == 0.7


def in_order(driven: Driven, text: str) -> list[str]:
    """Return the train cases in the order in which a text was scored on them."""
    return [case_id for case_id, index in train_trials(driven, text) if not index]


def test_all_of_a_batch_see_the_same_cases_in_an_order_that_the_seed_draws(
    tmp_path: Path,
) -> None:
    batch = ["A, level 60.", "B, level 5."]

    driven = run(tmp_path, Scripted(batch))
    other = run(tmp_path, Scripted(batch), seed=1)

    first = in_order(driven, "A")
    assert len(first) == 100
    assert in_order(driven, "B") == first[:20]
    assert first != sorted(first, key=lambda name: int(name[4:]))
    assert in_order(other, "A") != first


def test_without_racing_everyone_is_scored_to_the_end(tmp_path: Path) -> None:
    unraced: dict[str, Any] = {"racing": False}
    for strategy, changes in (
        (Scripted(["Bad, level 5."]), unraced),
        (Scripted(["Bad, level 5."], race=False), {}),
    ):
        run(tmp_path, strategy, **changes)

        ((bad,),) = strategy.told
        assert isinstance(bad, Evaluated)
        assert bad.is_whole
        assert bad.mean == 0.05


def test_what_left_a_race_can_be_completed_and_pays_for_the_rest_only(
    tmp_path: Path,
) -> None:
    class Completing(Scripted):
        def search(self, task: Task) -> Moves:
            (bad,) = [task.rewritten(task.incumbent, ADDRESS, "Bad, level 5.")]
            for race in (True, True, False):
                answer = yield Evaluate(candidates=(bad,), cases=task.cases, race=race)
                self.told.append(answer)

    strategy = Completing()
    driven = run(tmp_path, strategy)

    raced, again, whole = (entry for (entry,) in strategy.told)
    assert isinstance(raced, Evaluated)
    assert isinstance(whole, Evaluated)
    assert raced == again
    assert not raced.is_whole
    assert (whole.is_whole, whole.mean) == (True, 0.05)
    trials = train_trials(driven, "Bad")
    assert len(trials) == len(set(trials)) == 100


def test_duplicates_are_scored_once_whatever_blank_space_is_around_them(
    tmp_path: Path,
) -> None:
    strategy = Scripted(["A, level 60.", "\n  A, level 60. \n\n", "A, level 60."])

    driven = run(tmp_path, strategy)

    (answers,) = strategy.told
    assert answers[0] == answers[1] == answers[2]
    trials = train_trials(driven, "A")
    assert len(trials) == len(set(trials)) == 400  # 100 of them, and 300 to confirm
    assert driven.result.steps[0].scored == 2


@pytest.mark.parametrize("right_always", [True, False])
def test_nobody_leaves_a_race_of_equals(tmp_path: Path, *, right_always: bool) -> None:
    strategy = Scripted(["A.", "B.", "C."])

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        return right(right_always and "Sort" not in text_of(candidate))

    run(tmp_path, strategy, judge)

    (answers,) = strategy.told
    assert [isinstance(entry, Evaluated) and entry.is_whole for entry in answers] == [
        True
    ] * 3


def test_a_candidate_without_any_score_is_rejected_and_breaks_no_race(
    tmp_path: Path,
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if "Skip" in text_of(candidate):
            return Trial(score=Score.unscored("skipped"))
        return steady(candidate, case, index, effect)

    strategy = Scripted(["Skip.", "A, level 60."])
    run(tmp_path, strategy, judge)

    ((skipped, good),) = strategy.told
    assert isinstance(skipped, Rejected)
    assert isinstance(good, Evaluated)


def test_a_reply_that_is_lost_early_in_a_race_does_not_end_it(tmp_path: Path) -> None:
    def losing(share: float) -> Callable[..., Trial]:
        def judge(
            candidate: Candidate, case: Case, index: int, effect: Measure
        ) -> Trial:
            lost = int(case.id.removeprefix("case")) < share
            if lost and "A" in text_of(candidate) and effect.purpose == "search":
                return Trial.lost("provider")
            return steady(candidate, case, index, effect)

        return judge

    few = run(tmp_path, Scripted(["A, level 60."]), losing(5))
    many = run(tmp_path, Scripted(["A, level 60."]), losing(6))

    assert few.result.outcome == "proposed"
    assert many.result.outcome == "error"
    assert "6.0% of the trials of an evaluation got no score" in many.result.message


@settings(max_examples=5, deadline=None)
@given(more=st.integers(93, 600))
def test_a_race_uses_what_it_spares_and_never_more_than_the_budget(
    tmp_path_factory: pytest.TempPathFactory, more: int
) -> None:
    texts = [f"Text {number}, level {30 + 2 * number}." for number in range(20)]
    budget = 810 + 30 + more

    strategy = Scripted(texts)
    driven = run(
        tmp_path_factory.getbasetemp(),
        strategy,
        noisy,
        cases=cases(60),
        budget=budget,
    )

    assert driven.calls == driven.result.calls <= budget
    scored = driven.result.steps[-1].scored - 1
    assert scored >= more // 30 or scored == 20
    if not strategy.told:
        assert driven.result.stopped in ("budget", "gate rejected")
