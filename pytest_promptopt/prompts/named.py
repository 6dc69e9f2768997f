"""Prompts with names, several in one prompt test: what they share, how they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.prompts.source import Places, Source, Syntaxes, SyntaxName


def by_name(places: Places) -> dict[str, dict[str, str]]:
    """Return name to message role to place; a prompt without a name is ``""``."""
    named: dict[str, dict[str, str]] = {}
    for key, place in places.items():
        if isinstance(place, Mapping):
            named[key] = dict(place)
        else:
            named.setdefault("", {})[key] = place
    return named


def syntax_said(syntax: Syntaxes, name: str, role: str) -> SyntaxName:
    """Return what is said about one source; empty if nothing is.

    Args:
        syntax: What is said about all.
        name: Name of the prompt that it belongs to; empty for one without a name.
        role: Role of its message.
    """
    if not isinstance(syntax, Mapping):
        return syntax
    said = syntax.get(name or role, "")
    return said.get(role, "") if isinstance(said, Mapping) else said


def label_of(sources: Iterable[Source]) -> str:
    """Return the keys of sources, each prompt's behind its name, if it has one."""
    keys: dict[str, list[str]] = {}
    for source in sources:
        keys.setdefault(source.name, []).append(source.key)
    return " + ".join(
        f"{name}: {' + '.join(own)}" if name else " + ".join(own)
        for name, own in keys.items()
    )


def check_keys(sources: Sequence[Source]) -> None:
    """Refuse a place that is given twice, unless two prompts share it as it is.

    Raises:
        SourceError: It is given for two messages of one prompt, or in two syntaxes.
    """
    seen: set[tuple[str, str]] = set()
    first: dict[str, Source] = {}
    for source in sources:
        if (source.name, source.key) in seen:
            raise SourceError(
                f"prompt source {source.key!r} is given for two messages",
                "give each message a source of its own",
            )
        seen.add((source.name, source.key))
        other = first.setdefault(source.key, source)
        if (source.syntax or "jinja") != (other.syntax or "jinja"):
            raise SourceError(
                f"prompt source {source.key!r} is {other.syntax or 'jinja'} in "
                f"{other.name!r} and {source.syntax or 'jinja'} in {source.name!r}",
                "name the same syntax in both: a search rewrites them as one text",
            )


def check_spellings(sources: Sequence[Source]) -> None:
    """Refuse one place under two keys, which would be edited twice.

    Raises:
        SourceError: There is one.
    """
    if len(sources) < 2:
        return
    from pytest_promptopt.prompts.splice import ReadOnly

    keys: dict[tuple[str, str], str] = {}
    for source in sources:
        if source.label or isinstance(source.place, ReadOnly):
            continue  # never edited; the messages of a Dotprompt file share one
        inside = source.key.partition(":")[2]
        key = keys.setdefault((str(source.path.resolve()), inside), source.key)
        if key != source.key:
            raise SourceError(
                f"prompt sources {key!r} and {source.key!r} are one place",
                f"write {key!r} for both",
            )
