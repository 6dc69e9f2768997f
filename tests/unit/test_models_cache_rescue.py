"""A torn page of the reply cache costs the replies on it, and no others."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import sqlite3
from pathlib import Path

import pytest

from pytest_promptopt.models import cache_file
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.cache_rescue import rescue
from pytest_promptopt.records import Completion, digest

REPLIES = 400
PAGE = 4096
KEYS = [digest(number) for number in range(REPLIES)]


def reply(number: int) -> Completion:
    return Completion(text=f"{number} " + "word " * (60 if number % 50 else 3000))


def filled(path: Path) -> int:
    """Write replies, some of them long, and return how many pages that takes."""
    cache = Cache(path)
    for key, number in zip(KEYS, range(REPLIES), strict=True):
        cache.put(key, reply(number))
    cache.close()
    return path.stat().st_size // PAGE


def overwrite(path: Path, page: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(content)


def root_of(path: Path, name: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        query = "SELECT rootpage FROM sqlite_master WHERE name LIKE ?"
        ((page,),) = db.execute(query, (name,)).fetchall()
    assert isinstance(page, int)
    return page


@pytest.mark.parametrize("seed", range(6))
def test_a_page_that_is_overwritten_costs_only_what_was_on_it(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "cache.sqlite"
    draws = random.Random(seed)
    pages = filled(path)
    roots = {1, root_of(path, "replies"), root_of(path, "%autoindex%")}
    page = draws.choice([page for page in range(4, pages) if page not in roots])
    overwrite(path, page, draws.choice([bytes(PAGE), draws.randbytes(PAGE)]))

    cache = Cache(path)
    found = cache.get_many(KEYS)
    cache.close()

    expected = {key: reply(number) for number, key in enumerate(KEYS)}
    assert len(found) >= 0.95 * REPLIES
    assert all(expected[key] == completion for key, completion in found.items())
    for note in cache.notes:
        told = re.search(r"corrupt-1: ([\d,]+) of its (\d+ )?replies could be", note)
        assert told is not None
        assert int(told[1]) >= len(found)


def test_without_its_index_every_reply_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    filled(path)
    overwrite(path, root_of(path, "%autoindex%"), bytes(PAGE))

    cache = Cache(path)

    assert len(cache.get_many(KEYS)) == REPLIES
    (note,) = cache.notes
    assert note.endswith(
        ") and was renamed to cache.sqlite.corrupt-1: 400 of its replies could be "
        "read and are kept, the others are asked for again"
    )
    cache.close()


def test_a_rescue_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    filled(path)
    ticks = itertools.count()

    with contextlib.closing(cache_file.memory()) as db:
        found = rescue(
            path,
            db,
            is_reply=lambda _: True,
            within_s=9.5,
            clock=lambda: float(next(ticks)),
        )

    assert (found.kept, found.of) == (10, REPLIES)


def test_what_is_no_reply_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    filled(path)

    with contextlib.closing(cache_file.memory()) as db:
        found = rescue(path, db, is_reply=lambda text: "word" not in text)

    assert found.told == "its replies are asked for again"
