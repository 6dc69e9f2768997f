"""What the fresh trials of doubtful ``must_pass`` cases decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import scores_of
from pytest_promptopt.gate.must_pass import BROKEN, SHARE, chance_bound, failures
from pytest_promptopt.gate.terms import RETRIALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trial, Trials, Verdict


def with_retrials(
    verdict: Verdict,
    cases: Sequence[Case],
    old: Trials,
    new: Trials,
    *,
    suite: Sequence[Case],
    looks: tuple[Trials, Trials],
) -> Verdict:
    """Let the retrials of the doubtful ``must_pass`` cases decide.

    Args:
        verdict: What the last look said; one with an error stays what it is.
        cases: The doubtful cases, from :func:`doubtful_must_pass`.
        old: Fresh trials of these in the baseline arm, 5 each.
        new: The same in the edited arm.
        suite: All cases of the prompt test: its ``must_pass`` cases share the limit.
        looks: The trials of both arms that the verdict rests on, (old, new).

    Returns:
        A *fail* if a case is broken: 3 of 5 fail in the edited arm, not so in the
        baseline arm, and chance is ruled out as
        :mod:`~pytest_promptopt.gate.must_pass` says. *Inconclusive* if
        that cannot be told. Other verdicts keep their outcome, and a fail its message.
    """
    if verdict.outcome == "error" or verdict.limit is None or not cases:
        return verdict
    sharing = sum(case.must_pass for case in suite)
    # The verdict's own limit is what SHARE left over.
    limit = verdict.limit * SHARE / (1 - SHARE) / max(1, sharing)
    arms_of = [
        [tuple(arm.get(case.id, ())) for arm in (looks[0], old, looks[1], new)]
        for case in cases
    ]
    retried = [
        _retried(case.id, (old_looks, old_fresh), (new_looks, new_fresh), limit)
        for case, (old_looks, old_fresh, new_looks, new_fresh) in zip(
            cases, arms_of, strict=True
        )
    ]
    retried.sort(key=lambda entry: entry.case_id)
    return _decided(verdict, retried, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retried:
    """What became of one doubtful case.

    Attributes:
        case_id: Its id.
        state: Whether the edit broke it; ``"shared"``: the baseline's prompt fails too.
        failed: Failures among the fresh trials of the edited arm.
        scored: How many of these have a score.
        failed_old: Failures among the fresh trials of the baseline arm.
        scored_old: How many of these have a score.
        chance: Largest chance of such figures by luck, where they are complete.
    """

    case_id: str
    state: Literal["broken", "undecided", "shared", "held"]
    failed: int
    scored: int
    failed_old: int
    scored_old: int
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
    limit: float,
) -> _Retried:
    """Decide about one case; each arm is its trials of the looks and the fresh ones."""
    failed, failed_old = failures(new[1]), failures(old[1])
    scored, scored_old = len(scores_of(new[1])), len(scores_of(old[1]))
    found = _Retried(
        case_id=case_id,
        state="held",
        failed=failed,
        scored=scored,
        failed_old=failed_old,
        scored_old=scored_old,
    )
    if failed_old >= BROKEN:
        return replace(found, state="shared")
    if failed + (RETRIALS - scored) < BROKEN:
        return found
    if failed < BROKEN or not scored_old:  # replies are missing that could decide it
        return replace(found, state="undecided")
    chance = chance_bound(
        (failures(sum(old, ())), len(scores_of(sum(old, ())))),
        (failures(sum(new, ())), len(scores_of(sum(new, ())))),
    )
    state: Literal["broken", "undecided"] = "broken" if chance <= limit else "undecided"
    return replace(found, state=state, chance=chance)


def _decided(verdict: Verdict, retried: Sequence[_Retried], limit: float) -> Verdict:
    broken = [entry for entry in retried if entry.state == "broken"]
    undecided = [entry for entry in retried if entry.state == "undecided"]
    ids = tuple(entry.case_id for entry in broken)
    if verdict.outcome == "fail":
        return replace(verdict, broken=ids)
    if broken:
        return replace(
            verdict,
            outcome="fail",
            cause="must_pass",
            message=_broken(broken, limit),
            broken=ids,
        )
    if undecided:
        return replace(
            verdict,
            outcome="inconclusive",
            cause="must_pass",
            message=_undecided(undecided, limit),
        )
    return replace(verdict, message=verdict.message + _settled(retried))


def _broken(broken: Sequence[_Retried], limit: float) -> str:
    return (
        f"the edited prompt breaks {_listed(broken)}: chance alone does that at most"
        f" {_most_likely(broken, limit)}"
    )


def _undecided(undecided: Sequence[_Retried], limit: float) -> str:
    known = [entry for entry in undecided if entry.chance is not None]
    if known:
        why = f"chance alone may do that {_most_likely(known, limit)}; see the replies"
    else:
        why = "replies are missing that would decide it; run it again"
    return f"cannot tell whether the edited prompt breaks {_listed(undecided)}: {why}"


def _most_likely(retried: Sequence[_Retried], limit: float) -> str:
    most = max(entry.chance or 0.0 for entry in retried)
    return f"{_once_in(most)}, limit {_once_in(limit)}"


def _settled(retried: Sequence[_Retried]) -> str:
    """Return what to say about cases that failed once and are not broken."""
    shared = [entry.case_id for entry in retried if entry.state == "shared"]
    held = [entry.case_id for entry in retried if entry.state == "held"]
    text = ""
    if shared:
        text += (
            f"; {say.named('must_pass case', shared)} now wrong with the baseline's"
            " prompt too: not the edit's doing"
        )
    if held:
        text += (
            f"; {say.named('must_pass case', held)} wrong at first, right in most of"
            f" {RETRIALS} fresh trials"
        )
    return text


def _listed(retried: Sequence[_Retried], most: int = 3) -> str:
    noun = "must_pass case" if len(retried) == 1 else "must_pass cases"
    shown = ", ".join(entry.shown for entry in retried[:most])
    rest = f" and {len(retried) - most} more" if len(retried) > most else ""
    return f"{noun} {shown}{rest}"


def _once_in(chance: float) -> str:
    runs = float(f"{1 / chance:.2g}")
    return f"once in {say.count(round(runs), 'run')}"
