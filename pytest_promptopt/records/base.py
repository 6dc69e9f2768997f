"""What all records share: one canonical text, one way to JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def canonical_json(value: Any) -> str:
    """Return the one ASCII text that stands for a JSON value: sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value's canonical text, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return value


class Record:
    """What all records share: the way to JSON, field by field."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return built-in types only: what pytest-xdist and ``json`` can carry."""
        return {
            entry.name: _plain(getattr(self, entry.name))
            for entry in fields(self)  # type: ignore[arg-type]
        }
