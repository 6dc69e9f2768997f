"""A first look through the cases of a prompt test: how many, how long, how right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.report.html.case_view import of_detail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_promptopt.records import CaseDetail, Trial
    from pytest_promptopt.report.html.case_view import CaseView

MOST_TAGS = 1_000
"""Different tags of one prompt test that are counted."""

_FRAME = 330
"""Bytes of a case's block around its texts, by and large."""

_REPLY = 55
"""Bytes around one reply."""


@dataclass(slots=True)
class Mean:
    """A weighted mean that grows by one score after the other.

    Attributes:
        total: Sum of the scores, each times its weight.
        weight: Sum of the weights.
        cases: How many scores there are.
    """

    total: float = 0.0
    weight: float = 0.0
    cases: int = 0

    def add(self, score: float, weight: float) -> None:
        """Take a score in."""
        self.total += score * weight
        self.weight += weight
        self.cases += 1

    @property
    def value(self) -> float | None:
        """Return the mean; ``None`` of nothing."""
        return self.total / self.weight if self.weight else None


@dataclass(slots=True)
class Survey:
    """What is known of all cases of a prompt test, without keeping them.

    Attributes:
        sizes: Bytes that the cases take in the page at each way of cutting them, about.
        cases: How many cases there are.
        tags: How many cases have each tag.
        before: Mean score of each trial of the baseline arm, the first trial first.
        after: The same of the arm under test.
    """

    sizes: list[int]
    cases: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    before: list[Mean] = field(default_factory=list)
    after: list[Mean] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the cases is shown.

    Attributes:
        text: Characters of each text.
        right: Whether cases are shown that are as right as before; else they are
            counted.
        cases: Cases of each prompt test; ``None``: all.
    """

    text: int
    right: bool = True
    cases: int | None = None


def survey(details: Iterable[CaseDetail], cuts: Iterable[Cut]) -> Survey:
    """Look through the cases of a prompt test, one at a time.

    Args:
        details: The cases.
        cuts: The ways of cutting them that are to be measured.
    """
    wanted = list(cuts)
    found = Survey(sizes=[0] * len(wanted))
    for detail in details:
        found.cases += 1
        for tag in set(detail.tags):
            if tag in found.tags or len(found.tags) < MOST_TAGS:
                found.tags[tag] += 1
        _add_trials(found.before, detail.before, detail.weight)
        _add_trials(found.after, detail.after, detail.weight)
        view = of_detail(detail)
        texts = list(_texts(view))
        frame = _FRAME + _REPLY * (len(view.before) + len(view.after))
        for at, cut in enumerate(wanted):
            if _is_shown(view, cut, found.cases):
                found.sizes[at] += frame + sum(_size(x, cut.text) for x in texts)
    return found


def _is_shown(view: CaseView, cut: Cut, number: int) -> bool:
    fits = cut.cases is None or number <= cut.cases
    return fits and (cut.right or view.state != "right")


def _add_trials(means: list[Mean], trials: Iterable[Trial], weight: float) -> None:
    for at, trial in enumerate(trials):
        if at == len(means):
            means.append(Mean())
        if trial.score.value is not None:
            means[at].add(trial.score.value, weight)


def _texts(view: CaseView) -> Iterator[str]:
    detail = view.detail
    yield from detail.inputs.values()
    yield detail.expected
    replies = view.after if view.before == view.after else (*view.before, *view.after)
    for reply in replies:
        yield reply.text
        yield reply.reason


def _size(text: str, most: int) -> int:
    size = min(len(text), most)
    return size if text.isascii() else 3 * size
