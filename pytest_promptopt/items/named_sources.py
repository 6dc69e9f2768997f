"""The arguments of a ``prompt`` marker that names several prompts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from pytest_promptopt.prompts.source import Places, SyntaxName

ROLES = ("system", "user", "assistant")
EXAMPLE = (
    'prompt({"draft": "prompts/draft.j2", "final": "prompts/final.j2"}, cases=...)'
)


def wrong(problem: str, hint: str) -> SettingError:
    """Return the error about an argument of the marker."""
    return SettingError(f"prompt marker: {problem}", hint)


def names_of(places: Places) -> tuple[str, ...]:
    """Return the names of the prompts; none of one prompt without a name."""
    return tuple(key for key, place in places.items() if isinstance(place, Mapping))


def places_of(places: Places) -> tuple[str, ...]:
    """Return all places, in order, each once."""
    found = [
        place
        for entry in places.values()
        for place in (entry.values() if isinstance(entry, Mapping) else [entry])
    ]
    return tuple(dict.fromkeys(found))


def label_of(places: Places) -> str:
    """Return what messages call prompts: their places, each behind its name."""
    return " + ".join(
        f"{key}: {' + '.join(entry.values())}" if isinstance(entry, Mapping) else entry
        for key, entry in places.items()
    )


def named_sources(value: Mapping[Any, Any]) -> dict[str, dict[str, str]]:
    """Return name to message role to place; the role of a lone place is ``""``.

    Raises:
        SettingError: A name or a place is none.
    """
    if not value:
        raise wrong("the mapping of prompts is empty", f"write {EXAMPLE}")
    if all(name in ROLES for name in value):
        roles = ", ".join(f"{name}={place!r}" for name, place in value.items())
        raise wrong(
            f"{', '.join(map(repr, value))}: roles of messages are no names of prompts",
            f"write prompt({roles}, cases=...), or give the prompts other names",
        )
    return {_name(name): _places(name, place) for name, place in value.items()}


def _name(name: Any) -> str:
    usable = isinstance(name, str) and name == name.strip() != ""
    if usable and name.isprintable() and name not in ROLES:
        return str(name)
    if name in ROLES:
        raise wrong(
            f"{name!r} is a role of messages, not the name of a prompt",
            "give the prompt another name",
        )
    raise wrong(f"{name!r} is no name of a prompt", f"write {EXAMPLE}")


def _places(name: str, given: Any) -> dict[str, str]:
    places = given if isinstance(given, Mapping) else {"": given}
    for role, place in places.items():
        if role not in ROLES and isinstance(given, Mapping):
            raise wrong(
                f"{role!r} in prompt {name!r} is no role of a message",
                did_you_mean(str(role), ROLES),
            )
        if not isinstance(place, str) or not place.strip():
            raise wrong(
                f"the source of {name!r} is a path or 'module:NAME', got {place!r}",
                f'write {{"{name}": "prompts/{name}.j2"}}, or by role: '
                f'{{"{name}": {{"system": "a.j2", "user": "b.j2"}}}}',
            )
    if not places:
        raise wrong(
            f"prompt {name!r} has no source", f'write {{"{name}": "prompts/{name}.j2"}}'
        )
    return dict(places)


def named_syntax(
    value: Mapping[Any, Any], places: Places, read: Callable[[Any], SyntaxName]
) -> dict[str, SyntaxName | Mapping[str, SyntaxName]]:
    """Return name of a prompt to its syntax, or message role to that.

    Args:
        value: What the marker says.
        places: The prompts.
        read: Checks one syntax.

    Raises:
        SettingError: A prompt or a role is none of this test, or a syntax is none.
    """
    _check_known("syntax", value, names_of(places))
    found: dict[str, SyntaxName | Mapping[str, SyntaxName]] = {}
    for name, said in value.items():
        if not isinstance(said, Mapping):
            found[name] = read(said)
            continue
        roles = [role for role in places[name] if role]
        for role in said:
            if role not in roles:
                raise wrong(
                    f"syntax names {role!r}, which is no message of {name!r}",
                    did_you_mean(str(role), roles)
                    if roles
                    else f'write syntax={{"{name}": "format"}} for its one source',
                )
        found[name] = {role: read(each) for role, each in said.items()}
    return found


def is_by_name(request: Any, names: Collection[str]) -> bool:
    """Return whether model settings are given for each prompt by its name."""
    return (
        isinstance(request, Mapping)
        and bool(request)
        and all(key in names for key in request)
    )


def check_named_request(request: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse model settings by name that are none, or that name no prompt.

    Raises:
        SettingError: There are such.
    """
    if not any(name in request for name in names):
        return
    settings = [key for key in request if key in names]
    looks_named = all(isinstance(request[key], (str, Mapping)) for key in settings)
    if looks_named and not is_by_name(request, names):
        _check_known("request", request, names)
    if not is_by_name(request, names):
        return  # a setting that is called as a prompt is
    for name, value in request.items():
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            continue
        if not isinstance(value, str):
            raise wrong(
                f"request[{name!r}]={value!r} is no dict of model settings",
                f'write request={{"{name}": {{"temperature": 0}}}}, or '
                f'request={{"{name}": "myapp.llm:SETTINGS"}}',
            )


def optimized(value: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the prompts that a search may change; none for all.

    Raises:
        SettingError: A name is none of this test, or its one prompt has none.
    """
    if value is None:
        return ()
    if not names:
        raise wrong(
            f"optimize={value!r} names prompts, and the one of this test has no name",
            "delete it, or give the prompts names: " + EXAMPLE,
        )
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple, set, frozenset)) or not listed:
        raise wrong(
            f"optimize={value!r} names no prompt",
            f'write optimize="{names[0]}", or delete it to search all of them',
        )
    for name in listed:
        if name not in names:
            raise wrong(
                f"optimize names {name!r}, which is no prompt of this test",
                did_you_mean(str(name), names),
            )
    return tuple(name for name in names if name in listed)


def _check_known(argument: str, given: Mapping[Any, Any], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            raise wrong(
                f"{argument} names {name!r}, which is no prompt of this test",
                did_you_mean(str(name), names),
            )
