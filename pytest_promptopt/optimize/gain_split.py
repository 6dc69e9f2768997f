"""Splitting a hold-out gain into "became parseable" and "became right"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.score_changes import compared_means
from pytest_promptopt.records import GainSplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trial, Trials


def gain_split(old: Trials, new: Trials, cases: Sequence[Case]) -> GainSplit | None:
    """Say how much of a gain is replies that can be read, and how much right answers.

    Replies that can be read in one arm only are worth what the readable ones of that
    case and arm are worth on average. What is left of a case's gain is that of its
    answers.

    Args:
        old: Hold-out trials of the incumbent, by case id.
        new: The same of the candidate.
        cases: The hold-out cases.

    Returns:
        The split over the cases that are compared; ``None`` if every reply could be
        read, or nobody can tell.

    Source:
        Rows that only one arm parses apart from those that both do: arXiv:2610.05533.
        The weighing within a case is arithmetic.
    """
    if all(
        _parsed(arm[case.id]) in (None, 1.0) for arm in (old, new) for case in cases
    ):
        return None
    pairs = compared_means(old, new, cases)
    total = math.fsum(case.weight for case, _, _ in pairs)
    by_parse: list[float] = []
    by_answer: list[float] = []
    moved = 0
    for case, was, now in pairs:
        share = case.weight / total
        before, after = old[case.id], new[case.id]
        more = (_parsed(after) or 0.0) - (_parsed(before) or 0.0)
        moved += more != 0
        parse = more * _worth(after if more > 0 else before)
        by_parse.append(share * parse)
        by_answer.append(share * (now - was - parse))
    return GainSplit(
        became_parseable=_sum(by_parse, 1),
        became_right=_sum(by_answer, 1),
        lost_parse=_sum(by_parse, -1),
        became_wrong=_sum(by_answer, -1),
        cases=moved,
    )


def _parsed(trials: Sequence[Trial]) -> float | None:
    """Return the share of replies that can be read; ``None`` if none came."""
    came = [trial for trial in trials if trial.missing is None]
    if not came:
        return None
    return sum(trial.score.parsed for trial in came) / len(came)


def _worth(trials: Sequence[Trial]) -> float:
    """Return the mean score of the replies that can be read; 0 without any."""
    read = [
        trial.score.value or 0.0
        for trial in trials
        if trial.missing is None and trial.score.parsed
    ]
    return math.fsum(read) / len(read) if read else 0.0


def _sum(parts: Sequence[float], sign: int) -> float:
    """Return the sum of the gains, or of the losses."""
    return sign * math.fsum(max(0.0, sign * part) for part in parts) + 0.0  # no -0.0
