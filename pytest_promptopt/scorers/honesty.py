"""How far a judge can be trusted, measured on what it was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.records import digest
from pytest_promptopt.stats import wilson_interval
from pytest_promptopt.wording import count, interval, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Completion, Score
    from pytest_promptopt.scorers.asking import Asked, Asking, Question
    from pytest_promptopt.stats import Kappa

MOST_UNREAD = 0.05
"""Share of verdicts without a reading above which a reviewer is warned."""

REPEATED_SHARE = 0.1
"""Share of the replies that is judged twice, where nobody says how many."""

LEAST_REPEATED, MOST_REPEATED = 20, 50
"""Fewer say little: 20 equal pairs of 20 leave 84 % possible. More cost more than they
tell: 50 narrow that to 93 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a judge of pairs did when the two texts changed places.

    Attributes:
        asked: Replies with a verdict for both orders.
        same: Of those, the ones with the same winner, or a tie, twice.
        first: Those where the text in the first place won twice.
        second: Those where the text in the second place won twice.
    """

    asked: int
    same: int
    first: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAgreement:
    """How a judge agrees with hand labels.

    Attributes:
        asked: Labelled replies that the judge was asked about and answered.
        read: Of those, the ones with a verdict that could be read.
        kappa: The agreement beyond chance; ``None`` if it cannot be told.
        least: The kappa that is asked for, if one is.
    """

    asked: int
    read: int
    kappa: Kappa | None
    least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """What was found out about one judge.

    Attributes:
        judge: What messages call it.
        judged: Replies that it was asked about and answered.
        unread: Of those, the ones without a verdict that could be read.
        repeated: Replies that got a verdict twice.
        same: Of those, the ones with the same verdict.
        orders: Of a judge of pairs, what it does when they change places.
        labels: How it agrees with hand labels, if there are any.
    """

    judge: str
    judged: int
    unread: int
    repeated: int
    same: int
    orders: Orders | None = None
    labels: LabelAgreement | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each figure; none about what was not asked."""
        lines = []
        if self.judged:
            lines.append(_reading_line(self.unread, self.judged))
        if self.repeated:
            lines.append(
                f"judged {_counted(self.same, self.repeated, 'reply', 'replies')} "
                "the same when asked twice"
            )
        lines += _order_lines(self.orders) + _label_lines(self.labels)
        return tuple(f"{self.judge}: {line}" for line in lines)

    @property
    def doubt(self) -> str:
        """Warn that too many verdicts could not be read; empty if few or none."""
        if self.unread <= MOST_UNREAD * self.judged:
            return ""
        return (
            f"{self.judge}: {_unread(self.unread, self.judged)}, so those replies have "
            "no score and count for no prompt; look at one with --promptopt-case"
        )

    @property
    def fault(self) -> str:
        """Why the judge cannot be used, in a sentence; empty if it can.

        It agrees less with the hand labels than is asked for, even at the upper end of
        the 95 % interval.
        """
        labels = self.labels
        if labels is None or labels.least is None or not labels.asked:
            return ""
        if not labels.read:
            return (
                f"{self.judge}: no verdict could be read, on "
                f"{count(labels.asked, 'hand label')}, so that "
                f"min_kappa={labels.least:g} cannot hold"
            )
        kappa = labels.kappa
        if kappa is None or kappa.interval[1] >= labels.least:
            return ""
        return (
            f"{self.judge}: it does not grade as people do: {_kappa(kappa)}; "
            f"all of the interval is below min_kappa={labels.least:g}"
        )


def repeated_questions(asking: Asking, asked: Sequence[Asked]) -> tuple[Question, ...]:
    """Return the questions about a sample of the replies, as other draws.

    Args:
        asking: The scorer.
        asked: The replies that were graded.

    Returns:
        The questions of one reply after those of another. The sample is by content, so
        that it is the same whatever the order of the replies, and holds none twice.
    """
    return tuple(
        question for entry in _sample(asking, asked) for question in entry.again
    )


