"""What must hold for every suite: order, monotony, no false alarm without noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate_suites import arm, record, recorded, suite, trials
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.gate import judge_edited

if TYPE_CHECKING:
    from random import Random

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.records import Case, Trials, Verdict

RANK = {"pass": 0, "inconclusive": 1, "fail": 2, "error": 2}


@dataclass(frozen=True)
class World:
    """A suite with the scores of both arms; the record holds the old arm's."""

    cases: tuple[Case, ...]
    old: dict[str, tuple[float, ...]]
    new: dict[str, tuple[float, ...]]

    @property
    def baseline(self) -> Baseline:
        return recorded(self.cases, self.old)

    def judged(self) -> Verdict:
        return judge_edited(self.cases, self.baseline, tried(self.old), tried(self.new))


def tried(values: dict[str, tuple[float, ...]]) -> Trials:
    return {case_id: trials(*scores) for case_id, scores in values.items()}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    n = draw(st.integers(3, 14))
    k = draw(st.sampled_from([1, 2, 3]))
    score = st.sampled_from(draw(st.sampled_from([[0.0, 1.0], [0.0, 0.25, 0.7, 1.0]])))
    # Mostly right before, mostly worse after: else fails would be rare.
    before = st.one_of(st.just((1.0,) * k), st.tuples(*[score] * k))
    after = st.one_of(st.just((0.0,) * k), st.tuples(*[score] * k))
    cases = suite(
        n,
        must_pass=draw(st.sets(st.integers(0, n - 1), max_size=1)),  # type: ignore[arg-type]
        weights=draw(
            st.lists(st.sampled_from([1.0, 1.0, 2.5]), min_size=n, max_size=n)
        ),
    )
    return World(
        cases=cases,
        old={case.id: draw(before) for case in cases},
        new={case.id: draw(after) for case in cases},
    )


@given(worlds(), st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_cases_and_trials_changes_nothing(
    world: World, random: Random
) -> None:
    def mixed(values: dict[str, tuple[float, ...]]) -> Trials:
        ids = random.sample(list(values), len(values))
        return {x: trials(*random.sample(values[x], len(values[x]))) for x in ids}

    shuffled = tuple(random.sample(world.cases, len(world.cases)))
    verdict = judge_edited(
        shuffled, recorded(shuffled, world.old), mixed(world.old), mixed(world.new)
    )

    assert verdict == world.judged()


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_one_more_wrong_reply_never_makes_the_verdict_better(
    world: World, data: st.DataObject
) -> None:
    case_id = data.draw(st.sampled_from(sorted(world.new)))
    worse = World(
        cases=world.cases,
        old=world.old,
        new={**world.new, case_id: (0.0, *world.new[case_id][1:])},
    )

    assert RANK[worse.judged().outcome] >= RANK[world.judged().outcome]


@given(worlds(), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_lost_cases_beside_the_compared_ones_never_make_the_verdict_better(
    world: World, lost: int
) -> None:
    gone = suite(40)[-lost:]
    base = recorded(
        (*world.cases, *gone), {**world.old, **{case.id: (1.0,) for case in gone}}
    )

    verdict = judge_edited(world.cases, base, tried(world.old), tried(world.new))

    assert RANK[verdict.outcome] >= RANK[world.judged().outcome]


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_losing_a_compared_case_never_turns_a_doubt_into_a_pass(
    world: World, data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(world.new)), min_size=1))
    kept = tuple(case for case in world.cases if case.id not in gone)

    removed = judge_edited(kept, world.baseline, tried(world.old), tried(world.new))
    silent = judge_edited(
        world.cases,
        world.baseline,
        tried(world.old),
        {**tried(world.new), **{case_id: trials(None) for case_id in gone}},
    )

    if world.judged().outcome != "pass":
        assert removed.outcome != "pass"
        assert silent.outcome != "pass"


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_identical_arms_pass(world: World) -> None:
    verdict = World(cases=world.cases, old=world.old, new=world.old).judged()

    assert verdict.outcome == "pass"


@given(
    st.integers(2, 60),
    st.integers(1, 5),
    st.sets(st.integers(0, 59), max_size=2),
    st.sets(st.integers(0, 59), max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_up_to_two_flips_of_a_deterministic_model_never_fail(
    n: int, k: int, flipped: set[int], wrong: set[int]
) -> None:
    cases = suite(n)
    before = sorted(wrong - flipped)

    verdict = judge_edited(
        cases,
        record(cases, before),
        arm(cases, before, k=k),
        arm(cases, [*before, *flipped], k=k),
    )

    assert verdict.outcome in ("pass", "inconclusive")


def test_three_flips_of_a_deterministic_model_fail() -> None:
    cases = suite(20)

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, [0, 1, 2]))

    assert (verdict.outcome, verdict.sign_flip_p) == ("fail", 1 / 16)
