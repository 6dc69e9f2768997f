"""What must hold for every suite: order, monotony, no false alarm without noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from gate_suites import arm, judged, record, recorded, suite, trials
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.gate import (
    Terms,
    accepted,
    judge_unedited,
    report_only,
    with_retrials,
)
from pytest_promptopt.records import Score, Trial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.records import Case, Trials, Verdict

RANK = {"pass": 0, "inconclusive": 1, "fail": 2, "error": 2}

Scores = tuple[float | None, ...]


@dataclass(frozen=True)
class World:
    """A suite with the scores of both arms; the record holds the old arm's."""

    cases: tuple[Case, ...]
    old: dict[str, tuple[float, ...]]
    new: dict[str, Scores]
    min_score: float | None = None

    @property
    def baseline(self) -> Baseline:
        return recorded(self.cases, self.old)

    @property
    def terms(self) -> Terms:
        return Terms(min_score=self.min_score)

    def judged(self, baseline: Baseline | None = None) -> Verdict:
        return judged(
            self.cases,
            baseline or self.baseline,
            tried(self.old),
            tried(self.new),
            self.terms,
        )


def tried(values: Mapping[str, Scores]) -> Trials:
    return {case_id: trials(*scores) for case_id, scores in values.items()}


@st.composite
def worlds(draw: st.DrawFn, least: int = 3, most: int = 14) -> World:
    n = draw(st.integers(least, most))
    k = draw(st.sampled_from([1, 2, 3]))
    score = st.sampled_from(draw(st.sampled_from([[0.0, 1.0], [0.0, 0.25, 0.7, 1.0]])))
    # Mostly right before, mostly worse after: else fails would be rare.
    before = st.one_of(st.just((1.0,) * k), st.tuples(*[score] * k))
    after = st.one_of(st.just((0.0,) * k), st.tuples(*[score] * k))
    cases = suite(
        n,
        must_pass=draw(st.sets(st.integers(0, n - 1), max_size=1)),
        weights=draw(
            st.lists(st.sampled_from([1.0, 1.0, 2.5]), min_size=n, max_size=n)
        ),
        tags={0: ("first",), 1: ("first", "other")},
    )
    return World(
        cases=cases,
        old={case.id: draw(before) for case in cases},
        new={case.id: draw(after) for case in cases},
        min_score=draw(st.sampled_from([None, None, 0.5])),
    )


@given(worlds(), st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_of_cases_and_trials_changes_nothing(
    world: World, random: Random
) -> None:
    def mixed(values: Mapping[str, Scores]) -> Trials:
        ids = random.sample(list(values), len(values))
        return {x: trials(*random.sample(values[x], len(values[x]))) for x in ids}

    shuffled = tuple(random.sample(world.cases, len(world.cases)))
    verdict = judged(
        shuffled,
        recorded(shuffled, world.old),
        mixed(world.old),
        mixed(world.new),
        world.terms,
    )

    assert verdict == world.judged()


@given(worlds(), st.data())
@settings(max_examples=30, deadline=None)
def test_a_lower_score_never_makes_the_verdict_better(
    world: World, data: st.DataObject
) -> None:
    case_id = data.draw(st.sampled_from(sorted(world.new)))
    lower = data.draw(st.floats(0.0, world.new[case_id][0] or 0.0))
    worse = replace(world, new={**world.new, case_id: (lower, *world.new[case_id][1:])})

    assert RANK[worse.judged().outcome] >= RANK[world.judged().outcome]


@given(worlds(), st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_lost_cases_beside_the_compared_ones_never_make_the_verdict_better(
    world: World, lost: int
) -> None:
    gone = suite(40)[-lost:]
    base = recorded(
        (*world.cases, *gone), {**world.old, **{case.id: (1.0,) * 3 for case in gone}}
    )

    assert RANK[world.judged(base).outcome] >= RANK[world.judged().outcome]


@given(worlds(), st.data())
@settings(max_examples=30, deadline=None)
def test_removing_or_changing_compared_cases_never_leads_to_a_pass(
    world: World, data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(world.new)), min_size=1))
    kept = tuple(case for case in world.cases if case.id not in gone)
    changed = tuple(
        replace(case, expected="no") if case.id in gone else case
        for case in world.cases
    )

    if world.judged().outcome != "pass":
        for cases in (kept, changed):
            assert replace(world, cases=cases).judged(world.baseline).outcome != "pass"


@given(worlds(least=20, most=26), st.data())
@settings(max_examples=30, deadline=None)
def test_a_reply_that_does_not_come_never_leads_to_a_pass(
    world: World, data: st.DataObject
) -> None:
    case_id = data.draw(st.sampled_from(sorted(world.new)))
    silent = replace(world, new={**world.new, case_id: (None, *world.new[case_id][1:])})

    verdict = silent.judged()

    assert verdict.missing == (case_id,)
    if world.judged().outcome != "pass":
        assert verdict.outcome != "pass"


