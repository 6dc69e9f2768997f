"""Replies that people have judged, to hold a judge against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.cases.loading import load_cases
from pytest_promptopt.cases.rows import fault
from pytest_promptopt.records import Case, Completion
from pytest_promptopt.scorers.grading import shown
from pytest_promptopt.scorers.honesty import LabelAgreement
from pytest_promptopt.stats import cohen_kappa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_promptopt.scorers.verdicts import Verdicts

OUTPUT, VERDICT = "output", "verdict"
"""Fields of a labelled case: the reply, and what a person says of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLabel:
    """One reply that a person has judged.

    Attributes:
        case: The case, without the two fields.
        completion: The reply.
        verdict: What the person says, one of the judge's verdicts.
    """

    case: Case
    completion: Completion
    verdict: str


def read_hand_labels(path: Path, verdicts: Verdicts) -> tuple[HandLabel, ...]:
    """Read a file of labelled replies.

    It is a case file whose cases have the fields ``output`` and ``verdict``; without
    the second, ``expected`` is the verdict, so that the same file can be the cases of
    the rubric as a prompt test of its own.

    Args:
        path: The file.
        verdicts: What the judge can say.

    Raises:
        CaseFileError: A case is not as it must be, at its file and line; or all have
            one verdict, beside which no agreement could be told from chance.
    """
    cases = load_cases(str(path), roots=(path.parent,), label="labels")
    labels = tuple(_label(case, verdicts) for case in cases)
    if len({verdicts.shares[label.verdict] for label in labels}) < 2:
        raise fault(
            path.name,
            f"every label is {labels[0].verdict!r}, so that no agreement could be told "
            "from chance",
            f"label replies of other verdicts too: {verdicts.listed}",
        )
    return labels


def agreement(
    labels: Sequence[HandLabel],
    given: Sequence[str | None],
    verdicts: Verdicts,
    *,
    asked: int,
    least: float | None,
) -> LabelAgreement:
    """Hold a judge's verdicts against those of people.

    Args:
        labels: The labelled replies.
        given: The judge's verdict on each; ``None`` where there is none.
        verdicts: What both can say.
        asked: How many of them the judge answered, with a verdict or without.
        least: The kappa that is asked for, if one is.
    """
    names = verdicts.names
    pairs = [
        (names.index(label.verdict), names.index(verdict))
        for label, verdict in zip(labels, given, strict=True)
        if verdict is not None
    ]
    return LabelAgreement(
        asked=asked,
        read=len(pairs),
        kappa=cohen_kappa(pairs, list(verdicts.shares.values())),
        least=least,
    )


def _label(case: Case, verdicts: Verdicts) -> HandLabel:
    inputs = dict(case.inputs)
    output, own = inputs.pop(OUTPUT, None), VERDICT in inputs
    said = inputs.pop(VERDICT) if own else case.expected
    if not isinstance(output, str) or not output.strip():
        raise fault(
            case.place,
            f"label {case.id!r} has {'no' if output is None else 'an unusable'} "
            f"'output'{'' if output is None else f': {shown(output)}'}",
            "write the reply that was judged, as a text",
        )
    verdict = verdicts.same_as(said)
    if verdict is None:
        what = f"verdict {shown(said)}" if own or case.has_expected else "no verdict"
        raise fault(
            case.place,
            f"label {case.id!r} has {what}, which is none of {verdicts.listed}"
            if said is not None
            else f"label {case.id!r} has no 'verdict'",
            f"write one of {verdicts.listed} as its 'verdict'",
        )
    bare = replace(case, inputs=inputs)
    if not own:
        bare = replace(bare, expected=None, has_expected=False)
    return HandLabel(case=bare, completion=Completion(text=output), verdict=verdict)
