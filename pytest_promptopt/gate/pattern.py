"""What the broken cases share: counted, never guessed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.gate.comparison import Pair
    from pytest_promptopt.records import CaseChange, Trial

MOST_SENTENCES = 3
LEAST_CASES = 3
CHANCE = 0.05
"""A trait this likely among as many cases drawn by lot is not worth a sentence."""

_RESTATED = 0.8
"""Two traits of this much overlap among the broken cases say the same."""

Kind = Literal["confusion", "finish", "empty", "got", "tag", "reason"]
# The more a kind of trait explains, the earlier it stands; ties are broken so.
_KINDS: tuple[Kind, ...] = ("confusion", "finish", "empty", "got", "tag", "reason")
# Traits of these kinds may say the same in other words.
_RESTATES: Mapping[Kind, tuple[Kind, ...]] = {
    "confusion": ("confusion",),
    "finish": ("finish",),
    "empty": ("empty",),
    "got": ("confusion", "got"),
    "tag": ("tag",),
    "reason": ("confusion", "finish", "empty", "got", "reason"),
}


@dataclass(frozen=True, slots=True, order=True)
class Trait:
    """Something that a case, or a reply to it, has or has not.

    Attributes:
        kind: What sort of thing.
        value: Which one: the reply, the tag, the reason.
        expected: The right answer, for the kind ``"confusion"``.
    """

    kind: Kind
    value: str = ""
    expected: str = ""

    @property
    def in_a_reply(self) -> Trait:
        """What to look for in replies that need not be wrong.

        Where another answer is expected, only the answer given can be compared.
        """
        return Trait("got", self.value) if self.kind == "confusion" else self


@dataclass(frozen=True, slots=True)
class _Shared:
    """A trait that many of the broken cases share.

    Attributes:
        trait: The trait.
        broken: Ids of the broken cases that have it.
        having: How many of all compared cases have it.
    """

    trait: Trait
    broken: frozenset[str]
    having: int


def pattern(pairs: Sequence[Pair], worse: Sequence[CaseChange]) -> tuple[str, ...]:
    """Return what the broken cases share, one sentence each, most telling first.

    A trait is told if at least 3 and at least half of the broken cases have it, and if
    as many of as many cases drawn by lot would have it with a chance of at most 5 %.
    The lot is drawn from the compared cases with the edited arm's replies. Where these
    show no difference, it is drawn from the baseline arm's replies: when an edit cuts
    off every reply, all cases have that in common, and had not before. Tags and reasons
    are compared within the edited arm only, the former being the same in both.

    Args:
        pairs: The compared cases.
        worse: Those of them that got worse, with the replies that show it.

    Returns:
        At most 3 sentences, none of which restates another; the same for every order
        of the arguments.

    Source:
        The hypergeometric tail: Fisher, "The Design of Experiments" (1935), section 7.
    """
    by_id = {pair.case.id: pair for pair in pairs}
    broken = {
        change.case_id: _traits_of(change, by_id[change.case_id])
        for change in worse
        if change.case_id in by_id
    }
    others = [pair for pair in pairs if pair.case.id not in broken]
    now = Counter(trait for pair in others for trait in _any_of(pair, pair.new_trials))
    found = _frequent(broken, now)
    telling = [
        shared
        for shared in found
        if _is_rarer_elsewhere(shared, len(broken), len(pairs))
        or _is_new(shared, len(broken), pairs)
    ]
    told = sorted(_without_restatements(telling), key=_rank)
    return tuple(
        _sentence(shared, len(broken), len(pairs)) for shared in told[:MOST_SENTENCES]
    )


def chance_of(having: int, cases: int, drawn: int, at_least: int) -> float:
    """Return how likely a lot of cases has a trait at least so often.

    Args:
        having: How many of all cases have it.
        cases: How many cases there are.
        drawn: How many are drawn by lot, without putting any back.
        at_least: How many of these have it, at least.
    """
    ways = sum(
        math.comb(having, hits) * math.comb(cases - having, drawn - hits)
        for hits in range(at_least, min(having, drawn) + 1)
    )
    return ways / math.comb(cases, drawn)


def _traits_of(change: CaseChange, pair: Pair) -> frozenset[Trait]:
    """Return the traits of a broken case, as its worst reply shows them."""
    got = change.got.strip()
    traits = set(_of_reply(got, change.finish_reason, change.reason))
    if got and change.expected:
        traits.add(Trait("confusion", got, change.expected))
    return frozenset(traits.union(_tags(pair)))


def _any_of(pair: Pair, trials: Sequence[Trial]) -> frozenset[Trait]:
    """Return the traits that a case has, or any reply to it."""
    return _replied(trials).union(_tags(pair))


def _replied(trials: Sequence[Trial]) -> frozenset[Trait]:
    return frozenset(
        trait
        for trial in trials
        if trial.missing is None
        for trait in _of_reply(
            trial.output.strip(), trial.finish_reason, trial.score.reason
        )
    )


def _of_reply(got: str, finish_reason: str, reason: str) -> Iterable[Trait]:
    yield Trait("got", got) if got else Trait("empty")
    if finish_reason != "stop":
        yield Trait("finish", finish_reason)
    if reason.strip():
        yield Trait("reason", reason.strip())


def _tags(pair: Pair) -> Iterable[Trait]:
    return (Trait("tag", tag) for tag in pair.case.tags)


def _frequent(
    broken: Mapping[str, frozenset[Trait]], now: Mapping[Trait, int]
) -> list[_Shared]:
    """Return the traits that enough of the broken cases have."""
    having: dict[Trait, set[str]] = {}
    for case_id, traits in broken.items():
        for trait in traits:
            having.setdefault(trait, set()).add(case_id)
    least = max(LEAST_CASES, math.ceil(len(broken) / 2))
    return [
        _Shared(trait, frozenset(ids), len(ids) + now.get(trait.in_a_reply, 0))
        for trait, ids in having.items()
        if len(ids) >= least
    ]


def _is_rarer_elsewhere(shared: _Shared, broken: int, cases: int) -> bool:
    """Return whether the other compared cases have it less often, beyond chance."""
    return chance_of(shared.having, cases, broken, len(shared.broken)) <= CHANCE


def _is_new(shared: _Shared, broken: int, pairs: Sequence[Pair]) -> bool:
    """Return whether the baseline arm's replies show it less often, beyond chance."""
    if shared.trait.kind in ("tag", "reason"):
        return False
    earlier = [pair.old_trials for pair in pairs if pair.old_trials]
    had = sum(shared.trait.in_a_reply in _replied(trials) for trials in earlier)
    hits = len(shared.broken)
    # The broken cases' new replies and the old ones of all lie in one urn.
    drawn_by_lot = chance_of(had + hits, len(earlier) + broken, broken, hits)
    return bool(earlier) and drawn_by_lot <= CHANCE


