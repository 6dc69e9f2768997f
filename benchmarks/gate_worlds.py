"""Worlds with known truth for the gate: who is how good, and what an edit does to it.

A case ``i`` is right with probability ``p_i ~ Beta(.85 s, .15 s)``: ``s`` = .1 is a
nearly deterministic model, .4 a usual one, 2 a noisy one, and 0 a model that always
answers alike. A :class:`Truth` says with which probability each case was right when the
baseline was recorded, is right with the baseline's prompt now, and is right with the
edited prompt now. Everything is drawn from the one random source that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.records import Case, Score, Trial, Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

MEAN = 0.85
RECORDED_TRIALS = 3
CHURNED = 0.10
"""Share of the cases that an edit without effect on the whole redraws."""

DEEPEST = 0.95
"""Share of its own probability that a case loses where a drop is concentrated."""

RIGHT = Trial(score=Score(value=1.0), output="yes")
WRONG = Trial(score=Score(value=0.0, reason="expected 'yes'"), output="no")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a suite: the probability of a right reply, case by case.

    Attributes:
        recorded: When the baseline was recorded.
        old: With the baseline's prompt, in this run.
        new: With the edited prompt, in this run.
    """

    recorded: Sequence[float]
    old: Sequence[float]
    new: Sequence[float]


def abilities(random: Random, n: int, s: float) -> list[float]:
    """Draw how good a model is at ``n`` cases."""
    if s == 0:
        return [float(random.random() < MEAN) for _ in range(n)]
    return [random.betavariate(MEAN * s, (1 - MEAN) * s) for _ in range(n)]


def concentrated(random: Random, good: Sequence[float], drop: float) -> list[float]:
    """Return the abilities after a few cases, drawn at random, all but stop working.

    Args:
        random: Draws the cases.
        good: Abilities before.
        drop: How much the mean falls, as a share.
    """
    worse, left = list(good), drop * len(good)
    for i in random.sample(range(len(good)), len(good)):
        loss = min(DEEPEST * good[i], left)
        worse[i] -= loss
        left -= loss
        if left <= 0:
            break
    return worse


def redrawn(
    random: Random, good: Sequence[float], s: float, share: float
) -> list[float]:
    """Return the abilities with a share of the cases drawn anew."""
    other = list(good)
    chosen = random.sample(range(len(good)), round(share * len(good)))
    for i, ability in zip(chosen, abilities(random, len(chosen), s), strict=True):
        other[i] = ability
    return other


def nothing(random: Random, n: int, s: float) -> Truth:
    """An edit without effect: every case is right as often as before."""
    good = abilities(random, n, s)
    return Truth(good, good, good)


def churn(random: Random, n: int, s: float) -> Truth:
    """An edit that moves single cases up and down, at random."""
    good = abilities(random, n, s)
    return Truth(good, good, redrawn(random, good, s, CHURNED))


def drop(random: Random, n: int, s: float, size: float) -> Truth:
    """An edit that makes the prompt worse in a few cases."""
    good = abilities(random, n, s)
    return Truth(good, good, concentrated(random, good, size))


def drift(random: Random, n: int, s: float, size: float) -> Truth:
    """A provider's model that got worse since the record; an edit without effect.

    A share of four times the drift is reshuffled as well, as in the reference note A.5:
    20 % of the cases for 5 points.
    """
    good = abilities(random, n, s)
    shuffled = redrawn(random, good, s, 4 * size)
    now = concentrated(random, shuffled, size)
    return Truth(good, now, now)


def up_and_down(random: Random, n: int, s: float, size: float) -> Truth:
    """A model that got better since the record, and an edit that undoes it."""
    good = abilities(random, n, s)
    gained = size / (1 - MEAN)
    now = [p + (1 - p) * gained for p in good]
    return Truth(good, now, concentrated(random, now, size))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase(Case):
    """A case whose content was hashed once: the gate asks for it in every comparison.

    Attributes:
        known_hash: What :attr:`Case.hash` says of the same content.
    """

    known_hash: str = ""

    @property
    def hash(self) -> str:
        """Identity of the content."""
        return self.known_hash


@dataclass(slots=True)
class Model:
    """A simulated model: right with a given probability, and it counts its calls."""

    random: Random
    calls: int = 0

    def ask(self, ability: float, trials: int) -> tuple[Trial, ...]:
        """Return fresh trials of one case."""
        self.calls += trials
        draw: Callable[[], float] = self.random.random
        return tuple(RIGHT if draw() < ability else WRONG for _ in range(trials))


@dataclass(slots=True)
class Arm:
    """One arm of a comparison: a prompt whose abilities are known.

    Attributes:
        model: Answers.
        good: Probability of a right reply, case by case.
        trials: What it has answered so far, by case id.
    """

    model: Model
    good: Sequence[float]
    trials: dict[str, tuple[Trial, ...]] = field(default_factory=dict)

    def look(self, k: int) -> Trials:
        """Ask ``k`` more trials of every case; return all so far."""
        for i, ability in enumerate(self.good):
            more = self.model.ask(ability, k)
            self.trials[name(i)] = self.trials.get(name(i), ()) + more
        return self.trials

    def retrials(self, doubtful: Sequence[Case], k: int) -> Trials:
        """Return ``k`` fresh trials of some cases, and of them alone."""
        return {
            case.id: self.model.ask(self.good[int(case.id[1:])], k) for case in doubtful
        }


@cache
def name(i: int) -> str:
    """Return the id of case ``i``."""
    return f"c{i}"


@cache
def case(i: int, *, must_pass: bool = False) -> Case:
    """Return case ``i``."""
    plain = Case(
        id=name(i), inputs={"text": name(i)}, expected="yes", must_pass=must_pass
    )
    return KnownCase(
        id=plain.id,
        inputs=plain.inputs,
        expected=plain.expected,
        must_pass=must_pass,
        known_hash=plain.hash,
    )


@cache
def _entries(i: int, must_pass: bool) -> dict[tuple[bool, ...], BaselineCase]:  # noqa: FBT001 - a cache key
    content = case(i, must_pass=must_pass)
    return {
        right: BaselineCase(
            id=content.id,
            hash=content.hash,
            values=tuple(map(float, right)),
            must_pass=must_pass,
        )
        for right in product((False, True), repeat=RECORDED_TRIALS)
    }


def recorded(
    model: Model, good: Sequence[float], *, must_pass: float = 0.0
) -> tuple[tuple[Case, ...], Baseline]:
    """Record a baseline with three trials a case.

    Args:
        model: Answers.
        good: Probability of a right reply, case by case.
        must_pass: Share of the cases that alone can fail the build, taken from those
            that were right in every recorded trial.
    """
    right = [
        tuple(trial is RIGHT for trial in model.ask(ability, RECORDED_TRIALS))
        for ability in good
    ]
    steady = [i for i, values in enumerate(right) if all(values)]
    vital = set(steady[: round(must_pass * len(good))])
    entries = (_entries(i, i in vital)[values] for i, values in enumerate(right))
    return suite(len(good), vital), _baseline(entries)


def suite(n: int, vital: Iterable[int] = ()) -> tuple[Case, ...]:
    """Return ``n`` cases, some of which must pass."""
    chosen = set(vital)
    return tuple(case(i, must_pass=i in chosen) for i in range(n))


def _baseline(entries: Iterable[BaselineCase]) -> Baseline:
    return Baseline(
        prompt={"text": "Say yes."},
        request={},
        model="simulated",
        fingerprint="0" * 64,
        date="2026-11-20",
        cases=tuple(entries),
    )
