"""What the reply cache keeps, for how long, and what a killed process leaves of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.models.cache import Cache, encoded
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = Completion(text="whole")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".promptopt" / "cache.sqlite"


def reopened(path: Path, keys: list[str]) -> dict[str, str]:
    """Return the texts that a new process would find."""
    cache = Cache(path)
    found = cache.get_many(keys)
    cache.close()
    assert cache.notes == ()
    return {key: reply.text for key, reply in found.items()}


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_reply_that_was_cut_short_is_given_again_in_its_own_run_only(
    path: Path, reason: str
) -> None:
    cut = Completion(text="half of", finish_reason=reason)
    cache = Cache(path)
    cache.put("cut", cut)
    cache.put("whole", WHOLE)

    in_the_run = cache.get_many(["cut", "whole"])
    cache.close()

    assert in_the_run == {"cut": cut, "whole": WHOLE}
    assert reopened(path, ["cut", "whole"]) == {"whole": "whole"}


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "eos", ""])
def test_every_other_reply_is_kept_also_a_refusal(path: Path, reason: str) -> None:
    cache = Cache(path)
    cache.put("k", Completion(text="", refusal="no", finish_reason=reason))
    cache.close()

    assert reopened(path, ["k"]) == {"k": ""}


def test_a_reply_cut_short_that_an_older_version_stored_is_not_given(
    path: Path,
) -> None:
    cache = Cache(path)
    cache.store([("k", encoded(Completion(text="half", finish_reason="length")))])
    cache.close()

    assert reopened(path, ["k"]) == {}


def test_a_whole_reply_takes_the_place_of_one_that_was_cut_short(path: Path) -> None:
    cache = Cache(path)
    cache.put("k", Completion(text="half", finish_reason="length"))
    cache.put("k", WHOLE)

    found = cache.get("k")
    cache.close()

    assert found == WHOLE


def test_a_cache_that_is_not_read_gives_the_replies_of_its_own_run_and_keeps_all(
    path: Path,
) -> None:
    earlier = Cache(path)
    earlier.put("old", Completion(text="of yesterday"))
    earlier.put("both", Completion(text="of yesterday"))
    earlier.close()
    cache = Cache(path, reads=False)

    before = cache.get_many(["old", "both", "new"])
    cache.put("both", Completion(text="of today"))
    cache.put("new", Completion(text="of today"))
    after = cache.get_many(["old", "both", "new"])
    cache.close()

    assert before == {}
    assert {key: reply.text for key, reply in after.items()} == {
        "both": "of today",
        "new": "of today",
    }
    assert reopened(path, ["old", "both", "new"]) == {
        "old": "of yesterday",
        "both": "of today",
        "new": "of today",
    }


def test_looking_for_nothing_creates_no_file(path: Path) -> None:
    cache = Cache(path, reads=False)

    assert cache.get_many(["k"]) == {}
    cache.close()

    assert not path.parent.exists()


def big(name: str) -> str:
    return encoded(Completion(text=name * 20_000))


def test_the_replies_written_first_go_when_the_file_grows_too_big(path: Path) -> None:
    cache = Cache(path, most_mb=1)
    keys = [f"k{n:02}" for n in range(80)]
    cache.store([(key, big("a")) for key in keys])
    cache.put("k00", WHOLE)  # written anew, hence the youngest
    grown = cache.get_many(keys)
    cache.close()

    left = sorted(reopened(path, keys))

    assert len(grown) == 80
    assert left == ["k00", *keys[-len(left) + 1 :]]
    assert 40 <= len(left) <= 49
    assert path.stat().st_size < 1_100_000


def test_a_cache_of_the_allowed_size_is_left_as_it_is(path: Path) -> None:
    cache = Cache(path, most_mb=1)
    cache.store([(f"k{n}", big("a")) for n in range(40)])
    cache.close()

    assert len(reopened(path, [f"k{n}" for n in range(40)])) == 40


def test_one_reply_that_is_bigger_than_the_cache_may_be_ends_no_run(
    path: Path,
) -> None:
    cache = Cache(path, most_mb=1)
    cache.put("k", Completion(text="a" * 3_000_000))
    cache.close()

    assert reopened(path, ["k"]) == {}
    assert path.stat().st_size < 100_000


def test_a_cleared_cache_is_empty_and_small(path: Path) -> None:
    cache = Cache(path)
    cache.store([(f"k{n}", big("a")) for n in range(40)])

    cache.clear()
    cache.close()

    assert reopened(path, [f"k{n}" for n in range(40)]) == {}
    assert path.stat().st_size < 100_000


def test_clearing_a_cache_that_does_not_exist_creates_none(path: Path) -> None:
    cache = Cache(path)

    cache.clear()
    cache.close()

    assert not path.parent.exists()


# SQLite calls back between the instructions that its statements are made of.
KILLED_AT_EVERY_STEP = """
import os, signal, sqlite3, sys
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.records import Completion

real = sqlite3.connect
steps = 0

def dying(*args, **options):
    db = real(*args, **options)
    db.set_progress_handler(step, 6)
    return db

def step():
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)

last = 0
while True:
    last += 1
    path = f"{sys.argv[1]}/{last}.sqlite"
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        sqlite3.connect = dying
        cache = Cache(path, most_mb=1)
        for number in range(3):
            key = f"{last}-{number}"
            cache.put(key, Completion(text=key))
            os.write(writes, f"{key} ".encode())
        cache.close()
        os._exit(0)
    os.close(writes)
    _, status = os.waitpid(child, 0)
    kept = os.read(reads, 10_000).decode().split()
    os.close(reads)
    cache = Cache(path)
    found = cache.get_many(kept)
    cache.close()
    assert not cache.notes, (last, cache.notes)
    assert {key: reply.text for key, reply in found.items()} == {k: k for k in kept}
    if status == 0:
        break
print(last)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_9_at_any_step_of_a_write_leaves_what_was_stored(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert int(ended.stdout) > 20


def test_a_log_that_ends_anywhere_gives_the_replies_before_that(path: Path) -> None:
    cache = Cache(path)
    keys = [f"k{n}" for n in range(12)]
    for key in keys:
        cache.put(key, Completion(text=key))
    data = path.read_bytes()
    log = path.with_name(f"{path.name}-wal").read_bytes()
    cache.close()

    counts = []
    for cut in range(0, len(log), 4321):
        copy = path.parent / f"{cut}.sqlite"
        copy.write_bytes(data)
        copy.with_name(f"{copy.name}-wal").write_bytes(log[:cut])
        found = reopened(copy, keys)
        assert sorted(found) == sorted(keys[: len(found)])
        counts.append(len(found))

    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= 10