@given(worlds(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_reply_that_the_body_does_not_score_never_leads_to_a_pass(
    world: World, data: st.DataObject
) -> None:
    case_id = data.draw(st.sampled_from(sorted(world.new)))
    scored = tried(world.new)
    first, *rest = scored[case_id]
    skipped = Trial(score=Score.unscored("skipped"), output=first.output)

    verdict = judged(
        world.cases,
        world.baseline,
        tried(world.old),
        {**scored, case_id: (skipped, *rest)},
        world.terms,
    )

    assert verdict.outcome == "error" or verdict.unscored == (case_id,)
    if world.judged().outcome != "pass":
        assert verdict.outcome != "pass"


@given(worlds(), st.data())
@settings(max_examples=20, deadline=None)
def test_an_unedited_prompt_never_passes_for_losing_cases(
    world: World, data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(world.new)), min_size=1))
    kept = tuple(case for case in world.cases if case.id not in gone)
    new = tried(world.new)

    whole = judge_unedited(world.cases, world.baseline, new, Terms())
    less = judge_unedited(kept, world.baseline, new, Terms())

    assert whole.outcome == "pass"
    assert less.outcome in ("pass", "inconclusive")
    if any(world.old[case_id] == (1.0,) * 3 for case_id in gone):
        assert less.outcome == "inconclusive"


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_identical_arms_pass(world: World) -> None:
    same = replace(world, new=dict(world.old), min_score=None)

    assert same.judged().outcome == "pass"


Drawn = list[float | None]
drawn = st.lists(st.sampled_from([0.0, 0.0, 1.0, 1.0, None]), min_size=5, max_size=5)


@cache
def passing() -> tuple[tuple[Case, ...], tuple[Trials, Trials], Verdict]:
    """A suite that passes, although its must_pass case failed at the only look."""
    cases = suite(150, must_pass=[0])
    looks = (arm(cases, k=2), {**arm(cases, k=2), "c0": trials(0.0, 0.0)})
    return cases, looks, judged(cases, record(cases), *looks, look=1)


def decided(old: Drawn, new: Drawn) -> Verdict:
    cases, looks, verdict = passing()
    fresh = ({"c0": trials(*old)}, {"c0": trials(*new)})
    return with_retrials(verdict, cases[:1], *fresh, looks=looks)


def put(scores: Drawn, index: int, score: float | None) -> Drawn:
    return [*scores[:index], score, *scores[index + 1 :]]


@given(st.integers(1, 2), drawn, drawn, st.integers(0, 4), st.randoms())
@settings(max_examples=40, deadline=None)
def test_retrials_in_any_order_or_without_a_reply_never_make_the_verdict_better(
    rounds: int, old: Drawn, new: Drawn, index: int, random: Random
) -> None:
    old, new = rounds * old, rounds * new
    first = decided(old, new)

    assert RANK[first.outcome] >= RANK[passing()[2].outcome]
    mixed = random.sample(old, len(old)), random.sample(new, len(new))
    assert decided(*mixed) == first
    if new[index] is not None:
        worse = decided(old, put(new, index, 0.0))
        assert RANK[worse.outcome] >= RANK[first.outcome]
    if first.outcome != "pass":
        assert decided(old, put(new, index, None)).outcome != "pass"
        assert decided(put(old, index, None), new).outcome != "pass"


@given(worlds())
@settings(max_examples=20, deadline=None)
def test_nothing_lets_an_error_pass(world: World) -> None:
    failed = replace(world, new={}).judged()

    assert failed.outcome == "error"
    assert report_only(failed) == failed
    assert accepted(failed, reason="so", recorded=world.baseline) == failed


@given(
    st.integers(2, 60),
    st.integers(1, 5),
    st.sets(st.integers(0, 59), max_size=2),
    st.sets(st.integers(0, 59), max_size=60),
)
@settings(max_examples=25, deadline=None)
def test_up_to_two_flips_of_a_deterministic_model_never_fail(
    n: int, k: int, flipped: set[int], wrong: set[int]
) -> None:
    cases = suite(n)
    before = sorted(wrong - flipped)

    verdict = judged(
        cases,
        record(cases, before),
        arm(cases, before, k=k),
        arm(cases, [*before, *flipped], k=k),
    )

    assert verdict.outcome in ("pass", "inconclusive")


def test_three_flips_of_a_deterministic_model_fail() -> None:
    cases = suite(20)

    verdict = judged(cases, record(cases), arm(cases), arm(cases, [0, 1, 2]))

    assert (verdict.outcome, verdict.sign_flip_p) == ("fail", 1 / 16)
