"""How the labels of a classification did, in one line for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.scorers.label_report import label_line, label_pairs, label_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trials


def has_labels(scorer: object) -> bool:
    """Return whether it is known what is a label.

    Args:
        scorer: What the marker says.
    """
    return scorer == "choice"


def labels_told(cases: Sequence[Case], trials: Trials) -> str:
    """Return the weakest label and what it is taken for, in one line.

    Every case counts alike: trials that only some cases have, which settle whether a
    ``must_pass`` case is broken, are left out.

    Args:
        cases: The cases of a classification.
        trials: Their trials in the arm under test.
    """
    fewest = min((len(given) for given in trials.values()), default=0)
    equal = {name: given[:fewest] for name, given in trials.items()}
    return label_line(label_report(label_pairs(cases, equal)))
