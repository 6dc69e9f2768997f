"""How the labels of a classification did: precision, recall, F1, confusions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.scorers.choice import labels_in
from pytest_promptopt.wording import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_promptopt.records import Case, Trials

NO_LABEL = "(none)"
"""What tables call a reply that names no label, or several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """How one label did.

    Attributes:
        label: The label.
        precision: Share of the replies with this label that are right; ``None`` if
            no reply has it.
        recall: Share of the trials with this label expected that got it; ``None`` if
            none expects it.
        f1: Harmonic mean of both, in [0, 1]; 0 if nothing is right.
        n: Trials that expect this label.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """One label taken for another.

    Attributes:
        expected: The right label.
        got: The label of the reply; ``None`` if it named none, or several.
        n: How often.
    """

    expected: str
    got: str | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport:
    """How the labels of a classification did; not a score, nothing is gated on it.

    Attributes:
        rows: One per label that is expected or given, by name.
        confusions: Wrong pairs, most frequent first.
        n: Trials.
        accuracy: Share of the trials with the right label; ``None`` without trials.
    """

    rows: tuple[LabelRow, ...]
    confusions: tuple[Confusion, ...]
    n: int
    accuracy: float | None


def label_report(pairs: Iterable[tuple[str, str | None]]) -> LabelReport:
    """Count how each label did.

    Unlike an accuracy, every trial counts alike, whatever the weight of its case.

    Args:
        pairs: For each trial the expected label and the one given, ``None`` if the
            reply names none, or several. Labels are compared as they are.

    Returns:
        The report; no rows if there is no pair.
    """
    counts = Counter(pairs)
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for (expected, got), n in counts.items():
        wanted[expected] += n
        if got is not None:
            given[got] += n
    total = sum(counts.values())
    right = sum(n for (expected, got), n in counts.items() if expected == got)
    confused = [
        Confusion(expected=expected, got=got, n=n)
        for (expected, got), n in counts.items()
        if expected != got
    ]
    return LabelReport(
        rows=tuple(
            _row(label, counts[label, label], given[label], wanted[label])
            for label in sorted({*wanted, *given})
        ),
        confusions=tuple(
            sorted(confused, key=lambda one: (-one.n, one.expected, one.got or ""))
        ),
        n=total,
        accuracy=right / total if total else None,
    )


def label_pairs(
    cases: Sequence[Case], trials: Trials, labels: Sequence[str] | None = None
) -> Iterator[tuple[str, str | None]]:
    """Yield what :func:`label_report` counts, from the trials of one arm.

    Replies are read as ``scorer="choice"`` reads them, without letter case. Cases whose
    expected answer is no text, and trials that are missing or unscored, are left out.

    Args:
        cases: The cases.
        trials: Their trials.
        labels: The allowed labels; by default every expected one.
    """
    texts = {
        case.id: case.expected.strip()
        for case in cases
        if case.has_expected
        and isinstance(case.expected, str)
        and case.expected.strip()
    }
    allowed = tuple(dict.fromkeys([*(labels or ()), *texts.values()]))
    for name, expected in texts.items():
        for trial in trials.get(name, ()):
            if trial.missing is None and trial.score.value is not None:
                found = labels_in(trial.output, allowed)
                yield expected, found[0] if len(found) == 1 else None


def label_lines(report: LabelReport) -> tuple[str, ...]:
    """Return the report as a table of plain text, a heading and a line per label."""
    table = [("label", "precision", "recall", "f1", "n")] + [
        (
            row.label,
            percent(row.precision),
            percent(row.recall),
            percent(row.f1),
            str(row.n),
        )
        for row in report.rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return tuple(
        "  ".join(
            [cells[0].ljust(widths[0])]
            + [
                cell.rjust(width)
                for cell, width in zip(cells[1:], widths[1:], strict=True)
            ]
        )
        for cells in table
    )


def label_line(report: LabelReport) -> str:
    """Return the report in one line: the weakest label and what it is taken for.

    Empty if there is no trial; the accuracy alone if all labels are right.
    """
    if not report.n:
        return ""
    told = f"{percent(report.accuracy)} of {report.n} labels right"
    if not report.confusions:
        return told
    weak = min(report.rows, key=lambda row: (row.f1, row.label))
    most = report.confusions[0]
    return (
        f"{told}; weakest: {weak.label} (precision {percent(weak.precision)}, recall "
        f"{percent(weak.recall)}); most confused: {most.expected} as "
        f"{NO_LABEL if most.got is None else most.got}, {most.n}x"
    )


def _row(label: str, right: int, given: int, wanted: int) -> LabelRow:
    return LabelRow(
        label=label,
        precision=right / given if given else None,
        recall=right / wanted if wanted else None,
        f1=2 * right / (given + wanted),
        n=wanted,
    )