def _without_restatements(found: Sequence[_Shared]) -> list[_Shared]:
    """Drop what only says in other words what is kept already."""
    kept: list[_Shared] = []
    for shared in sorted(found, key=lambda x: (_KINDS.index(x.trait.kind), _rank(x))):
        restated = _RESTATES[shared.trait.kind]
        if not any(
            other.trait.kind in restated and _overlap(other, shared) >= _RESTATED
            for other in kept
        ):
            kept.append(shared)
    return kept


def _overlap(one: _Shared, other: _Shared) -> float:
    return len(one.broken & other.broken) / len(one.broken | other.broken)


def _rank(shared: _Shared) -> tuple[int, int, int, Trait]:
    kind = _KINDS.index(shared.trait.kind)
    return -len(shared.broken), kind, shared.having, shared.trait


def _sentence(shared: _Shared, broken: int, cases: int) -> str:
    trait = shared.trait
    start = f"{len(shared.broken)} of {broken} broken cases"
    quoted = shortened(trait.value)
    if trait.kind == "confusion":
        return f"{start} expect {shortened(trait.expected)} and got {quoted}"
    if trait.kind == "finish":
        return f"{start} ended with finish reason {quoted}"
    if trait.kind == "empty":
        return f"{start} got an empty reply"
    if trait.kind == "got":
        return f"{start} got {quoted}"
    if trait.kind == "tag":
        having = f"{shared.having} of {cases} cases have it"
        return f"{start} have the tag {quoted} ({having})"
    return f"{start} have the same reason: {quoted}"