def honesty_of(
    asking: Asking, asked: Sequence[Asked], replies: Sequence[Completion | None]
) -> Honesty:
    """Return how many verdicts could be read, and how many were the same twice.

    Args:
        asking: The scorer.
        asked: The replies that were graded.
        replies: One for each of :func:`repeated_questions`; ``None`` where none came.
    """
    answered = [entry for entry in asked if entry.replies and None not in entry.replies]
    unread = sum(_score(asking, entry).value is None for entry in answered)
    repeated = same = start = 0
    for drawn in _sample(asking, asked):
        end = start + len(drawn.again)
        second = tuple(replies[start:end])
        start = end
        if None in second:
            continue
        values = [
            _score(asking, entry).value
            for entry in (drawn.asked, replace(drawn.asked, replies=second))
        ]
        if None not in values:
            repeated += 1
            same += values[0] == values[1]
    return Honesty(
        judge=asking.label,
        judged=len(answered),
        unread=unread,
        repeated=repeated,
        same=same,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A reply that is judged twice, and what is asked the second time."""

    asked: Asked
    again: tuple[Question, ...]


def _sample(asking: Asking, asked: Sequence[Asked]) -> list[_Drawn]:
    if asking.repeats == 0:
        return []
    by_content: dict[str, Asked] = {}
    for entry in asked:
        if entry.replies and None not in entry.replies:
            calls = [dict(call) for call in entry.completion.tool_calls]
            content = [entry.case.id, entry.case.hash, entry.completion.text, calls]
            by_content[digest(content)] = entry
    wanted = asking.repeats
    if wanted is None:
        tenth = math.ceil(REPEATED_SHARE * len(by_content))
        wanted = min(MOST_REPEATED, max(LEAST_REPEATED, tenth))
    drawn = [by_content[key] for key in sorted(by_content)[:wanted]]
    return [
        _Drawn(
            asked=entry,
            again=_redrawn(asking.questions(entry.case, entry.completion)),
        )
        for entry in drawn
    ]


def _redrawn(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions with seeds that none of them has had."""
    above = 1 + max((each.request.seed or 0 for each in questions), default=0)
    return tuple(
        replace(
            each, request=replace(each.request, seed=(each.request.seed or 0) + above)
        )
        for each in questions
    )


def _score(asking: Asking, entry: Asked) -> Score:
    return asking.compare(entry.case, entry.completion, entry.replies)


def _counted(part: int, whole: int, one: str, many: str) -> str:
    noun = one if whole == 1 else many
    share = part / whole
    return (
        f"{part:,} of {whole:,} {noun} ({percent(share)} "
        f"{interval(wilson_interval(share, whole))})"
    )


def _reading_line(unread: int, judged: int) -> str:
    if not unread:
        return f"all of {count(judged, 'verdict')} could be read"
    return _unread(unread, judged)


def _unread(unread: int, judged: int) -> str:
    return (
        f"{unread:,} of {count(judged, 'verdict')} ({percent(unread / judged)}) "
        "could not be read"
    )


def _order_lines(orders: Orders | None) -> list[str]:
    if orders is None or not orders.asked:
        return []
    same = _counted(orders.same, orders.asked, "pair", "pairs")
    line = f"judged {same} the same in both orders"
    if orders.first or orders.second:
        line += (
            f"; else it took the first text {count(orders.first, 'time')} and the "
            f"second {count(orders.second, 'time')}, whatever they were"
        )
    return [line]


def _label_lines(labels: LabelAgreement | None) -> list[str]:
    if labels is None or not labels.asked:
        return []
    unread = labels.asked - labels.read
    beside = f"; {count(unread, 'verdict')} could not be read" if unread else ""
    if labels.kappa is None:
        return [f"its agreement with hand labels cannot be told{beside}"]
    return [f"{_kappa(labels.kappa)}{beside}"]


def _kappa(kappa: Kappa) -> str:
    low, high = kappa.interval
    return (
        f"kappa {kappa.value:.2f} [{low:.2f}, {high:.2f}] with "
        f"{count(kappa.pairs, 'hand label')}, {percent(kappa.agreement)} the same"
    )
