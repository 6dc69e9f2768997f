"""System and user messages that belong together, told by their names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_promptopt.starting.spot import Find

# "order_system.j2", "SYSTEM_PROMPT", "triage.system"; "ecosystem" is another word.
_SYSTEM = re.compile(r"(?<![A-Za-z])system(?![a-z])", re.IGNORECASE)


def paired(finds: Iterable[Find], read: Callable[[str], Find | None]) -> list[Find]:
    """Join each system message with the user message of the same name.

    Args:
        finds: Prompts of one source each.
        read: Reads a place that is not among them; a user message may be nothing but
            its input.

    Returns:
        They in their order; a pair stands where its system message stood.
    """
    by_key = {find.key: find for find in finds}
    users: dict[str, Find] = {}
    for key, find in by_key.items():
        partner = _partner(key)
        if not partner or find.cases:
            continue
        user = by_key.get(partner) or read(partner)
        if user is not None and not user.cases:
            users[key] = user
    taken = {user.key for user in users.values()}
    return [
        _joined(find, users[key]) if key in users else find
        for key, find in by_key.items()
        if key not in taken
    ]


def is_system(key: str) -> bool:
    """Tell whether a place is called like that of a system message."""
    return bool(_SYSTEM.search(_last(key)))


def _partner(key: str) -> str:
    """Return the key of the user message that would go with a system message."""
    last = _last(key)
    other = _SYSTEM.sub(lambda found: _like(found[0]), last)
    return key[: len(key) - len(last)] + other if other != last else ""


def _last(key: str) -> str:
    """Return the part of a key that names the prompt: the constant, or the file."""
    return re.split(r"[/:]", key)[-1]


def _like(word: str) -> str:
    """Write "user" in the letter case of a word."""
    if word.isupper():
        return "USER"
    return "User" if word[0].isupper() else "user"


def _joined(system: Find, user: Find) -> Find:
    said = {
        role: find.syntax[""]
        for role, find in (("system", system), ("user", user))
        if "" in find.syntax
    }
    return replace(
        system,
        sources={"system": system.key, "user": user.key},
        variables=tuple(sorted({*system.variables, *user.variables})),
        syntax=said,
        json=system.json or user.json,
        tested=system.tested or user.tested,
        lacks_input=False,
    )
