"""Edits of files become a diff that git applies byte-exactly."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unidiff.patch import PatchSet

from pytest_promptopt.errors import PatchError
from pytest_promptopt.patch import apply_edits, unified_diff
from pytest_promptopt.records import Edit

NOWHERE = Path("/srv/tree")


def edit(path: Path | str, data: bytes, old: bytes, new: str) -> Edit:
    start = data.index(old)
    return Edit(
        path=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
        start=start,
        end=start + len(old),
        replacement=new,
    )


def diff_of(path: Path, data: bytes, *edits: Edit) -> str:
    return unified_diff(edits, read=lambda _: data, top=path.parent).decode()


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    }
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=stdin,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


CASES = {
    "ordinary": ("triage.j2", b"one\ntwo\nthree\n", b"two", "2\n2b"),
    "empty old file": ("triage.j2", b"", b"", "new\n"),
    "emptied": ("triage.j2", b"old\n", b"old\n", ""),
    "line like a header": ("triage.j2", b"a\n-- b\nc\n", b"c", "++ c\n@@ -1 +1 @@"),
    "no newline at the end": ("triage.j2", b"one\ntwo", b"two", "2"),
    "newline added at the end": ("triage.j2", b"one\ntwo", b"two", "two\n"),
    "newline removed at the end": ("triage.j2", b"one\ntwo\n", b"two\n", "two"),
    "no newline at the end, far away": (
        "triage.j2",
        b"one\n" + b"same\n" * 30 + b"end",
        b"one",
        "1",
    ),
    "form feed": ("triage.j2", b"one\x0ctwo\nthree\n", b"three", "3\x0c3"),
    "U+2028 and U+0085": (
        "triage.j2",
        "one\u2028two\u0085\nthree\n".encode(),
        b"three",
        "3\u2028\n3",
    ),
    "CRLF": ("triage.j2", b"one\r\ntwo\r\nthree\r\n", b"two", "2\r\n2b"),
    "mixed line ends": ("triage.j2", b"one\r\ntwo\nth\rree\n", b"two", "2"),
    "byte order mark": ("triage.j2", b"\xef\xbb\xbfone\ntwo\n", b"one", "1"),
    "space in the name": ("my prompts/tri age.j2", b"one\n", b"one", "1"),
    "non-ASCII name": ("pr\u00f6mpts/\u7968.j2", b"one\n", b"one", "1"),
    "quotes and backslash in the name": ('a"b\\c.j2', b"one\n", b"one", "1"),
    "tab in the name": ("a\tb.j2", b"one\n", b"one", "1"),
    "long file, two hunks": (
        "triage.j2",
        b"".join(b"line %d\n" % n for n in range(300)),
        b"line 150\n",
        "",
    ),
}


@pytest.mark.parametrize("folder", [".", "inner folder"])
@pytest.mark.parametrize("case", CASES)
def test_git_applies_the_diff_byte_exactly(
    tmp_path: Path, case: str, folder: str
) -> None:
    name, data, old, new = CASES[case]
    path = tmp_path / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    git(tmp_path, "init", "-q")
    edits = [edit(path, data, old, new)]
    diff = unified_diff(edits, read=Path.read_bytes, top=tmp_path)
    patch = tmp_path / folder / "promptopt.diff"
    patch.write_bytes(diff)

    git(tmp_path / folder, "apply", "--whitespace=nowarn", "promptopt.diff")

    assert path.read_bytes() == data.replace(old, new.encode(), 1)


def test_one_diff_holds_all_files_sorted_by_path(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    edits = []
    for name in ("b.j2", "a/z.j2", "a.j2"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old\n")
        edits.append(edit(path, b"old\n", b"old", f"new {name}"))

    diff = unified_diff(edits, read=Path.read_bytes, top=tmp_path)
    reordered = unified_diff(edits[::-1], read=Path.read_bytes, top=tmp_path)
    git(tmp_path, "apply", "--whitespace=nowarn", "-", stdin=diff)

    assert diff == reordered
    assert (
        diff.decode()
        == """\
--- a/a.j2
+++ b/a.j2
@@ -1 +1 @@
-old
+new a.j2
--- a/a/z.j2
+++ b/a/z.j2
@@ -1 +1 @@
-old
+new a/z.j2
--- a/b.j2
+++ b/b.j2
@@ -1 +1 @@
-old
+new b.j2
"""
    )
    assert (tmp_path / "a/z.j2").read_bytes() == b"new a/z.j2\n"


@pytest.mark.parametrize("case", CASES)
def test_another_reader_of_diffs_understands_it(case: str) -> None:
    name, data, old, new = CASES[case]
    path = NOWHERE / name

    text = diff_of(path, data, edit(path, data, old, new))

    parsed = PatchSet(io.StringIO(text, newline="\n"))
    assert len(parsed) == 1
    removed, added = parsed[0].removed, parsed[0].added
    assert removed + added == sum(
        line[:1] in "+-" for line in text.split("\n")[2:] if line
    )


def test_the_diff_of_a_prompt_reads_as_a_reviewer_expects() -> None:
    path = NOWHERE / "my prompt.j2"
    data = b"a\nb\nc\nd\ne\nf\ng"

    text = diff_of(path, data, edit(path, data, b"e\nf\ng", "E\nf\ng"))

    assert (
        text
        == """\
--- a/my prompt.j2\t
+++ b/my prompt.j2\t
@@ -2,6 +2,6 @@
 b
 c
 d
