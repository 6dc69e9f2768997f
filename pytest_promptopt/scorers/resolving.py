"""From what a marker says to a scorer."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.adapting import AnyScorer, adapted
from pytest_promptopt.scorers.asking import Asking
from pytest_promptopt.scorers.choice import choice
from pytest_promptopt.scorers.composition import all_of, any_of, not_
from pytest_promptopt.scorers.deferred import (
    Deferred,
    Lookup,
    absolute,
    absolute_prompt,
)
from pytest_promptopt.scorers.exact import exact
from pytest_promptopt.scorers.grading import shown
from pytest_promptopt.scorers.includes import includes
from pytest_promptopt.scorers.json_fields import json_fields
from pytest_promptopt.scorers.json_schema import json_schema
from pytest_promptopt.scorers.judge import judge
from pytest_promptopt.scorers.judge_pair import judge_pair
from pytest_promptopt.scorers.number import number
from pytest_promptopt.scorers.overlap import list_f1, set_f1
from pytest_promptopt.scorers.own_asking import asks, own_asking
from pytest_promptopt.scorers.promptfoo import promptfoo
from pytest_promptopt.scorers.regex import regex
from pytest_promptopt.scorers.similarity import similarity
from pytest_promptopt.scorers.tool_call import tool_call
from pytest_promptopt.scorers.verdict import verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.prompt import Prompt
    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.scorers.grading import Scorer

FACTORIES: Mapping[str, Callable[[], Scorer]] = {
    "choice": choice,
    "exact": exact,
    "includes": includes,
    "json": json_fields,
    "json_schema": json_schema,
    "list_f1": list_f1,
    "number": number,
    "promptfoo": promptfoo,
    "regex": regex,
    "set_f1": set_f1,
    "similarity": similarity,
    "tool_call": tool_call,
    "verdict": verdict,
}
"""The scorers that a marker can name, with their defaults."""

COMBINING: Mapping[str, Callable[..., Scorer]] = {
    "all_of": all_of,
    "any_of": any_of,
    "not_": not_,
}
"""What makes a scorer of others, and so has no defaults."""

JUDGING: Mapping[str, Callable[..., Scorer]] = {
    "judge": judge,
    "judge_pair": judge_pair,
}
"""What asks a model by a rubric, and so has no defaults."""

_Extra = Callable[[str], "AnyScorer | None"]


def resolve_scorer(
    spec: str | AnyScorer,
    *,
    extra: _Extra | None = None,
    locate: Callable[[str], Path] = absolute,
    prompt: Callable[[str, SyntaxName], Prompt] = absolute_prompt,
) -> Scorer:
    """Return the scorer that a marker asks for.

    Args:
        spec: A name, or a function ``(case, completion)`` that returns a bool, a number
            in [0, 1] or a :class:`~pytest_promptopt.Score`. A factory of this package
            may be given uncalled. An object with ``requests`` and ``compare`` asks a
            model: see :func:`~pytest_promptopt.scorers.own_asking.own_asking`.
        extra: Supplies scorers by name, before the built-in ones.
        locate: Finds a file that a scorer names; by default absolute paths only.
        prompt: Reads a prompt that a scorer names, from its place and its syntax; by
            default from absolute paths only.

    Returns:
        The scorer; an :class:`~pytest_promptopt.scorers.asking.Asking` if it asks a
        model, which cannot be called with a reply alone.

    Raises:
        ScorerError: The name is unknown, or the function cannot be a scorer.
        PromptOptError: A file that the scorer names cannot be used.
    """
    if isinstance(spec, str):
        return _named(spec, extra, locate, prompt)
    if isinstance(spec, Deferred):
        lookup = Lookup(
            scorer=lambda inner: resolve_scorer(
                inner, extra=extra, locate=locate, prompt=prompt
            ),
            file=locate,
            prompt=prompt,
        )
        return spec.resolved(lookup)
    if isinstance(spec, Asking):
        return spec
    if asks(spec):
        return own_asking(spec)
    if not callable(spec):
        raise ScorerError(
            f"scorer is {shown(spec)}, neither a name nor a function",
            f"name one of {_known()}, or pass a function (case, completion)",
        )
    given: object = spec
    for factory in FACTORIES.values():
        if given is factory:
            return factory()
    for name, unfinished in {**COMBINING, **JUDGING}.items():
        if given is unfinished:
            raise _without_arguments(name)
    return adapted(spec)


def _named(
    name: str,
    extra: _Extra | None,
    locate: Callable[[str], Path],
    prompt: Callable[[str, SyntaxName], Prompt],
) -> Scorer:
    supplied = extra(name) if extra is not None else None
    if extra is not None and supplied is not None:
        # A project's "exact" may be made of ours, but no name of itself.
        others = _without(name, extra)
        return resolve_scorer(supplied, extra=others, locate=locate, prompt=prompt)
    if name in FACTORIES:
        return FACTORIES[name]()
    if name in COMBINING or name in JUDGING:
        raise _without_arguments(name)
    close = _closest(name)
    raise ScorerError(
        f"unknown scorer {name!r}",
        f"did you mean {close!r}? Known are {_known()}"
        if close
        else f"use one of {_known()}, or pass a function (case, completion)",
    )


def _without(name: str, extra: _Extra) -> _Extra:
    return lambda other: None if other == name else extra(other)


def _without_arguments(name: str) -> ScorerError:
    if name in JUDGING:
        return ScorerError(
            f"scorer {name!r} is given without the rubric that it asks by",
            "import it from pytest_promptopt.scorers and write "
            f'scorer={name}("rubrics/NAME.j2")',
        )
    example = 'not_("exact")' if name == "not_" else f'{name}("exact", "regex")'
    return ScorerError(
        f"scorer {name!r} is given without the scorers that it combines",
        f"import it from pytest_promptopt.scorers and write scorer={example}",
    )


def _closest(name: str) -> str | None:
    for known, factory in FACTORIES.items():
        if name == factory.__name__:
            return known
    close = difflib.get_close_matches(name.lower(), FACTORIES, n=1)
    return close[0] if close else None


def _known() -> str:
    return ", ".join(repr(name) for name in sorted(FACTORIES))
