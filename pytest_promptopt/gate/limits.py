"""Parts of the scores, such as tokens or format, held against limits of their own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from pytest_promptopt import stats
from pytest_promptopt.errors import SettingError
from pytest_promptopt.records import LimitCheck
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.gate.comparison import Pair
    from pytest_promptopt.records import Trial

KEPT_ABOVE = 0.3
"""A limit is kept if chance alone exceeds it as clearly as often as this."""

# Relative: ten tokens a case more than 100 is 10 %, whatever 1.1 * 100 is in binary.
_ROUNDING = 1e-9
# Steps of the largest excess that excesses are read on: the flips of rounded values
# are as exact as of the others, and soon counted.
_GRID = 1000
_FORM = re.compile(r"(<=|>=|\+|-) *([0-9]+(?:\.[0-9]+)?|\.[0-9]+) *(%?)")
_FORMS = (
    'write "+10%" or "+50" for what it may rise by, "-2%" or "-0.02" for what it may'
    ' fall by, "<=400" or ">=0.9" for the mean itself'
)
_NO_MEASURE = {
    "cost": 'add the model\'s prices: [tool.promptopt.prices."openai:gpt-5-mini"]',
    "tokens": "limit 'length' instead: the provider reports no token usage",
    "output_tokens": "limit 'length' instead: the provider reports no token usage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit, read.

    Attributes:
        side: ``"most"``: more exceeds it; ``"least"``: less exceeds it.
        factor: What the baseline arm's mean is multiplied with; 0 for a limit on the
            mean itself.
        offset: What is added to that, in the part's own unit.
    """

    side: Literal["most", "least"]
    factor: float
    offset: float

    def excess(self, was: float, now: float) -> float:
        """Return by how much a pair of means exceeds the limit; below 0: it is kept."""
        bound = self.factor * was + self.offset
        if math.isclose(now, bound, rel_tol=_ROUNDING):
            return 0.0
        return now - bound if self.side == "most" else bound - now


def check_limit(text: str) -> None:
    """Refuse a limit that cannot be read.

    Raises:
        SettingError: It is none of ``"+10%"``, ``"+50"``, ``"-2%"``, ``"-0.02"``,
            ``"<=400"`` and ``">=0.9"``.
    """
    read_limit(text)


