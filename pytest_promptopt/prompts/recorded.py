"""A source as a baseline records it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.prompts.source import Include, Source

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_record(source: Source) -> dict[str, Any]:
    """Return all of a source that decides its messages, as built-in types."""
    data: dict[str, Any] = {
        "role": source.role,
        "key": source.key,
        "text": source.text,
        "includes": {name: include.text for name, include in source.includes.items()},
    }
    if not source.is_jinja:  # a record without it is of Jinja
        data["syntax"] = source.syntax
    if source.version:
        data["version"] = source.version
    if source.name:  # a record without it is of one prompt
        data["name"] = source.name
    return data


def from_record(entry: Mapping[str, Any]) -> Source:
    """Rebuild a recorded source, which has no place to edit."""
    key = entry["key"]
    return Source(
        role=entry["role"],
        key=key,
        path=Path(key.partition(":")[0]),
        text=entry["text"],
        includes={
            name: Include(path=Path(name), text=text)
            for name, text in entry["includes"].items()
        },
        syntax=entry.get("syntax", ""),
        version=entry.get("version", ""),
        name=entry.get("name", ""),
    )
