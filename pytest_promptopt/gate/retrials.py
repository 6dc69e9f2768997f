"""What the fresh trials of doubtful ``must_pass`` cases decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import scores_of
from pytest_promptopt.gate.must_pass import chance_bound, failures, limits_of_rounds
from pytest_promptopt.gate.terms import RETRIALS, ROUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trial, Trials, Verdict


def with_retrials(
    verdict: Verdict,
    cases: Sequence[Case],
    old: Trials,
    new: Trials,
    *,
    looks: tuple[Trials, Trials],
) -> Verdict:
    """Let the retrials of the doubtful ``must_pass`` cases decide.

    A case is broken if most of its fresh trials fail in the edited arm (3 of 5, or 6 of
    10), not so in the baseline arm, and chance is ruled out as
    :mod:`~pytest_promptopt.gate.must_pass` says. While that cannot be told, and only
    one round was taken, :func:`doubtful_still` names the cases to retry again.

    Args:
        verdict: What the last look said, in both rounds; one with an error stays what
            it is.
        cases: All doubtful cases, from :func:`doubtful_must_pass`.
        old: All fresh trials of these in the baseline arm, 5 for each round so far.
        new: The same in the edited arm.
        looks: The trials of both arms that the verdict rests on, (old, new).

    Returns:
        A *fail* if a case is broken, *inconclusive* if that cannot be told of one.
        Other verdicts keep their outcome, and a fail its message.
    """
    if verdict.outcome == "error" or verdict.alpha is None or not cases:
        return verdict
    limits = limits_of_rounds(
        max(1, verdict.vital),
        alpha=verdict.alpha,
        hypotheses=max(1, verdict.hypotheses),
    )
    arms_of = [
        [tuple(arm.get(case.id, ())) for arm in (looks[0], old, looks[1], new)]
        for case in cases
    ]
    retried = [
        _retried(case.id, (old_looks, old_fresh), (new_looks, new_fresh), limits)
        for case, (old_looks, old_fresh, new_looks, new_fresh) in zip(
            cases, arms_of, strict=True
        )
    ]
    retried.sort(key=lambda entry: entry.case_id)
    return _decided(verdict, retried)


def doubtful_still(verdict: Verdict, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the doubtful cases that another round of retrials may settle.

    Args:
        verdict: From :func:`with_retrials`.
        cases: All doubtful cases.

    Returns:
        Those that are undecided; none where another verdict is certain already.
    """
    if (verdict.outcome, verdict.cause) != ("inconclusive", "must_pass"):
        return ()
    return tuple(case for case in cases if case.id in verdict.undecided)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retried:
    """What became of one doubtful case.

    Attributes:
        case_id: Its id.
        state: Whether the edit broke it; ``"shared"``: the baseline's prompt fails too.
        asked: Fresh trials of the edited arm that it takes to decide.
        failed: Failures among those that there are.
        scored: How many of these have a score.
        failed_old: Failures among the fresh trials of the baseline arm.
        scored_old: How many of these have a score.
        limit: What the chance is held against.
        chance: Largest chance of such figures by luck, where they are complete.
    """

    case_id: str
    state: Literal["broken", "undecided", "shared", "held"] = "held"
    asked: int
    failed: int
    scored: int
    failed_old: int
    scored_old: int
    limit: float
    chance: float | None = None

    @property
    def shown(self) -> str:
        """The case with its figures, in words."""
        return (
            f"{self.case_id!r} ({self.failed} of {self.scored} fresh trials fail,"
            f" {self.failed_old} of {self.scored_old} with the baseline's prompt)"
        )


def _retried(
    case_id: str,
    old: tuple[tuple[Trial, ...], tuple[Trial, ...]],
    new: tuple[tuple[Trial, ...], tuple[Trial, ...]],
    limits: Sequence[float],
) -> _Retried:
    """Decide about one case; each arm is its trials of the looks and the fresh ones."""
    taken = 1 if len(new[1]) <= RETRIALS else ROUNDS
    found = _Retried(
        case_id=case_id,
        asked=taken * RETRIALS,
        failed=failures(new[1]),
        scored=len(scores_of(new[1])),
        failed_old=failures(old[1]),
        scored_old=len(scores_of(old[1])),
        limit=limits[taken - 1],
    )
    most = found.asked // 2 + 1
    if found.failed_old >= most:
        return replace(found, state="shared")
    if found.failed + (found.asked - found.scored) < most:
        return found
    # Are replies missing that could decide it?
    if found.failed < most or not found.scored_old:
        return replace(found, state="undecided")
    chance = chance_bound(
        (failures(sum(old, ())), len(scores_of(sum(old, ())))),
        (failures(sum(new, ())), len(scores_of(sum(new, ())))),
    )
    ruled_out = chance <= found.limit
    state: Literal["broken", "undecided"] = "broken" if ruled_out else "undecided"
    return replace(found, state=state, chance=chance)


def _decided(verdict: Verdict, retried: Sequence[_Retried]) -> Verdict:
    broken = [entry for entry in retried if entry.state == "broken"]
    undecided = [entry for entry in retried if entry.state == "undecided"]
    found = replace(
        verdict,
        broken=tuple(entry.case_id for entry in broken),
        undecided=tuple(entry.case_id for entry in undecided),
    )
    if verdict.outcome == "fail":
        return found
    if broken:
        message = _broken(broken)
        return replace(found, outcome="fail", cause="must_pass", message=message)
    if undecided:
        message = _undecided(undecided)
        return replace(
            found, outcome="inconclusive", cause="must_pass", message=message
        )
    return replace(found, message=verdict.message + _settled(retried))


def _broken(broken: Sequence[_Retried]) -> str:
    return (
        f"the edited prompt breaks {_listed(broken)}: chance alone does that at most"
        f" {_least_certain(broken)}"
    )


def _undecided(undecided: Sequence[_Retried]) -> str:
    known = [entry for entry in undecided if entry.chance is not None]
    if known:
        why = f"chance alone may do that {_least_certain(known)}; see the replies"
    else:
        why = "replies are missing that would decide it; run it again"
    return f"cannot tell whether the edited prompt breaks {_listed(undecided)}: {why}"


def _least_certain(retried: Sequence[_Retried]) -> str:
    most = max(retried, key=lambda entry: (entry.chance or 0.0) / entry.limit)
    chance, limit = say.once_in(most.chance or 0.0, most.limit)
    return f"{chance}, limit {limit}"


def _settled(retried: Sequence[_Retried]) -> str:
    """Return what to say about cases that failed once and are not broken."""
    shared = [entry.case_id for entry in retried if entry.state == "shared"]
    held = [entry for entry in retried if entry.state == "held"]
    text = ""
    if shared:
        text += (
            f"; {say.named('must_pass case', shared)} now wrong with the baseline's"
            " prompt too: not the edit's doing"
        )
    if held:
        text += (
            f"; {say.named('must_pass case', [entry.case_id for entry in held])} wrong"
            f" at first, but not in most of {max(entry.asked for entry in held)} fresh"
            " trials"
        )
    return text


def _listed(retried: Sequence[_Retried], most: int = 3) -> str:
    noun = "must_pass case" if len(retried) == 1 else "must_pass cases"
    shown = ", ".join(entry.shown for entry in retried[:most])
    rest = f" and {len(retried) - most} more" if len(retried) > most else ""
    return f"{noun} {shown}{rest}"
