"""The rule for edited prompts: from the trials of two arms to one of four verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import compare
from pytest_promptopt.gate.finding import ROUNDING, Finding, find
from pytest_promptopt.gate.limits import check_limits
from pytest_promptopt.gate.lost import doubt_by_loss, refusal
from pytest_promptopt.gate.must_pass import eligible
from pytest_promptopt.gate.single import below_floor, is_below
from pytest_promptopt.gate.terms import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import Case, LimitCheck, Trials, Verdict


def judge_edited(
    cases: Sequence[Case],
    baseline: Baseline,
    old: Trials,
    new: Trials,
    terms: Terms,
    *,
    look: int,
) -> Verdict:
    """Decide whether an edited prompt is worse than the baseline's.

    Both arms are fresh trials of one run, all of them so far. *Fail* takes a drop of at
    least the tolerance, an exact stratified p within the limit and a case-level
    sign-flip mid-p within 0.10; or an exceeded limit on a part of the scores; or an
    accuracy whose upper 95 % bound is below the floor. *Pass* takes a drop below half
    the tolerance or one that chance explains (p above 0.3), also with lost cases and
    unscored replies counted as wrong. Both are the same at every look, and said before
    the first reply.

    Args:
        cases: The suite as it is now; ids are unique.
        baseline: The committed record.
        old: Trials of the baseline arm, by case id.
        new: Trials of the edited arm, by case id.
        terms: What the comparison is held against.
        look: Which look this is, from 1 to 2.

    Returns:
        The verdict with all its figures; while :func:`goes_on` says so, it is not the
        last word.

    Raises:
        SettingError: A limit cannot be read, or is set on a part that no reply has.
    """
    compared = compare(cases, baseline, old, new)
    if (refused := refusal(compared, cases, new, baseline, terms)) is not None:
        return refused
    vital = len(eligible(cases, baseline))
    found = find(compared, terms, date=baseline.date, vital=vital, look=look)
    limits = check_limits(compared.pairs, terms.limits, held_against=found.limit)
    if found.fails:
        return found.verdict("fail", "worse", _worse(found), limits)
    if exceeded := [check for check in limits if check.state == "exceeded"]:
        message = f"the edited prompt exceeds {_held(exceeded)}: {found.figures}"
        return found.verdict("fail", "limit", message, limits)
    if terms.min_score is not None and is_below(found.interval, terms.min_score):
        message = below_floor(found.accuracy, found.interval, terms.min_score)
        return found.verdict("fail", "floor", message, limits)
    if not found.passes:
        return found.verdict("inconclusive", "unclear", _unclear(found), limits)
    if unclear := [check for check in limits if check.state == "unclear"]:
        message = (
            f"cannot tell whether the edited prompt keeps {_held(unclear)}:"
            " more cases would settle it"
        )
        return found.verdict("inconclusive", "unclear", message, limits)
    if doubt := doubt_by_loss(found):
        return found.verdict("inconclusive", "cases lost", doubt, limits)
    cause, message = _passed(found)
    return found.verdict("pass", cause, message, limits)


def goes_on(verdict: Verdict, look: int) -> bool:
    """Return whether another look is due after this one.

    Args:
        verdict: What :func:`judge_edited` said at this look.
        look: Which look it was, from 1.
    """
    unclear = (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    return unclear and look < LOOKS


def _worse(found: Finding) -> str:
    return (
        f"the edited prompt is worse by {say.points(found.drop)}: {found.figures},"
        f" {found.test}"
    )


def _held(checks: Sequence[LimitCheck]) -> str:
    """Return the parts with what they were held against, in words."""
    noun = "the limit" if len(checks) == 1 else "the limits"
    shown = "; ".join(
        f"{check.part!r} {check.limit} ({check.was:.4g} -> {check.now:.4g},"
        f" {say.test(check.p_value, check.held_against)})"
        for check in checks
    )
    return f"{noun} {shown}"


def _unclear(found: Finding) -> str:
    tolerance = found.terms.tolerance
    if found.is_significant and not found.matters:
        return (
            f"the edited prompt is worse by {say.points(found.drop)}, which is less"
            f" than the tolerance of {say.points(tolerance)}: {found.figures},"
            f" {found.test}; look at the cases that got worse"
        )
    why = "; too few cases changed to tell" if found.is_significant else ""
    return (
        "cannot tell whether the edited prompt is worse by"
        f" {say.points(found.drop)}: {found.figures}, {found.test}{why}"
    )


def _passed(found: Finding) -> tuple[str, str]:
    """Return the cause and the message of a pass."""
    gained = found.drop <= ROUNDING - found.terms.tolerance
    if gained and found.compared.p_value("gain") <= found.terms.alpha:
        return (
            "better",
            f"the edited prompt is better by {say.points(found.drop)}: {found.figures}",
        )
    if found.is_no_doubt(found.drop):
        size = say.points(found.terms.tolerance)
        return "same", f"no drop of {size} or more: {found.figures}"
    return (
        "same",
        f"a drop of {say.points(found.drop)} that chance explains"
        f" ({say.p_value(found.p)}): {found.figures}",
    )
