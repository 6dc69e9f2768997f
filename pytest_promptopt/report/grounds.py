"""What a verdict rests on, line by line: cases, tags, limits, and how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.gate.terms import LOOKS
from pytest_promptopt.report.figures import (
    comparison,
    is_blind,
    is_carried_over,
    moved,
    recorded,
    score,
    sight,
)
from pytest_promptopt.report.lines import SHOWN, in_order, listed
from pytest_promptopt.wording import (
    beside,
    change,
    count,
    interval,
    limit,
    percent,
    points,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import CaseChange, LimitCheck, TagAccuracy, Verdict

TAG_MOVED = 0.01
"""Smallest change of a tag's accuracy that a failure names, as a share."""

ROUNDING = 1e-9
"""Differences of decimals that are none."""

_STATES = {"exceeded": "exceeded", "unclear": "cannot tell", "kept": "kept"}


def certainty(verdict: Verdict, model: str = "") -> list[str]:
    """Say what was compared, and how sure the figures are.

    Args:
        verdict: The decision.
        model: Name of the task model; empty: it is not told.
    """
    lines = [*_accuracies(verdict), *terms(verdict, model)]
    if verdict.detectable is None:
        return lines
    if verdict.p_value is None or is_blind(verdict):
        return [*lines, *sight(verdict)]
    shown = points(verdict.detectable)
    return [*lines, f"smallest drop this suite could have shown: {shown}"]


def _accuracies(verdict: Verdict) -> list[str]:
    if verdict.accuracy is None:
        return []
    if verdict.cause != "worse":  # whose message has told the rest
        carried = is_carried_over(verdict)
        facts = recorded(verdict) if carried else comparison(verdict)
        return [f"accuracy: {', '.join([score(verdict), *facts])}"]
    return [
        f"95% intervals: edited {interval(verdict.interval)}, "
        f"baseline {interval(verdict.baseline_interval)}"
    ]


def terms(verdict: Verdict, model: str = "") -> list[str]:
    """Say what was compared with what, and what the p-value was held against.

    Args:
        verdict: The decision.
        model: Name of the task model; empty: it is not told.
    """
    if verdict.p_value is None:
        return []
    on = f", on {model}" if model else ""
    return [f"{_compared(verdict)}{on}", *_limit(verdict)]


def _compared(verdict: Verdict) -> str:
    date = f" of {verdict.baseline_date}" if verdict.baseline_date else ""
    reference = verdict.reference or f"the baseline{date}"
    trials = count(verdict.trials, "fresh trial")
    if not verdict.look:
        return f"compared with {reference}: {trials} of each case"
    decided = {"fail": "decided at ", "inconclusive": "not decided after "}
    look = f"{decided.get(verdict.outcome, '')}look {verdict.look} of {LOOKS}"
    return f"compared with {reference}: {trials} of each case in both arms, {look}"


def _limit(verdict: Verdict) -> list[str]:
    """Show how the limit came about, so that nobody has to believe it."""
    number = verdict.hypotheses
    if verdict.limit is None or not (verdict.look and number):
        return []
    # M counts both, and a verdict does not know how many there are of each.
    shared = "1 edited prompt test"
    if number > 1:
        shared = f"{number:,} edited prompt tests or limits of theirs"
    part = verdict.limit * LOOKS * number
    line = f"limit {limit(verdict.limit)} = {_rate(part)} / ({LOOKS} looks x {shared})"
    if verdict.alpha is not None and verdict.vital:
        have = "must_pass cases have" if verdict.vital > 1 else "the must_pass case has"
        line += f"; {have} the other {_rate(verdict.alpha - part)}"
    return [line]


def _rate(alpha: float) -> str:
    return f"{100 * alpha:.3g}%"


def patterns(verdict: Verdict) -> list[str]:
    """Return what the broken cases share."""
    return [f"pattern: {sentence}" for sentence in verdict.pattern]


def limit_lines(checks: Sequence[LimitCheck]) -> list[str]:
    """Say how each part did under its limit, what is over it first."""
    order = list(_STATES)
    ranked = sorted(checks, key=lambda check: (order.index(check.state), check.part))
    return [
        f"part {moved(check)}: {_STATES[check.state]},"
        f" {' held against '.join(beside(check.p_value, check.held_against))}"
        for check in ranked
    ]


