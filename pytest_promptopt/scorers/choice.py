"""The reply names one of a few labels, in whatever words around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.answers import answer_parts, token_pattern
from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_text,
    graded,
    shown,
    unparsed,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Case, Completion, Score

_DENIED = re.compile(
    r"(?:\bnot|n['\u2019]t|\brather\s+than|\binstead\s+of|\bneither|\bnor)"
    r"\s+(?:be\s+)?(?:an?\s+|the\s+)?[\"'`*_(\u201c\u2018]*$",
    re.IGNORECASE,
)

DENIAL_CHARACTERS = 40
"""How far before a label a denial is looked for."""

_APART = (
    "give each label a name of its own; letter case counts with "
    "choice([...], ignore_case=False), and the punctuation around a label never does"
)

_OUTER = " \t\r\n.,;:!?\"'`*_()[]{}<>\u201c\u201d\u2018\u2019"


def choice(labels: Sequence[str] | None = None, *, ignore_case: bool = True) -> Scorer:
    """Make a scorer that asks for exactly one of the allowed labels.

    A label counts where it stands as whole tokens: "valid" is not in "invalid". What
    follows the last "answer:" or "answer is" goes before the rest of the reply; a
    label directly behind "not", "rather than" or "instead of" is denied and does not
    count. Two different labels are wrong, as is none.

    Args:
        labels: The allowed answers. By default the case's own field ``choices``, if it
            is a list of texts; else only the expected answer is known, and a reply
            that names it beside others cannot be told from one that names it alone.
        ignore_case: Whether letter case is ignored.

    Raises:
        ScorerError: ``labels`` is empty or holds something else than texts, or two of
            them cannot be told apart.
    """
    if labels is not None:
        _check_labels(labels)
        alike = _alike(labels, ignore_case=ignore_case)
        if alike is not None:
            raise ScorerError(f"choice: {alike}", _APART)

    def score(case: Case, completion: Completion) -> Score:
        expected = expected_text(case, "choice").strip()
        allowed = _allowed(labels, case, expected, ignore_case=ignore_case)
        return graded(
            case,
            completion,
            lambda text: compare_choice(
                expected, text, allowed, ignore_case=ignore_case
            ),
        )

    return score


def compare_choice(
    expected: str, text: str, labels: Sequence[str], *, ignore_case: bool = True
) -> Score:
    """Compare the one label that a reply names with the expected one.

    Args:
        expected: The right label, one of ``labels``.
        text: The reply.
        labels: The allowed answers, stripped, not empty.
        ignore_case: Whether letter case is ignored.
    """
    found = labels_in(text, labels, ignore_case=ignore_case)
    if not found:
        return unparsed(
            f"expected {shown(expected)}, got no allowed label: {shown(text)}"
        )
    if len(found) > 1:
        named = " and ".join(shown(label) for label in found[:3])
        return unparsed(f"expected {shown(expected)}, got {named}: ambiguous")
    if _same(found[0], expected, ignore_case=ignore_case):
        return RIGHT
    return wrong(f"expected {shown(expected)}, got {shown(found[0])}")


def labels_in(
    text: str, labels: Sequence[str], *, ignore_case: bool = True
) -> tuple[str, ...]:
    """Return the different labels that a reply gives as its answer, in their order."""
    # The longest first, so that "card arrival" is not read as "card".
    longest = sorted(labels, key=len, reverse=True)
    pattern = re.compile(
        "|".join(f"({token_pattern(label)})" for label in longest),
        re.IGNORECASE if ignore_case else 0,
    )
    for part in answer_parts(text):
        bare = part.strip(_OUTER)
        whole = [
            label
            for label in longest
            if _same(label.strip(_OUTER) or label, bare, ignore_case=ignore_case)
        ]
        if len(whole) == 1:
            return (whole[0],)
        named = [
            longest[found.lastindex - 1]
            for found in pattern.finditer(part)
            if found.lastindex is not None and not _denied(part, found.start())
        ]
        if named:
            return tuple(dict.fromkeys(named))
    return ()


def _denied(text: str, start: int) -> bool:
    return bool(_DENIED.search(text[max(0, start - DENIAL_CHARACTERS) : start]))


def _same(one: str, other: str, *, ignore_case: bool) -> bool:
    return one == other or (ignore_case and one.casefold() == other.casefold())


def _alike(labels: Iterable[str], *, ignore_case: bool) -> str | None:
    """Say which two labels a reply cannot be told to mean; ``None`` if there are none.

    Two labels that are equal but for blanks around them are one label, written twice.
    """
    known: dict[str, str] = {}
    for label in dict.fromkeys(each.strip() for each in labels):
        bare = label.strip(_OUTER) or label
        other = known.setdefault(bare.casefold() if ignore_case else bare, label)
        if other != label:
            return f"the labels {shown(other)} and {shown(label)} cannot be told apart"
    return None


def _check_labels(labels: Sequence[Any]) -> None:
    texts = not isinstance(labels, str) and all(
        isinstance(label, str) and label.strip() for label in labels
    )
    if not texts or not labels:
        raise ScorerError(
            f"choice: labels are {shown(labels)}, not a list of texts",
            'list the allowed answers: choice(["billing", "shipping"])',
        )


def _allowed(
    labels: Sequence[Any] | None, case: Case, expected: str, *, ignore_case: bool
) -> tuple[str, ...]:
    own = case.inputs.get("choices")
    if labels is None and isinstance(own, (list, tuple)):
        labels = own
    if labels is None:
        return (expected,)
    allowed = tuple(
        label.strip() for label in labels if isinstance(label, str) and label.strip()
    )
    alike = _alike(allowed, ignore_case=ignore_case)
    if alike is not None:
        raise case_fault(case, "choice", f"has ambiguous choices: {alike}", _APART)
    if any(_same(label, expected, ignore_case=ignore_case) for label in allowed):
        return allowed
    raise case_fault(
        case,
        "choice",
        f"finds the expected {shown(expected)} not among the labels {shown(labels)}",
        "correct the expected answer, or add it to the labels",
    )
