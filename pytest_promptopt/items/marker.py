"""The ``prompt`` marker: its arguments, checked, and which one holds for an item."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items import named_sources
from pytest_promptopt.items.named_sources import wrong as _wrong
from pytest_promptopt.settings import GATES, SYNTAXES, did_you_mean

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.prompts.source import Places, Syntaxes, SyntaxName

ROLES = named_sources.ROLES
WAYS = ("argument", "attribute", "file")
"""How the text of an arm gets into the application that a body calls."""

ARGUMENTS = (
    "cases",
    "deliver",
    "gate",
    "limit",
    "limits",
    "min_score",
    "model",
    "optimize",
    "request",
    "sample",
    "scorer",
    "syntax",
    "threads",
    "watch",
    *ROLES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMark:
    """The arguments of one ``prompt`` marker.

    Attributes:
        sources: Message role to place; the role ``""`` is the one positional source.
            Of several prompts, name to such a mapping.
        cases: Path of a case file, a sequence of mappings, or a callable.
        limit: How many cases to take from the start; ``None`` for all.
        sample: How many cases to draw by their content; ``None`` for all.
        scorer: Name of a scorer, a callable, or ``None``: the body decides.
        request: Model settings, sent as they are, or the place of a constant that
            holds them, ``"myapp.llm:TRIAGE"``; or, by the names of several prompts,
            one of the two for each.
        model: Name of the task model, if it differs from the run's.
        min_score: Floor of the accuracy, in [0, 1].
        limits: Part of the scores to its limit as written: ``{"tokens": "+10%"}``.
        watch: Files whose content belongs to the fingerprint.
        gate: ``"enforce"``, ``"report"`` or ``None``: as the ini key says.
        threads: Bodies run at once, 1 for the main thread.
        syntax: What the sources are written in, ``"jinja"``, ``"format"`` or
            ``"literal"``, or message role, or name of a prompt, to that; empty where
            it is not said.
        optimize: Names of the prompts that a search may change; empty for all.
        deliver: How an arm's text gets into the application that the body calls:
            ``"argument"``, ``"attribute"`` or ``"file"``.
    """

    sources: Places
    cases: Any
    limit: int | None = None
    sample: int | None = None
    scorer: Any = None
    request: Mapping[str, Any] | str = field(default_factory=dict)
    model: str | None = None
    min_score: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    gate: str | None = None
    threads: int = 1
    syntax: Syntaxes = ""
    optimize: tuple[str, ...] = ()
    deliver: str = "argument"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the prompts; none where it is one, without a name."""
        return named_sources.names_of(self.sources)

    @property
    def places(self) -> tuple[str, ...]:
        """The places of all sources, each once."""
        return named_sources.places_of(self.sources)

    @property
    def label(self) -> str:
        """What messages call the prompt."""
        return named_sources.label_of(self.sources)


def closest(item: pytest.Item) -> pytest.Mark | None:
    """Return the marker that holds for an item.

    That of ``pytest.param`` wins, then the function's, the class's, the module's.
    """
    # A parameter's marks stand behind the function's in own_markers.
    own = [mark for mark in item.own_markers if mark.name == "prompt"]
    return own[-1] if own else item.get_closest_marker("prompt")


def read(mark: pytest.Mark) -> PromptMark:
    """Check a marker's arguments, their types only.

    Raises:
        SettingError: An argument is missing, unknown or of the wrong type.
    """
    given = dict(mark.kwargs)
    for name in given:
        if name not in ARGUMENTS:
            raise _wrong(f"unknown argument {name!r}", did_you_mean(name, ARGUMENTS))
    if "cases" not in given:
        raise _wrong(
            "no cases",
            'write prompt("prompts/NAME.j2", cases="cases/NAME.jsonl")',
        )
    sources = _sources(mark.args, given)
    names = named_sources.names_of(sources)
    return PromptMark(
        sources=sources,
        cases=_cases(given["cases"]),
        limit=_size(given, "limit"),
        sample=_size(given, "sample"),
        scorer=_scorer(given.get("scorer")),
        request=_request(given.get("request"), names),
        model=_text(given, "model"),
        min_score=_share(given.get("min_score")),
        limits=_limits(given.get("limits")),
        watch=_watch(given.get("watch", ())),
        gate=_gate(given.get("gate")),
        threads=_threads(given.get("threads", 1)),
        syntax=_syntax(given.get("syntax"), sources),
        optimize=named_sources.optimized(given.get("optimize"), names),
        deliver=_deliver(given.get("deliver")),
    )


def _sources(args: tuple[Any, ...], given: Mapping[str, Any]) -> Places:
    by_role = {role: given[role] for role in ROLES if role in given}
    if len(args) > 1 or (args and by_role) or not (args or by_role):
        shown = ", ".join(
            [*map(repr, args), *(f"{k}={v!r}" for k, v in by_role.items())]
        )
        raise _wrong(
            f"takes one source, or sources by role, got ({shown})",
            'write prompt("prompts/NAME.j2", cases=...) or '
            'prompt(system="a.j2", user="b.j2", cases=...)',
        )
    if args and isinstance(args[0], Mapping):
        return named_sources.named_sources(args[0])
    sources = {"": args[0]} if args else by_role
    for place in sources.values():
        if not isinstance(place, str) or not place.strip():
            raise _wrong(
                f"a source is a path or 'module:NAME', got {place!r}",
                'write "prompts/NAME.j2", or "myapp.prompts:NAME" for a constant',
            )
    return sources