-e
+E
 f
 g
\\ No newline at end of file
"""
    )


def test_names_are_quoted_as_git_quotes_them() -> None:
    path = NOWHERE / 'n\u00e4"me\n.j2'

    text = diff_of(path, b"a", edit(path, b"a", b"a", "b"))

    assert text.splitlines()[0] == r'--- "a/n\303\244\"me\n.j2"'


def test_no_edit_and_an_edit_without_effect_give_no_diff() -> None:
    path = NOWHERE / "a.j2"

    assert diff_of(path, b"a") == ""
    assert diff_of(path, b"a", edit(path, b"a", b"a", "a")) == ""


def test_an_edit_given_twice_counts_once() -> None:
    path = NOWHERE / "a.j2"
    once = edit(path, b"abc", b"b", "B")

    assert apply_edits(b"abc", [once, once]) == b"aBc"


def test_a_file_that_has_changed_since_gets_no_diff() -> None:
    path = NOWHERE / "a.j2"
    stale = edit(path, b"abc", b"b", "B")

    with pytest.raises(PatchError) as caught:
        unified_diff([stale], read=lambda _: b"abcd", top=NOWHERE)

    assert str(caught.value) == (
        "/srv/tree/a.j2: the file has changed since it was read\n"
        "  hint: run the search again; replies it already has are not paid for twice"
    )


def test_a_file_that_is_gone_gets_no_diff(tmp_path: Path) -> None:
    path = tmp_path / "a.j2"

    with pytest.raises(PatchError) as caught:
        unified_diff(
            [edit(path, b"abc", b"b", "B")], read=Path.read_bytes, top=tmp_path
        )

    assert str(caught.value) == (
        f"{path}: cannot be read any more: No such file or directory\n"
        "  hint: restore the file and run the search again"
    )


def test_a_file_outside_the_work_tree_gets_no_diff() -> None:
    path = Path("/elsewhere/a.j2")

    with pytest.raises(PatchError) as caught:
        unified_diff(
            [edit(path, b"abc", b"b", "B")], read=lambda _: b"abc", top=NOWHERE
        )

    assert str(caught.value) == (
        "/elsewhere/a.j2: is not in the git work tree '/srv/tree'\n"
        "  hint: keep the prompt in the repository that the tests are in"
    )


@pytest.mark.parametrize("name", [".git/hooks/pre-commit", "x/../../evil"])
def test_git_internals_and_ways_out_get_no_diff(name: str) -> None:
    path = NOWHERE / name

    with pytest.raises(PatchError):
        unified_diff(
            [edit(path, b"abc", b"b", "B")], read=lambda _: b"abc", top=NOWHERE
        )


def test_a_work_tree_behind_a_symbolic_link_is_found(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    path = real / "a.j2"
    path.write_bytes(b"a\n")

    diff = unified_diff(
        [edit(path, b"a\n", b"a", "b")], read=Path.read_bytes, top=tmp_path / "link"
    )

    assert diff.startswith(b"--- a/a.j2\n")


@pytest.mark.parametrize(
    ("first", "second"),
    [(b"bcd", b"d"), (b"bcd", b"bc"), (b"bcd", b"bcd"), (b"", b"")],
)
def test_overlapping_edits_are_refused(first: bytes, second: bytes) -> None:
    data = b"abcde"

    with pytest.raises(PatchError, match="two edits overlap, of bytes"):
        apply_edits(data, [edit("f", data, first, "1"), edit("f", data, second, "2")])


def test_neighbouring_edits_are_not_overlapping() -> None:
    data = b"abcde"

    result = apply_edits(
        data, [edit("f", data, b"cd", "2"), edit("f", data, b"ab", "1")]
    )

    assert result == b"12e"


def test_edits_that_leave_the_file_are_refused() -> None:
    wrong = Edit(
        path="f",
        sha256=hashlib.sha256(b"abc").hexdigest(),
        start=2,
        end=9,
        replacement="",
    )

    with pytest.raises(PatchError, match="bytes 2 to 9 are not in the file"):
        apply_edits(b"abc", [wrong])


def test_an_edit_must_not_cut_a_character_in_two() -> None:
    data = "\u00e4".encode()

    with pytest.raises(PatchError, match="byte 0 of the edited file is not UTF-8"):
        apply_edits(data, [edit("f", data, data[1:], "x")])


def test_a_lone_surrogate_cannot_be_written() -> None:
    with pytest.raises(PatchError, match="UTF-8 cannot hold"):
        apply_edits(b"a", [edit("f", b"a", b"a", "\ud800")])


LINES = st.text(alphabet=list("ab \t\r\n\x0c\u2028\u0085\u00e4-+@\\"), max_size=40)


@given(before=LINES, old=LINES, new=LINES, after=LINES)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_survives_git(
    tmp_path: Path, before: str, old: str, new: str, after: str
) -> None:
    data = (before + old + after).encode()
    path = tmp_path / "a.j2"
    path.write_bytes(data)
    if not (tmp_path / ".git").exists():
        git(tmp_path, "init", "-q")
    start = len(before.encode())
    change = Edit(
        path=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
        start=start,
        end=start + len(old.encode()),
        replacement=new,
    )

    diff = unified_diff([change], read=Path.read_bytes, top=tmp_path)
    if diff:
        git(tmp_path, "apply", "--whitespace=nowarn", "-", stdin=diff)

    assert path.read_bytes() == (before + new + after).encode()
