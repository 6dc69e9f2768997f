"""What the calls of all processes of a run took, in one file that they share.

Every charge is one statement, which SQLite makes one process at a time: whoever comes
second sees what the first one took.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.account import ROUNDING, Cost
from pytest_promptopt.models.cache import create_ignored_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_promptopt.amounts import Amounts

BUSY_S = 30.0
"""How long one process waits for the others."""

STALE_S = 86_400.0
"""Age of a ledger that some run which was killed has left, in seconds."""

PREFIX = "budget-"
COMPANIONS = ("", "-journal")

_TABLE = (
    "CREATE TABLE IF NOT EXISTS spent (name TEXT PRIMARY KEY, calls INTEGER NOT NULL, "
    "tokens INTEGER NOT NULL, dollars REAL NOT NULL, "
    "calls_on_way INTEGER NOT NULL, tokens_on_way INTEGER NOT NULL, "
    "dollars_on_way REAL NOT NULL, began REAL)"
)
_ROW = "INSERT OR IGNORE INTO spent VALUES (?, 0, 0, 0.0, 0, 0, 0.0, NULL)"
_ADD = (
    "UPDATE spent SET calls = calls + :calls, tokens = tokens + :tokens, "
    "dollars = dollars + :dollars, calls_on_way = calls_on_way + :way_calls, "
    "tokens_on_way = tokens_on_way + :way_tokens, "
    "dollars_on_way = dollars_on_way + :way_dollars WHERE name = :name"
)
_IF_ALLOWED = "".join(
    f" AND (:most_{unit} IS NULL OR {unit} + :{unit} <= :most_{unit})"
    for unit in Cost._fields
)
_BEGIN = "UPDATE spent SET began = MIN(:now, IFNULL(began, :now)) WHERE name = :name"


def ledger_path(folder: Path, run: str) -> Path:
    """Return where the ledger of a run lies.

    Args:
        folder: Ours, which git ignores.
        run: What all processes of the run call it, and no other run.
    """
    return folder / f"{PREFIX}{run}.sqlite"


def remove_ledger(path: Path) -> None:
    """Remove the ledger of a run that has ended, and those of runs that were killed."""
    yesterday = time.time() - STALE_S
    for found in path.parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if found.name.startswith(path.name) or found.stat().st_mtime < yesterday:
                found.unlink()


class LedgerAccount:
    """The sums of one budget that several processes share.

    Nothing is opened or created before the first use.

    Args:
        path: The file.
        name: Of the budget; a file holds several.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._db: sqlite3.Connection | None = None
        self._began: float | None = None
        self._lock = threading.Lock()

    def charge(self, cost: Cost, limits: Amounts) -> str | None:
        """Add a cost if all limits allow it; else return the unit that is short.

        Raises:
            ModelError: The file cannot be used.
        """
        most = {unit: getattr(limits, unit) for unit in Cost._fields}
        allowed = {
            f"most_{unit}": None if limit is None else limit + ROUNDING
            for unit, limit in most.items()
        }
        values = {**self._added(cost, cost), **allowed}
        while not self._using(lambda db: db.execute(_ADD + _IF_ALLOWED, values)):
            spent = self.spent()
            for unit, limit in most.items():
                both = getattr(spent, unit) + getattr(cost, unit)
                if limit is not None and both > limit + ROUNDING:
                    return unit
            # Another process has given something back since.
        return None

    def settle(self, charged: Cost, took: Cost) -> None:
        """Put what a call took in the place of what was charged for it.

        Raises:
            ModelError: The file cannot be used.
        """
        values = self._added(took.minus(charged), Cost().minus(charged))
        self._using(lambda db: db.execute(_ADD, values))

    def _added(self, cost: Cost, on_way: Cost) -> dict[str, float | str]:
        flying = {f"way_{unit}": value for unit, value in on_way._asdict().items()}
        return {**cost._asdict(), **flying, "name": self._name}

    def spent(self) -> Cost:
        """Return what is charged.

        Raises:
            ModelError: The file cannot be used.
        """
        calls, tokens, dollars, *_ = self._row()
        return Cost(calls, tokens, dollars)

    def on_its_way(self) -> Cost:
        """Return what of it is charged for calls that are not settled.

        Raises:
            ModelError: The file cannot be used.
        """
        *_, calls, tokens, dollars, _ = self._row()
        return Cost(calls, tokens, dollars)

    def began(self, now: float) -> float:
        """Return when the first call was about to be sent, by any process.

        Raises:
            ModelError: The file cannot be used.
        """
        if self._began is None:
            values = {"now": now, "name": self._name}
            self._using(lambda db: db.execute(_BEGIN, values))
            self._began = self._row()[-1]
        return self._began

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _row(self) -> tuple[int, int, float, int, int, float, float]:
        found: list[tuple[int, int, float, int, int, float, float]] = []
        query = (
            "SELECT calls, tokens, dollars, calls_on_way, tokens_on_way, "
            "dollars_on_way, began FROM spent WHERE name = ?"
        )

        def read(db: sqlite3.Connection) -> sqlite3.Cursor:
            cursor = db.execute(query, [self._name])
            found.extend(cursor.fetchall())
            return cursor

        self._using(read)
        return found[0]

    def _using(self, work: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> bool:
        """Run one statement; return whether it changed a row."""
        with self._lock:
            try:
                if self._db is None:
                    self._db = self._opened()
                return work(self._db).rowcount == 1
            except (OSError, sqlite3.Error) as error:
                raise ModelError(
                    f"what this run spends cannot be counted in {self._path}: {error}",
                    "make the folder writable: without a count nothing is sent",
                ) from error

    def _opened(self) -> sqlite3.Connection:
        create_ignored_folder(self._path.parent)
        db = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        # It need not outlive the machine, only a process that is killed.
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA journal_mode = PERSIST").fetchone()
        db.execute(_TABLE)
        db.execute(_ROW, [self._name])
        return db
