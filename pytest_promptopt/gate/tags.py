"""The accuracy of the cases that share a tag, in both arms."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.records import TagAccuracy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.gate.comparison import Pair


def tag_accuracy(pairs: Sequence[Pair]) -> tuple[TagAccuracy, ...]:
    """Return the accuracy per tag, by name; empty if no case has a tag.

    A case with several tags counts for each of them, and once for a tag that it names
    twice.
    """
    by_tag: dict[str, list[Pair]] = {}
    for pair in pairs:
        for tag in {*pair.case.tags}:
            by_tag.setdefault(tag, []).append(pair)
    return tuple(_accuracy(tag, by_tag[tag]) for tag in sorted(by_tag))


def _accuracy(tag: str, pairs: Sequence[Pair]) -> TagAccuracy:
    weights = [pair.case.weight for pair in pairs]
    return TagAccuracy(
        tag=tag,
        cases=len(pairs),
        was=stats.weighted_mean([fmean(pair.old) for pair in pairs], weights),
        now=stats.weighted_mean([fmean(pair.new) for pair in pairs], weights),
    )
