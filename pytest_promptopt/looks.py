"""The looks at a hold-out: a committed file of JSON lines, one per use.

Every look spends some of the rate at which a search may be wrong. Git may merge such a
file line by line, so that an order is only meant within one line of history.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.baseline import readable_json
from pytest_promptopt.errors import BaselineError
from pytest_promptopt.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DIGITS = 12
_HINT = "restore the line from git, or delete it if it came from a merge conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Record):
    """One use of a hold-out.

    Attributes:
        incumbent: Identity of the texts that the candidates were held against.
        holdout: Start of the hash of each hold-out case, sorted.
        run: Identity of the run; a replay of it is the same look.
        date: Day, ISO 8601.
    """

    incumbent: str
    holdout: tuple[str, ...]
    run: str
    date: str

    @classmethod
    def at(cls, *, incumbent: str, holdout: Sequence[str], run: str, date: str) -> Look:
        """Build a look from the full hashes of its hold-out cases."""
        return cls(incumbent=incumbent, holdout=_short(holdout), run=run, date=date)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Look:
        """Rebuild a look written by :meth:`to_json`."""
        return cls(**{**data, "holdout": _short(data["holdout"])})


def render_look(look: Look) -> str:
    r"""Return the look's line, with its ``"\n"``."""
    return readable_json(look.to_json()) + "\n"


def parse_looks(text: str, path: Path) -> tuple[Look, ...]:
    """Read the file's text; empty lines are skipped.

    Args:
        text: The file's text.
        path: For messages only.

    Raises:
        BaselineError: A line is not a look; with its number.
    """
    looks: list[Look] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            looks.append(_look(json.loads(line)))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            shown = line if len(line) <= 60 else f"{line[:57]}..."
            problem = f"not a look at a hold-out: {shown!r} ({error})"
            raise BaselineError.at(path, number, problem, _HINT) from None
    return tuple(looks)


def looks_before(
    looks: Sequence[Look], *, incumbent: str, holdout: Sequence[str], run: str
) -> int:
    """Count the earlier looks at this hold-out against this incumbent.

    A run that is in the file already is a replay: only what came before its own line
    counts. Looks against other incumbents do not count, nor do looks at a hold-out
    that lacked a third or more of today's cases.

    Args:
        looks: The file's looks, oldest first.
        incumbent: Identity of the incumbent's texts.
        holdout: Hashes of the hold-out cases; not empty.
        run: Identity of this run.

    Returns:
        The number of other runs that looked: 0 for the first look.
    """
    today = set(_short(holdout))
    others: set[str] = set()
    for look in looks:
        if look.incumbent != incumbent:
            continue
        if look.run == run:
            break
        new = today.difference(look.holdout)
        if 3 * len(new) < len(today):
            others.add(look.run)
    return len(others)


def _look(data: Any) -> Look:
    if not (isinstance(data, Mapping) and isinstance(data.get("holdout"), list)):
        raise TypeError("no JSON object with a list 'holdout'")
    return Look.from_json(data)


def _short(hashes: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(entry[:_DIGITS] for entry in hashes))
