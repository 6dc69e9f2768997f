"""What all records share: one canonical text, one way to JSON."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> str:
    """Return the one ASCII text that stands for a JSON value: sorted, no spaces."""
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value's canonical text, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def plain(value: Any) -> Any:
    """Return a field's value as built-in types: records, mappings and sequences too."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return value


def unshared(value: Any) -> Any:
    """Return a JSON value that shares nothing that can be changed with this one."""
    if isinstance(value, dict):
        return {key: unshared(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [unshared(entry) for entry in value]
    return value


class Record:
    """What all records share: the way to JSON, field by field."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return built-in types only: what pytest-xdist and ``json`` can carry."""
        kind: Any = type(self)
        return {name: plain(getattr(self, name)) for name in _field_names(kind)}


@functools.cache
def _field_names(record: type[Any]) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(record))
