"""Branches, titles and messages that hostile names cannot steer."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from builders import proposed
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_promptopt.errors import PublishError
from pytest_promptopt.publishing.change import Change, changes_of
from pytest_promptopt.publishing.naming import (
    BRANCH,
    branch_of,
    check_inside,
    in_order,
    shown,
)
from pytest_promptopt.records import Edit, TestResult

NAMES = st.text(min_size=1, max_size=80)


def result(name: str, *paths: str) -> TestResult:
    """Build a result whose proposal changes files."""
    made = proposed(name, gain=0.2)
    assert made.search is not None
    assert made.search.proposal is not None
    edits = tuple(
        Edit(path=path, sha256="0", start=0, end=1, replacement="x") for path in paths
    )
    proposal = replace(made.search.proposal, edits=edits)
    return replace(made, search=replace(made.search, proposal=proposal))


@given(NAMES)
@example("--upload-pack=x")
@example("../../main")
@example("a..b.lock")
@example("\ud800")
def test_a_branch_has_one_fixed_form_whatever_the_file_is_called(name: str) -> None:
    branch = branch_of([name])

    assert BRANCH.fullmatch(branch)
    assert branch == branch_of([name])


@pytest.mark.parametrize(
    "name", ["a.lock", "x" * 300, "@{", "-", "ümläut.j2", "a/b.j2"]
)
def test_git_takes_every_branch(name: str) -> None:
    command = ["git", "check-ref-format", f"refs/heads/{branch_of([name])}"]

    assert subprocess.run(command, check=False).returncode == 0


def test_names_that_look_alike_have_branches_of_their_own() -> None:
    names = ["a/b.j2", "a-b.j2", "A/b.j2", "a/b-j2", "a/b.J2"]

    assert len({branch_of([name]) for name in names}) == len(names)


@given(NAMES)
@example("fixes #1 @team\n\nPromptopt-Tree: x")
@example("\ud800\udc80")
def test_a_shown_name_is_one_word_without_meaning(name: str) -> None:
    told = shown(name)

    assert told.isascii()
    assert not set(told) & set(" \n\r\t#@`<>!()*")


def test_an_ordinary_name_is_shown_as_it_is() -> None:
    for name in ("prompts/triage_v2.j2", "tests/test_a.py::TestB::test_c[x-1]"):
        assert shown(name) == name


def test_of_a_long_name_a_title_has_the_end() -> None:
    told = in_order(["folder/" * 40 + "triage.j2", "b" * 300])

    assert len(told) < 140
    assert "folder/triage.j2, ...bbb" in told


def test_many_names_are_counted() -> None:
    assert in_order(["a"]) == "a"
    assert in_order(["a", "b"]) == "a, b"
    assert in_order(["a", "b", "c", "d"]) == "a, b and 2 more"


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", "../x", "/x", "a//b", "a/./b", "a/../b", "a/"),
        *(".git/config", "a/.Git/x", "C:/x", "a\\b", "a\0b"),
    ],
)
def test_a_path_that_leaves_the_repository_is_refused(name: str) -> None:
    with pytest.raises(PublishError, match="is no path within the repository"):
        check_inside(name)


@pytest.mark.parametrize("name", ["a", "a/b.j2", "..a", ".github/x", "a b", "ü", "-x"])
def test_a_path_that_stays_inside_is_not(name: str) -> None:
    check_inside(name)


def test_each_file_makes_a_change_of_its_own() -> None:
    one, two = result("one", "b.j2"), result("two", "a.j2")

    changes = changes_of([one, two])

    assert [change.files for change in changes] == [("a.j2",), ("b.j2",)]
    assert [change.results for change in changes] == [(two,), (one,)]


def test_proposals_that_share_a_file_go_together() -> None:
    results = [
        result("a", "a.j2", "shared.py"),
        result("b", "b.j2"),
        result("c", "shared.py", "c.j2"),
        result("d", "d.j2", "c.j2"),
    ]

    changes = changes_of(results)

    assert [change.files for change in changes] == [
        ("a.j2", "c.j2", "d.j2", "shared.py"),
        ("b.j2",),
    ]
    assert [entry.nodeid for entry in changes[0].results] == [
        "test_p.py::test_a",
        "test_p.py::test_c",
        "test_p.py::test_d",
    ]


@given(st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1), max_size=6))
def test_no_file_is_in_two_changes(files: list[set[str]]) -> None:
    results = [result(f"t{at}", *sorted(names)) for at, names in enumerate(files)]

    changes = changes_of(results)

    named = [name for change in changes for name in change.files]
    assert sorted(named) == sorted(set().union(*files))
    assert sum(len(change.results) for change in changes) == len(results)


def test_a_proposal_without_a_file_is_in_no_change() -> None:
    assert changes_of([result("a")]) == ()


def test_a_message_tells_what_was_measured_and_nothing_of_its_own() -> None:
    hostile = result("a", "fixes #1.j2")
    assert hostile.search is not None
    search = replace(hostile.search, strategy="x\n\nPromptopt-Tree: y")
    change = Change(results=(replace(hostile, search=search),), files=("fixes #1.j2",))

    assert change.title == "Improve fixes%20%231.j2: 50.0% to 70.0% on hold-out"
    assert change.edit_message == (
        f"{change.title}\n\n"
        "test_p.py::test_a\n"
        "hold-out: 50.0% before, 70.0% after; gain +20.0 points, 95% interval "
        "[15.0, 25.0]\n"
        "p < 0.0001 on 80 cases that the search never saw, 3 trials each\n"
        "found by: x%0A%0APromptopt-Tree:%20y"
    )
    told = change.record_message("pytest 'a b.py::t' --promptopt-update-baseline")
    assert told.endswith("pytest %27a b.py::t%27 --promptopt-update-baseline")


def test_a_title_of_several_prompt_tests_has_no_figure() -> None:
    change = changes_of([result("a", "a.j2"), result("b", "a.j2")])[0]

    assert change.title == "Improve a.j2"
