"""The arguments that judges share, checked where they are written."""

from __future__ import annotations

import numbers
from typing import Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.grading import shown


def check_arguments(scorer: str, **given: Any) -> None:
    """Refuse arguments of the wrong kind.

    Args:
        scorer: What messages call the scorer.
        given: Some of ``rubric``, ``model``, ``labels``, ``repeats``, ``min_kappa`` and
            ``against``, as a user wrote them.

    Raises:
        ScorerError: One is not as it must be.
    """
    for name, value in given.items():
        form, fits, example = _FORMS[name]
        if value is None and name not in ("rubric", "against"):
            continue
        if not fits(value):
            raise ScorerError(
                f"{scorer}: {name}={shown(value)} is no {form}", f"write {example}"
            )
    if given.get("min_kappa") is not None and given.get("labels") is None:
        raise ScorerError(
            f"{scorer}: min_kappa={shown(given['min_kappa'])} is given without labels",
            'name the replies that people have judged: labels="labels.jsonl"',
        )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _share(value: Any) -> bool:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return number and 0.0 <= value <= 1.0


_FORMS = {
    "against": ("field of the cases", _text, 'against="expected"'),
    "labels": ("path of a case file", _text, 'labels="labels.jsonl"'),
    "min_kappa": ("number from 0 to 1", _share, "min_kappa=0.6"),
    "model": ("name of a model", _text, 'model="openai:NAME"'),
    "repeats": ("whole number from 0", _whole, "repeats=30, or leave it out"),
    "rubric": ("place of a rubric", _text, '"rubrics/polite.j2"'),
}