def read_limit(text: str) -> Limit:
    """Read a limit as it is written.

    Raises:
        SettingError: It cannot be read.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise SettingError(f"limit {text!r} cannot be read", _advice(text.strip()))
    sign, digits, percent = match.groups()
    amount = float(digits)
    if sign in ("<=", ">="):
        if percent:
            raise SettingError(
                f"limit {text!r} bounds the mean itself, which is no percentage",
                f'write "{sign}{amount / 100:g}" for the mean itself, or "+{digits}%"'
                f' or "-{digits}%" to compare with the baseline',
            )
        if sign == ">=" and amount > 1:
            # No test of a skewed amount from below keeps its level: see check_limits.
            raise SettingError(
                f"limit {text!r} asks an amount to be large",
                '">=" is for parts between 0 and 1; write "-20%" to compare with the'
                " baseline",
            )
        side: Literal["most", "least"] = "most" if sign == "<=" else "least"
        return Limit(side=side, factor=0.0, offset=amount)
    change = amount if sign == "+" else -amount
    if percent and change <= -100:
        raise SettingError(
            f"limit {text!r} could never be exceeded",
            'write less than 100 %, for example "-5%"',
        )
    return Limit(
        side="most" if sign == "+" else "least",
        factor=1 + change / 100 if percent else 1.0,
        offset=0.0 if percent else change,
    )


def check_limits(
    pairs: Sequence[Pair], limits: Mapping[str, str], *, held_against: float
) -> tuple[LimitCheck, ...]:
    """Hold the parts of the edited arm's scores against their limits.

    For each case, the excess is the edited arm's mean minus the bound that the limit
    makes of the baseline arm's mean (signs turned where less is worse). A limit is
    exceeded if the weighted mean of the excesses is above 0 and their one-sided
    sign-flip p is at most ``held_against``; it is kept if that mean is not above 0 or
    p > 0.3; else it is unclear. What is decided on is the mean that is shown.

    The level holds where the limit is kept with equality. Let a case's new measures be
    drawn like its old ones times the factor, or plus the offset. Then its excess is
    the difference of two draws from one distribution, so that each sign is equally
    likely whatever the distribution: counts of tokens may be as skewed as they like,
    and no logarithm is needed, which would test another mean than the one paid for.
    This also holds if cases differ, in level or in noise, since they are flipped one
    by one; with a true mean within the limit alarms are rarer still. If the edit moves
    cases up and down without moving the mean, only the noise moves the mean of a
    committed suite, but the flips count the spread between cases too: they err towards
    no alarm.

    A bound on the mean itself has no second draw to be exchanged with. The level then
    needs noise that is symmetric, or has its long tail on the side that the limit
    forbids, as with "<=" of tokens and seconds and ">=" of a share near 1. With ">=" of
    an amount that is as skewed as it is noisy, alarms were up to three times as
    frequent in simulations, so that it is refused; "-20%" has no such trouble.

    Args:
        pairs: The compared cases; those without the part in either arm are left out.
        limits: Part to limit; a part's own name wins over a measure's.
        held_against: What p is held against, in (0, 1).

    Returns:
        One check per limit, in the order given; none if there is no pair.

    Raises:
        SettingError: A limit cannot be read, or no case has the part.
    """
    if not pairs:
        return ()
    return tuple(
        _check(pairs, part, text, held_against=held_against)
        for part, text in limits.items()
    )


def _check(
    pairs: Sequence[Pair], part: str, text: str, *, held_against: float
) -> LimitCheck:
    limit = read_limit(text)
    means = [
        (was, now, pair.case.weight)
        for pair in pairs
        if (was := _mean(pair.old_trials, part)) is not None
        and (now := _mean(pair.new_trials, part)) is not None
    ]
    if not means:
        raise _no_part(pairs, part)
    old, new, weights = zip(*means, strict=True)
    excesses = [limit.excess(was, now) for was, now, _ in means]
    largest = max(map(abs, excesses)) or 1.0
    shares = [round(_GRID * excess / largest) / _GRID for excess in excesses]
    p = stats.sign_flip_p(shares, weights=weights, side="gain")
    state: Literal["kept", "exceeded", "unclear"] = "unclear"
    if stats.weighted_mean(excesses, weights) <= 0 or p > KEPT_ABOVE:
        state = "kept"
    elif p <= held_against:
        state = "exceeded"
    return LimitCheck(
        part=part,
        limit=text,
        was=stats.weighted_mean(old, weights),
        now=stats.weighted_mean(new, weights),
        p_value=p,
        held_against=held_against,
        state=state,
    )


def _mean(trials: Sequence[Trial], part: str) -> float | None:
    values = [trial.measures[part] for trial in trials if part in trial.measures]
    return fmean(values) if values else None


def _no_part(pairs: Sequence[Pair], part: str) -> SettingError:
    known = {
        name
        for pair in pairs
        for trial in (*pair.old_trials, *pair.new_trials)
        for name in trial.measures
    }
    shown = ", ".join(map(repr, sorted(known))) or "none"
    return SettingError(
        f"limits: no case has a part {part!r} in both arms; the parts known are"
        f" {shown}",
        _hint_for(part, known),
    )


def _hint_for(part: str, known: set[str]) -> str:
    if part in _NO_MEASURE:
        return _NO_MEASURE[part]
    if part in known:
        return "let the body return the part for every reply of both arms"
    if not known:
        return 'let the body return Score(value, parts={"NAME": share})'
    return did_you_mean(part, known)


def _advice(text: str) -> str:
    """Return the hint that fits what was probably meant."""
    for wrong, sign in (("=<", "<="), ("=>", ">="), ("<", "<="), (">", ">=")):
        meant = sign + text.removeprefix(wrong)
        if text.startswith(wrong) and _FORM.fullmatch(meant):
            return f'write "{meant}"'
    if _FORM.fullmatch(f"+{text}"):
        bound = "" if text.endswith("%") else f', or write "<={text}"'
        return f'put a sign before it: "+{text}" or "-{text}"{bound}'
    return _FORMS
