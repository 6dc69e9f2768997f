"""The local cache of replies."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.cache import Cache, create_ignored_folder, encoded
from pytest_promptopt.records import Completion, Usage

if TYPE_CHECKING:
    from pathlib import Path

FULL = Completion(
    text="naïve \x00 \U0001f600 \u2028 \ud800",
    model="m-2026",
    finish_reason="tool_calls",
    refusal="no",
    tool_calls=({"name": "f", "arguments": "{}"},),
    usage=Usage(prompt_tokens=3, completion_tokens=4),
    latency_s=0.25,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".promptopt" / "replies.sqlite"


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_stored_reply_comes_back_unchanged_also_after_closing(path: Path) -> None:
    cache = Cache(path)
    cache.put("k", FULL)
    before = cache.get("k")
    cache.close()

    after = cache.get("k")
    cache.close()

    assert before == after == FULL
    assert cache.notes == ()


@given(st.dictionaries(st.text("ab", max_size=3), st.text()), st.sets(st.text("abc")))
def test_bulk_reading_finds_exactly_what_was_stored(
    stored: dict[str, str], wanted: set[str]
) -> None:
    cache = Cache.in_memory()
    for key, text in stored.items():
        cache.put(key, Completion(text=text))

    found = cache.get_many(wanted)
    cache.close()

    assert {key: reply.text for key, reply in found.items()} == {
        key: text for key, text in stored.items() if key in wanted
    }


def test_thousands_of_keys_are_read_at_once() -> None:
    cache = Cache.in_memory()
    rows = [(f"k{n}", encoded(Completion(text=str(n)))) for n in range(2500)]
    cache.store(rows)

    found = cache.get_many(key for key, _ in rows)
    cache.close()

    assert [found[f"k{n}"].text for n in range(2500)] == [str(n) for n in range(2500)]


def test_the_later_reply_to_a_key_wins() -> None:
    cache = Cache.in_memory()

    cache.put("k", Completion(text="old"))
    cache.put("k", Completion(text="new"))

    reply = cache.get("k")
    cache.close()
    assert reply == Completion(text="new")


def test_nothing_is_created_before_the_first_use(path: Path) -> None:
    Cache(path).close()

    assert not path.parent.exists()


def test_the_folder_is_ignored_by_git_and_nothing_else_is_left(path: Path) -> None:
    cache = Cache(path)
    cache.put("k", FULL)
    cache.close()

    assert files(path.parent) == [".gitignore", "replies.sqlite"]
    assert (path.parent / ".gitignore").read_bytes() == b"*\n"
    assert files(path.parent.parent) == [".promptopt"]


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    create_ignored_folder(tmp_path)

    assert files(tmp_path) == []


def test_the_file_is_json_text_with_a_version(path: Path) -> None:
    cache = Cache(path)
    cache.put("k", FULL)
    cache.close()

    db = sqlite3.connect(path)
    ((version,),) = db.execute("PRAGMA user_version").fetchall()
    ((mode,),) = db.execute("PRAGMA journal_mode").fetchall()
    ((key, text),) = db.execute("SELECT * FROM replies").fetchall()
    db.close()

    assert (version, mode, key) == (1, "wal", "k")
    assert text.isascii()
    assert Completion.from_json(json.loads(text)) == FULL


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"x" * len(data), id="overwritten"),
        pytest.param(lambda data: b"SQLite format 3\x00" + b"\xff" * 200, id="header"),
        pytest.param(lambda data: data[:5000], id="truncated"),
        pytest.param(lambda data: data[:4096] + b"\xff" * 40960, id="pages"),
    ],
)
def test_a_corrupt_file_is_set_aside_and_the_run_goes_on(
    path: Path, damage: object
) -> None:
    cache = Cache(path)
    cache.store([(f"k{n}", encoded(FULL)) for n in range(200)])
    cache.close()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]

    assert cache.get("k7") is None
    cache.put("new", FULL)
    cache.close()

    assert cache.get("new") == FULL
    cache.close()
    assert files(path.parent) == [
        ".gitignore",
        "replies.sqlite",
        "replies.sqlite.corrupt-1",
    ]
    (note,) = cache.notes
    assert note.startswith(f"the reply cache {path} could not be used (")
    assert note.endswith(
        ") and was renamed to replies.sqlite.corrupt-1: its replies are asked for again"
    )


def test_every_corrupt_file_gets_a_name_of_its_own(path: Path) -> None:
    for _ in range(2):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"this is no database at all, is it?" * 100)
        cache = Cache(path)
        cache.put("k", FULL)
        cache.close()

    assert files(path.parent) == [
        "replies.sqlite",
        "replies.sqlite.corrupt-1",
        "replies.sqlite.corrupt-2",
    ]


def test_a_file_of_another_version_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    cache = Cache(path)

    cache.put("k", FULL)

    assert cache.get("k") == FULL
    cache.close()
    assert cache.notes == (
        f"the reply cache {path} could not be used (it has version 7, this "
        "pytest-promptopt writes 1) and was renamed to replies.sqlite.corrupt-1: "
        "its replies are asked for again",
    )


def test_a_row_that_is_no_completion_is_a_miss(path: Path) -> None:
    cache = Cache(path)
    cache.store([("a", "{}"), ("b", "nonsense"), ("c", "[]"), ("d", encoded(FULL))])

    found = cache.get_many("abcd")
    cache.close()

    assert found == {"d": FULL}


def test_a_folder_that_cannot_be_written_leaves_a_cache_in_memory(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "replies.sqlite"
    cache = Cache(path)

    cache.put("k", FULL)

    assert cache.get("k") == FULL
    cache.close()
    (note,) = cache.notes
    assert note.startswith(f"the reply cache {path} could not be opened (")
    assert note.endswith("): replies are kept in memory and are lost when the run ends")


def test_a_reply_that_cannot_be_written_now_is_written_with_the_next_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_promptopt.models.cache_file.BUSY_S", 0.01)
    cache = Cache(path)
    cache.put("a", FULL)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    cache.put("b", FULL)
    assert cache.get("b") == FULL
    other.execute("ROLLBACK")
    other.close()
    cache.put("c", FULL)
    cache.close()

    found = set(cache.get_many("abc"))
    cache.close()
    assert found == {"a", "b", "c"}
    assert cache.notes == (
        f"the reply cache {path} could not be written: database is locked",
    )


def test_threads_share_a_cache(path: Path) -> None:
    cache = Cache(path)

    def fill(name: str) -> None:
        for n in range(50):
            cache.put(f"{name}{n}", FULL)

    threads = [threading.Thread(target=fill, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = cache.get_many(f"{name}{n}" for name in "abcd" for n in range(50))
    cache.close()
    assert len(found) == 200
    assert cache.notes == ()


WRITER = """
import sys
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.records import Completion

name, path = sys.argv[1:]
sys.stdin.readline()  # all start together
cache = Cache(path)
for n in range(60):
    cache.put(f"{name}-{n}", Completion(text=name * n))
    cache.put("shared", Completion(text="the same"))
    assert cache.get(f"{name}-{n}").text == name * n
cache.close()
print(*cache.notes)
"""


def test_eight_processes_fill_one_new_cache_without_losing_a_reply(path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, name, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in "abcdefgh"
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()

    said = [writer.communicate()[0] for writer in writers]

    assert said == ["\n"] * 8
    cache = Cache(path)
    found = cache.get_many(f"{name}-{n}" for name in "abcdefgh" for n in range(60))
    cache.close()
    assert {key: reply.text for key, reply in found.items()} == {
        f"{name}-{n}": name * n for name in "abcdefgh" for n in range(60)
    }
    assert files(path.parent) == [".gitignore", "replies.sqlite"]