def tag_lines(tags: Sequence[TagAccuracy], *, every: bool = False) -> list[str]:
    """Write the accuracy of the tags that moved, worst first.

    Args:
        tags: Accuracy per tag.
        every: Whether to write all tags, also those that stayed and those that
            nothing was compared with.
    """
    ranked = sorted(tags, key=lambda tag: (_gain(tag), tag.tag))
    if every:
        return [_tag(tag) for tag in ranked]
    moved_tags = [tag for tag in ranked if abs(_gain(tag)) >= TAG_MOVED - ROUNDING]
    lines = [_tag(tag) for tag in moved_tags[:SHOWN]]
    if len(moved_tags) > SHOWN:
        lines.append(f"tag: and {count(len(moved_tags) - SHOWN, 'tag')} more")
    return lines


def _gain(tag: TagAccuracy) -> float:
    return 0.0 if tag.was is None else tag.now - tag.was


def _tag(tag: TagAccuracy) -> str:
    of = count(tag.cases, "case")
    if tag.was is None:
        return f"tag {shortened(tag.tag)}: {percent(tag.now)} of {of}"
    return (
        f"tag {shortened(tag.tag)}: {percent(tag.was)} -> {percent(tag.now)}"
        f" ({change(tag.now - tag.was)}, {of})"
    )


def counts(verdict: Verdict) -> list[str]:
    """Say how many of the compared cases got worse, and how many better."""
    worse, better = len(verdict.worse), len(verdict.better)
    if not (worse or better):
        return []
    vital = sum(entry.must_pass for entry in verdict.worse)
    of_them = f", {vital:,} of them must_pass" if vital else ""
    told = f"{worse:,} of {verdict.cases:,} got worse{of_them}, {better:,} got better"
    return [f"cases: {told}"]


def changes(
    title: str,
    entries: Sequence[CaseChange],
    *,
    texts: bool = True,
    earlier: bool = True,
) -> list[str]:
    """Name the first cases that changed, and count the rest.

    Args:
        title: What became of them, in a word.
        entries: The cases.
        texts: Whether answers and replies are shown, or ids, places and figures alone.
        earlier: Whether the earlier replies are known: a baseline records no texts.
    """
    shown = in_order(entries)[:SHOWN]
    lines = [
        f"{title}: {_changed(entry, texts=texts, earlier=earlier)}" for entry in shown
    ]
    if len(entries) > SHOWN:
        lines.append(f"{title}: and {count(len(entries) - SHOWN, 'case')} more")
    return lines


def _changed(entry: CaseChange, *, texts: bool, earlier: bool) -> str:
    where = f" ({entry.place})" if entry.place else ""
    labels = []
    if entry.finish_reason not in ("stop", ""):
        labels.append(f" (finish reason {shortened(entry.finish_reason)})")
    labels += [" (must_pass)"] * entry.must_pass + [" (flaky)"] * entry.flaky
    told = f": {_replies(entry, earlier=earlier)}" if texts else ""
    figures = f"{entry.was:.2f} -> {entry.now:.2f}"
    return f"{entry.case_id}{where} {figures}{told}{''.join(labels)}"


def _replies(entry: CaseChange, *, earlier: bool) -> str:
    told = [f"got {shortened(entry.got)}"]
    if earlier:
        told.append(f"before {shortened(entry.before)}")
    if entry.expected or not entry.reason:
        told.insert(0, f"expected {shortened(entry.expected)}")
    else:  # nothing but the body knows what is right
        told.append(f"because {shortened(entry.reason)}")
    return ", ".join(told)


def case_lists(verdict: Verdict) -> list[str]:
    """Name the cases that could not be compared, and those that are new."""
    return [
        f"{name}: {listed(ids)}"
        for name in ("missing", "unscored", "removed", "changed", "added")
        if (ids := getattr(verdict, name))
    ]


def flaky_line(verdict: Verdict) -> list[str]:
    """Name the cases whose recorded trials disagree."""
    if not verdict.flaky:
        return []
    return [f"flaky (recorded trials disagree): {listed(verdict.flaky)}"]
