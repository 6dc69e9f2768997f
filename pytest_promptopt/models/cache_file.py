"""The SQLite file of a cache: how it is opened, mended, and kept small.

It is safe for several processes at once, and a process that is killed at any moment
leaves it readable.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import sqlite3
import time
from pathlib import Path

SCHEMA = 1
"""Version of the stored form: part of every key and the file's ``user_version``."""

BUSY_S = 5.0  # how long one process waits for another one's write
COMPANIONS = ("", "-wal", "-shm")  # a database file and what SQLite keeps beside it
LEFT = 0.9  # share of the allowed size that is left when old replies are deleted


class UnusableFileError(Exception):
    """The file is no reply cache of this version, and why."""


def memory() -> sqlite3.Connection:
    """Return a database that is gone when it is closed."""
    db = _connected(":memory:")
    _create(db)
    return db


def opened(path: Path, *, suspect: bool) -> sqlite3.Connection:
    """Open a cache's file, or create it.

    Args:
        path: The file, in a folder that exists.
        suspect: Whether to look through all of it.

    Raises:
        UnusableFileError: It is damaged, of another version, or no database.
        sqlite3.Error: It cannot be opened now.
    """
    db = _connected(str(path))
    try:
        _prepare(db, suspect=suspect)
    except BaseException as error:
        db.close()
        unsound = isinstance(error, sqlite3.DatabaseError)
        if unsound and not isinstance(error, sqlite3.OperationalError):
            raise UnusableFileError(str(error)) from None
        raise
    return db


def shrink(db: sqlite3.Connection, most_bytes: int) -> None:
    """Delete the replies that were written first, if the file holds too much.

    Args:
        db: An open cache.
        most_bytes: What its replies may take.

    Raises:
        sqlite3.Error: Another process writes.
    """
    used = _used_bytes(db)
    if used <= most_bytes:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        while used > most_bytes:
            ((rows,),) = db.execute("SELECT count(*) FROM replies").fetchall()
            if not rows:
                break
            # Replies are about equally long; if these were shorter, more go.
            share = 1 - LEFT * most_bytes / used
            db.execute(
                "DELETE FROM replies WHERE rowid IN "
                "(SELECT rowid FROM replies ORDER BY rowid LIMIT ?)",
                (math.ceil(share * rows),),
            )
            used = _used_bytes(db)
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise
    # It frees a page a step, and only a script is stepped to its end.
    db.executescript("PRAGMA incremental_vacuum")


def empty(db: sqlite3.Connection) -> None:
    """Delete all replies and give their room back.

    Raises:
        sqlite3.Error: Another process uses the file.
    """
    db.execute("DELETE FROM replies")
    db.execute("VACUUM")


def write(db: sqlite3.Connection, rows: list[tuple[str, str]]) -> None:
    """Write rows in one transaction.

    Raises:
        sqlite3.Error: They cannot be written now; then none is.
    """
    if not rows:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        db.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?)", rows)
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")


def _used_bytes(db: sqlite3.Connection) -> int:
    counts = {
        name: int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    }
    return (counts["page_count"] - counts["freelist_count"]) * counts["page_size"]


def _connected(path: str) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=BUSY_S,
        isolation_level=None,  # transactions are begun by hand
        check_same_thread=False,  # Cache holds a lock instead
    )


def _prepare(db: sqlite3.Connection, *, suspect: bool) -> None:
    _enter_wal(db)
    # Survives the end of the process; a power cut may cost the last replies.
    db.execute("PRAGMA synchronous = NORMAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        _create(db)
    elif version != SCHEMA:
        raise UnusableFileError(
            f"it has version {version}, this pytest-promptopt writes {SCHEMA}"
        )
    db.execute("SELECT key, reply FROM replies LIMIT 1").fetchall()
    if suspect:
        ((found,),) = db.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise UnusableFileError(found)


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute(
        "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL)"
    )
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, where the file system has it.

    SQLite does not wait by itself when two processes switch at once. Without the log
    the file works as well, only slower.
    """
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            # Pages of deleted replies can be given back, if a new file begins so.
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            (mode,) = db.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                db.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) and time.monotonic() < deadline:
                time.sleep(0.01)
                continue
            with contextlib.suppress(sqlite3.OperationalError):
                db.execute("PRAGMA journal_mode = DELETE").fetchone()
        return


def file_number(path: Path) -> int | None:
    """Return what tells one file from another of the same name."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used; return its new name."""
    number = 1
    while (aside := Path(f"{path}.corrupt-{number}")).exists():
        number += 1
    for companion in COMPANIONS:
        # Another process may have been faster: then there is nothing to rename.
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{companion}").rename(f"{aside}{companion}")
    return aside


def create_ignored_folder(folder: Path) -> None:
    """Create a folder that git ignores, complete from its first moment.

    A folder that exists is left as it is.

    Raises:
        OSError: It cannot be created.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}"
    draft.mkdir()
    ignored = draft / ".gitignore"
    try:
        ignored.write_text("*\n", encoding="ascii", newline="\n")
        draft.rename(folder)
    except OSError:
        ignored.unlink(missing_ok=True)
        draft.rmdir()
        if not folder.is_dir():  # else another process was faster
            raise
