"""From what a marker says to a scorer."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PromptOptError, ScorerError
from pytest_promptopt.scorers.choice import choice
from pytest_promptopt.scorers.exact import exact
from pytest_promptopt.scorers.grading import (
    Scorer,
    as_score,
    shown,
    unusable,
    wrong,
)
from pytest_promptopt.scorers.includes import includes
from pytest_promptopt.scorers.json_fields import json_fields
from pytest_promptopt.scorers.number import number
from pytest_promptopt.scorers.regex import regex

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score

FACTORIES: Mapping[str, Callable[[], Scorer]] = {
    "choice": choice,
    "exact": exact,
    "includes": includes,
    "json": json_fields,
    "number": number,
    "regex": regex,
}
"""The scorers that a marker can name, with their defaults."""

AnyScorer = Callable[..., Any]
"""A function ``(case, completion)`` that gives what :func:`as_score` takes."""


def resolve_scorer(
    spec: str | AnyScorer, *, extra: Callable[[str], AnyScorer | None] | None = None
) -> Scorer:
    """Return the scorer that a marker asks for.

    Args:
        spec: A name, or a function ``(case, completion)`` that returns a bool, a number
            in [0, 1] or a :class:`~pytest_promptopt.Score`. A factory of this package
            may be given uncalled.
        extra: Supplies scorers by name, before the built-in ones.

    Raises:
        ScorerError: The name is unknown, or the function cannot be a scorer.
    """
    if isinstance(spec, str):
        return _named(spec, extra)
    if not callable(spec):
        raise ScorerError(
            f"scorer is {shown(spec)}, neither a name nor a function",
            f"name one of {_known()}, or pass a function (case, completion)",
        )
    given: object = spec
    for factory in FACTORIES.values():
        if given is factory:
            return factory()
    return _adapted(spec)


def _named(name: str, extra: Callable[[str], AnyScorer | None] | None) -> Scorer:
    supplied = extra(name) if extra is not None else None
    if supplied is not None:
        return resolve_scorer(supplied)
    if name in FACTORIES:
        return FACTORIES[name]()
    close = difflib.get_close_matches(name.lower(), FACTORIES, n=1)
    raise ScorerError(
        f"unknown scorer {name!r}",
        f"did you mean {close[0]!r}? Known are {_known()}"
        if close
        else f"use one of {_known()}, or pass a function (case, completion)",
    )


def _known() -> str:
    return ", ".join(repr(name) for name in sorted(FACTORIES))


def _adapted(function: AnyScorer) -> Scorer:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    _check_form(function, name)

    def score(case: Case, completion: Completion) -> Score:
        try:
            value = function(case, completion)
        except AssertionError as error:
            # As in a test body; completion.json raises one for a reply that is none.
            return wrong(str(error) or unusable(completion) or "an assertion failed")
        except PromptOptError:
            raise
        except Exception as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {name!r} raised "
                f"{type(error).__name__}: {error}",
                "make the scorer return a score for any reply; it is called as "
                "scorer(case, completion)",
            ) from error
        try:
            return as_score(value)
        except ScorerError as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {name!r}: {error.problem}",
                error.hint,
            ) from None

    return score


def _check_form(function: AnyScorer, name: str) -> None:
    call = getattr(function, "__call__", None)  # noqa: B004 - objects with async calls
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
        raise ScorerError(
            f"scorer {name!r} is an async function",
            "write it as an ordinary function",
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise ScorerError(
            f"scorer {name!r} cannot be called with (case, completion): {error}",
            "give it exactly these two arguments",
        ) from None
    except ValueError:
        pass  # some built-ins have no signature; the first call will tell