def _cases(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, Iterator):
        raise _wrong(
            f"cases={value!r} is an iterator, which is empty after the first use",
            "pass the function that makes it, without calling it, or a list",
        )
    usable = isinstance(value, (str, Sequence)) or callable(value)
    if isinstance(value, bytes) or not usable or value == "":
        raise _wrong(
            f"cases={value!r} is no path, list or callable",
            'write cases="cases/NAME.jsonl" or a list of dicts',
        )
    return value


def _size(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _wrong(
        f"{name}={value!r} is no whole number from 1 up",
        f"write {name}=100, or delete it to use all cases",
    )


def _scorer(value: Any) -> Any:
    if value is None or isinstance(value, str) or callable(value):
        return value
    from pytest_promptopt.scorers.own_asking import asks

    if asks(value):
        return value
    hint = 'write scorer="exact" or scorer=number(tolerance=0.01)'
    if isinstance(value, (list, tuple, Mapping)) and value:
        hint = (
            'several go into all_of("json", tone=judge(...)) or any_of(...), which '
            "pytest_promptopt.scorers has"
        )
    raise _wrong(f"scorer={value!r} is no name and no function", hint)


def _request(value: Any, names: Sequence[str]) -> Mapping[str, Any] | str:
    if value is None:
        return {}
    if isinstance(value, str):
        return value  # a place, which is read when the prompt is
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        named_sources.check_named_request(value, names)
        return value
    raise _wrong(
        f"request={value!r} is no dict of model settings",
        'write request={"temperature": 0}, or request="myapp.llm:TRIAGE"',
    )


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None or (isinstance(value, str) and value):
        return value
    raise _wrong(f"{name}={value!r} is no text", f'write {name}="openai:gpt-5-mini"')


def _share(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value_ok = False
    else:
        value_ok = 0.0 <= value <= 1.0
    if not value_ok:
        raise _wrong(f"min_score={value!r} is not in [0, 1]", "write min_score=0.8")
    return float(value)


def _limits(value: Any) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(
            f"limits={value!r} is no dict of parts", 'write limits={"tokens": "+10%"}'
        )
    for part, limit in value.items():
        if not (isinstance(part, str) and part):
            raise _wrong(
                f"limits: {part!r} names no part",
                'write limits={"tokens": "+10%"}',
            )
        if not isinstance(limit, str):
            raise _wrong(
                f"limits[{part!r}]: {limit!r} is no text",
                f'write limits={{"{part}": "<=400"}} or limits={{"{part}": "+10%"}}',
            )
        try:
            from pytest_promptopt.gate.limits import check_limit

            check_limit(limit)
        except SettingError as error:
            raise _wrong(f"limits[{part!r}]: {error.problem}", error.hint) from None
    return dict(value)


def _watch(value: Any) -> tuple[str, ...]:
    paths = (value,) if isinstance(value, str) else value
    if isinstance(paths, (list, tuple, set, frozenset)) and all(
        isinstance(path, str) and path for path in paths
    ):
        return tuple(sorted(paths))
    raise _wrong(f"watch={value!r} is no list of paths", 'write watch=["src/app.py"]')


def _gate(value: Any) -> str | None:
    if value is None:
        return None
    if value in GATES:
        return str(value)
    raise _wrong(
        f"gate={value!r} is none of {', '.join(GATES)}", did_you_mean(str(value), GATES)
    )


def _deliver(value: Any) -> str:
    if value is None:
        return "argument"
    if value in WAYS:
        return str(value)
    raise _wrong(
        f"deliver={value!r} is none of {', '.join(WAYS)}",
        did_you_mean(str(value), WAYS),
    )


def _threads(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _wrong(f"threads={value!r} is no whole number from 1 up", "write threads=4")


def _syntax(value: Any, sources: Places) -> Syntaxes:
    if value is None:
        return ""
    if not isinstance(value, Mapping):
        return _syntax_name(value)
    if named_sources.names_of(sources):
        return named_sources.named_syntax(value, sources, _syntax_name)
    by_role = [role for role in ROLES if role in sources]
    for role in value:
        if role not in by_role:
            raise _wrong(
                f"syntax names {role!r}, which is no message of this prompt",
                did_you_mean(str(role), by_role)
                if by_role
                else 'write syntax="format" for the one source',
            )
    return {role: _syntax_name(name) for role, name in value.items()}


def _syntax_name(value: Any) -> SyntaxName:
    if value in SYNTAXES:
        return cast("SyntaxName", value)
    raise _wrong(
        f"syntax={value!r} is none of {', '.join(SYNTAXES)}",
        did_you_mean(str(value), SYNTAXES),
    )
