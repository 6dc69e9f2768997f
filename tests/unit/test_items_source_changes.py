"""How a prompt differs from the one it is held against, place by place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.items.source_changes import MOST, source_changes, unified
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.records import SourceChange


def recorded(prompt: Prompt) -> Prompt:
    return Prompt.from_snapshot(prompt.snapshot())


def changes(
    folder: Path, places: dict[str, str], **edited: str
) -> tuple[SourceChange, ...]:
    """Load a prompt, edit files by their names without a suffix, and compare."""
    before = recorded(load_prompt(places, roots=[folder]))
    for name, text in edited.items():
        (path,) = folder.rglob(f"{name}.*")
        path.write_text(text, encoding="utf-8")
    return source_changes(before, load_prompt(places, roots=[folder]), folder)


def test_the_first_line_that_differs_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.j2").write_text("One.\nTwo.\nThree {{ x }}.\n")

    (found,) = changes(
        tmp_path, {"": "prompts/a.j2"}, a="One.\nTwo and more.\nThree {{ x }}.\n"
    )

    assert found == SourceChange(
        label="prompts/a.j2",
        path="prompts/a.j2",
        line=2,
        removed="Two.",
        added="Two and more.",
        diff="@@ -1,3 +1,3 @@\n One.\n-Two.\n+Two and more.\n Three {{ x }}.\n",
    )


def test_a_prompt_that_did_not_change_has_no_changes(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("One {{ x }}.\n")

    assert changes(tmp_path, {"": "a.j2"}) == ()
    assert (
        source_changes(None, load_prompt({"": "a.j2"}, roots=[tmp_path]), tmp_path)
        == ()
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "removed", "added"),
    [
        ("a\nb\n", "a\n", 1, "b", ""),
        ("a\n", "a\nb\n", 2, "", "b"),
        ("a\nb\nc\n", "a\nc\n", 2, "b", ""),
        ("b\n", "a\nb\n", 1, "", "a"),
        ("a\n", "a", 1, "a", "a"),
    ],
)
def test_added_and_removed_lines_are_told(
    tmp_path: Path, old: str, new: str, line: int, removed: str, added: str
) -> None:
    (tmp_path / "a.j2").write_text(old)

    (found,) = changes(tmp_path, {"": "a.j2"}, a=new)

    assert (found.line, found.removed, found.added) == (line, removed, added)


def test_an_included_file_is_told_by_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "rules.j2").write_text("Be brief.\nBe kind.\n")
    (tmp_path / "a.j2").write_text('{% include "parts/rules.j2" %}\n{{ x }}\n')

    (found,) = changes(tmp_path, {"": "a.j2"}, rules="Be brief.\nBe rude.\n")

    assert (found.label, found.path, found.line) == (
        "parts/rules.j2",
        "parts/rules.j2",
        2,
    )
    assert (found.removed, found.added) == ("Be kind.", "Be rude.")


def test_of_several_sources_each_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.j2").write_text("Be brief.\n")
    (tmp_path / "u.j2").write_text("{{ x }}\n")
    places = {"system": "s.j2", "user": "u.j2"}

    found = changes(tmp_path, places, s="Be long.\n", u="Now: {{ x }}\n")

    assert [(each.label, each.added) for each in found] == [
        ("s.j2", "Be long."),
        ("u.j2", "Now: {{ x }}"),
    ]


PYTHON = '''\
MODEL = "x"
PROMPT = """
Sort it.
{ticket}
"""
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "{ticket}"},
]
'''


@pytest.mark.parametrize(
    ("place", "old", "new", "line", "key"),
    [
        ("p:PROMPT", "Sort it.", "Sort it well.", 3, "p:PROMPT"),
        ("p:MESSAGES", "Be brief.", "Be long.", 7, "p:MESSAGES[0]"),
    ],
)
def test_a_text_in_a_python_file_is_told_by_its_line_there(
    tmp_path: Path, place: str, old: str, new: str, line: int, key: str
) -> None:
    (tmp_path / "p.py").write_text(PYTHON)
    before = recorded(load_prompt({"": place}, roots=[tmp_path], syntax="format"))
    (tmp_path / "p.py").write_text(PYTHON.replace(old, new))
    now = load_prompt({"": place}, roots=[tmp_path], syntax="format")

    (found,) = source_changes(before, now, tmp_path)

    assert (found.path, found.line, found.removed, found.added) == (
        "p.py",
        line,
        old,
        new,
    )
    assert found.label.startswith(key)


YAML = "name: x\nsort:\n  text: |\n    Sort it.\n    {{ ticket }}\n"
TOML = 'name = "x"\n[sort]\ntext = """\nSort it.\n{{ ticket }}\n"""\n'


@pytest.mark.parametrize(
    ("name", "content"), [("p.yaml", YAML), ("p.toml", TOML)], ids=["yaml", "toml"]
)
def test_a_text_in_a_data_file_is_told_by_its_line_there(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    place = {"": f"{name}:sort.text"}
    before = recorded(load_prompt(place, roots=[tmp_path]))
    (tmp_path / name).write_text(content.replace("Sort it.", "Sort it well."))

    (found,) = source_changes(before, load_prompt(place, roots=[tmp_path]), tmp_path)

    lines = (tmp_path / name).read_text().splitlines()
    assert (found.path, found.added) == (name, "Sort it well.")
    assert lines[found.line - 1].strip() == "Sort it well."


def test_a_source_that_is_new_or_gone_is_told_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "s.j2").write_text("Be brief.\n")
    (tmp_path / "u.j2").write_text("{{ x }}\n")
    one = load_prompt({"user": "u.j2"}, roots=[tmp_path])
    two = load_prompt({"system": "s.j2", "user": "u.j2"}, roots=[tmp_path])

    (new,) = source_changes(recorded(one), two, tmp_path)
    (gone,) = source_changes(recorded(two), one, tmp_path)

    assert (new.path, new.line, new.added) == ("s.j2", 1, "Be brief.")
    assert new.diff == "@@ -0,0 +1 @@\n+Be brief.\n"
    assert (gone.label, gone.path, gone.line) == ("s.j2", "", 0)
    assert (gone.removed, gone.diff) == ("Be brief.", "@@ -1 +0,0 @@\n-Be brief.\n")


def test_a_source_that_moved_is_compared_with_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("One {{ x }}.\nTwo.\n")
    (tmp_path / "b.j2").write_text("One {{ x }}.\nThree.\n")
    before = recorded(load_prompt({"": "a.j2"}, roots=[tmp_path]))

    (found,) = source_changes(
        before, load_prompt({"": "b.j2"}, roots=[tmp_path]), tmp_path
    )

    assert (found.label, found.line, found.removed) == ("b.j2", 2, "Two.")


def test_a_file_outside_of_the_project_has_no_place_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("One {{ x }}.\n")
    project = tmp_path / "project"
    project.mkdir()
    before = recorded(load_prompt({"": "a.j2"}, roots=[tmp_path]))
    (tmp_path / "a.j2").write_text("Two {{ x }}.\n")

    (found,) = source_changes(
        before, load_prompt({"": "a.j2"}, roots=[tmp_path]), project
    )

    assert (found.path, found.line, found.added) == ("", 0, "Two {{ x }}.")


TEXTS = st.text("ab \n", max_size=60)


@pytest.mark.skipif(shutil.which("git") is None, reason="git applies the diffs")
def test_a_diff_is_one_that_git_applies(tmp_path: Path) -> None:
    path, patch = tmp_path / "a.txt", tmp_path / "a.diff"
    for old, new in [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nb\n"),
        (
            "".join(f"{n}\n" for n in range(40)),
            "".join(f"{n % 7}\n" for n in range(30)),
        ),
        ("a\n\n\n", "a\n"),
    ]:
        path.write_bytes(old.encode())
        patch.write_text(f"--- a/a.txt\n+++ b/a.txt\n{unified(old, new)}", newline="\n")
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "a.diff"], cwd=tmp_path, check=True
        )
        assert path.read_bytes() == new.encode()


@given(old=TEXTS, new=TEXTS)
def test_a_diff_tells_what_is_gone_and_what_has_come(old: str, new: str) -> None:
    diff = unified(old, new)

    assert (diff == "") == (old == new)
    assert diff == "" or diff.endswith("\n")
    kept = [line[1:] for line in diff.split("\n")[:-1] if line[0] not in "@\\"]
    signs = [line[0] for line in diff.split("\n")[:-1] if line[0] not in "@\\"]
    lines = list(zip(signs, kept, strict=True))
    left = sum(1 for sign, _ in lines if sign == "-")
    come = sum(1 for sign, _ in lines if sign == "+")
    assert come - left == _count(new) - _count(old)


def _count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")


def test_a_diff_of_a_huge_text_is_cut_and_says_so() -> None:
    old = "".join(f"line {number}\n" for number in range(20_000))
    new = "".join(f"row {number}\n" for number in range(20_000))

    diff = unified(old, new)

    assert len(diff) < MOST + 100
    assert diff.endswith(" more lines are left out\n")
