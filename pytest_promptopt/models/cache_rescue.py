"""What can still be read of a reply cache whose file is damaged.

Replies are read in the order in which they were written. Where that fails, the next
place from which it works is looked for, first in growing steps and then by halves.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.models.cache_file import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RESCUE_S = 10.0
"""How long is spent on it at most, in seconds."""

AT_ONCE = 500  # rows per transaction
FARTHEST = 2**40  # no cache has so many rows
NEXT = "SELECT rowid, key, reply FROM replies WHERE rowid > ? ORDER BY rowid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What came of a rescue.

    Attributes:
        kept: How many replies were read and written to the new file.
        of: How many there were; ``None``: that cannot be read either.
    """

    kept: int
    of: int | None = None

    @property
    def told(self) -> str:
        """The same as the end of a sentence."""
        if not self.kept:
            return "its replies are asked for again"
        whole = "its" if self.of is None else f"its {self.of:,}"
        return (
            f"{self.kept:,} of {whole} replies could be read and are kept, the others "
            "are asked for again"
        )


def rescue(
    damaged: Path,
    db: sqlite3.Connection,
    *,
    is_reply: Callable[[str], bool],
    within_s: float = RESCUE_S,
    clock: Callable[[], float] = time.monotonic,
) -> Rescue:
    """Copy the replies that can be read from a damaged file into an open cache.

    Args:
        damaged: The file, which nobody else uses.
        db: The cache.
        is_reply: Returns whether a text is a stored reply.
        within_s: How long it may take, in seconds.
        clock: Monotonic, in seconds.

    Raises:
        sqlite3.Error: The cache cannot be written now.
    """
    until = clock() + within_s
    with contextlib.closing(sqlite3.connect(damaged, isolation_level=None)) as old:
        if _number(old, "PRAGMA user_version") != SCHEMA:
            return Rescue(kept=0)
        of = _number(old, "SELECT count(*) FROM replies")
        kept = 0
        some: list[tuple[str, str]] = []
        for row in _rows(old):
            if is_reply(row[1]):
                some.append(row)
            if len(some) == AT_ONCE:
                kept += _kept(db, some)
                some = []
            if clock() > until:
                break
        kept += _kept(db, some)
    return Rescue(kept=kept, of=None if of is None else max(of, kept))


def _kept(db: sqlite3.Connection, rows: list[tuple[str, str]]) -> int:
    db.execute("BEGIN IMMEDIATE")
    try:
        # What another process has written since is the newer one.
        db.executemany("INSERT OR IGNORE INTO replies VALUES (?, ?)", rows)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return len(rows)


def _number(old: sqlite3.Connection, query: str) -> int | None:
    try:
        ((found,),) = old.execute(query).fetchall()
    except sqlite3.DatabaseError:
        return None
    return found if isinstance(found, int) else None


def _rows(old: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    last = _number(old, "SELECT max(rowid) FROM replies") or FARTHEST
    at = 0
    while at < last:
        try:
            for rowid, key, reply in old.execute(NEXT, (at,)):
                at = rowid
                if isinstance(key, str) and isinstance(reply, str):
                    yield key, reply
        except sqlite3.DatabaseError:
            at = _beyond(old, at, last)
        else:
            return


def _beyond(old: sqlite3.Connection, at: int, last: int) -> int:
    """Return from where on rows can be read again, behind the one where they cannot."""
    step = 1
    while at + step < last and not _is_readable(old, at + step):
        step *= 2
    low, high = at + step // 2, min(at + step, last)
    while high - low > 1:
        middle = (low + high) // 2
        if _is_readable(old, middle):
            high = middle
        else:
            low = middle
    return max(high, at + 1)


def _is_readable(old: sqlite3.Connection, after: int) -> bool:
    try:
        old.execute(f"{NEXT} LIMIT 1", (after,)).fetchall()
    except sqlite3.DatabaseError:
        return False
    return True
