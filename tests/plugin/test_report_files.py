"""--promptopt-report: checked before anything is paid, written however a run ends."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Project, run_beside
from test_optimizing import searching

from pytest_promptopt.report.comment import MARK

__all__ = ["searching"]

ALL = (
    "--promptopt-report=html:out/report.html",
    "--promptopt-report=md:out/report.md",
    "--promptopt-report=json:out/report.json",
)
STARTS = {
    "report.html": "<!doctype html>",
    "report.md": MARK,
    "report.json": '{"schema"',
}
WAYS = {
    "plain": (),
    "n0": ("-n0",),
    "n2": ("-n2",),
    "no xdist": ("-p", "no:xdist"),
    "no terminal": ("-p", "no:terminal"),
}


@pytest.fixture
def worse(project: Project) -> Project:
    """A project whose prompt got worse since its baseline was recorded."""
    project.record()
    project.write_prompt("Skill 12")
    return project


def read(project: Project, name: str = "out/report.json") -> dict[str, Any]:
    told: dict[str, Any] = json.loads((project.path / name).read_text("ascii"))
    return told


@pytest.mark.parametrize("way", WAYS)
def test_the_reports_are_written_however_the_suite_is_run(
    worse: Project, way: str
) -> None:
    result = worse.run(*ALL, *WAYS[way])

    assert result.ret == 1
    for name, start in STARTS.items():
        assert (
            (worse.path / "out" / name)
            .read_text("utf-8")
            .lower()
            .startswith(start.lower())
        )
    told = read(worse)
    assert told["verdict"]["outcome"] == "fail"
    assert len(told["tests"][0]["cases"]) == 20
    assert {case["now"] for case in told["tests"][0]["cases"]} == {0.0, 1.0}
    if way != "no terminal":
        for name in STARTS:
            assert f"written: out/{name}" in result.stdout.str()
    assert sorted(path.name for path in (worse.path / "out").iterdir()) == sorted(
        STARTS
    )
    assert not (worse.path / ".promptopt" / "details").exists()


def test_an_old_report_is_replaced_whole(worse: Project) -> None:
    old = worse.path / "r.md"
    old.write_text("old " * 100_000)

    worse.run("--promptopt-report=md:r.md")

    assert "old old" not in old.read_text("utf-8")


def test_a_run_without_prompt_tests_says_that_none_ran(project: Project) -> None:
    project.write_test("def test_ordinary(): pass\n")

    result = project.run(*ALL)

    assert result.ret == 0
    assert read(project)["verdict"]["outcome"] == "none"
    assert read(project)["tests"] == []
    assert "**NOT GATED:**" in (project.path / "out/report.md").read_text("utf-8")


def test_a_run_that_collects_nothing_says_so_too(project: Project) -> None:
    project.write_test("")

    result = project.run(*ALL)

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert read(project)["verdict"]["outcome"] == "none"


def test_an_interrupted_run_tells_what_is_known(worse: Project) -> None:
    test = (worse.path / "test_sort.py").read_text()
    worse.write_test(f"{test}\ndef test_stop(): raise KeyboardInterrupt\n")

    result = run_beside(worse.pytester, *ALL)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = read(worse)
    assert [one["verdict"]["outcome"] for one in told["tests"]] == ["fail"]
    assert told["problems"][-1].startswith("The run did not come to its end")


def test_a_fault_of_collection_is_told(project: Project) -> None:
    project.write_test("import no_such_module\n")

    result = project.run(*ALL)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert read(project)["problems"][0].startswith("The run did not come to its end")
    assert read(project)["verdict"]["outcome"] == "error"


def test_collecting_only_and_a_look_at_one_case_write_no_report(
    worse: Project,
) -> None:
    worse.run(*ALL, "--collect-only")
    looked = worse.run(*ALL, "--promptopt-case=c3")

    assert not (worse.path / "out").exists()
    assert "no report was written: --promptopt-case looks at one" in looked.stdout.str()


def test_a_search_is_told_with_its_diff(searching: Project) -> None:
    searching.run(*ALL, "--optimize-prompts", "--promptopt-steps=4")

    told = read(searching)
    search = told["tests"][0]["search"]
    assert search["outcome"] == "proposed"
    assert search["proposal"]["diff"] == (searching.path / "promptopt.diff").read_text()
    assert search["scored"]
    assert told["apply_command"] == "git apply --whitespace=nowarn promptopt.diff"
    text = (searching.path / "out/report.md").read_text("utf-8")
    assert f"```diff\n{search['proposal']['diff']}```" in text


# Places


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "pdf:x.pdf",
            "'pdf:x.pdf' is no report; write html:PATH, md:PATH or json:PATH",
        ),
        ("x.html", "'x.html' is no report"),
        ("html", "'html' is no report"),
        ("html:", "'' is not the path of a file"),
        ("md:out/", "'out/' is not the path of a file"),
        ("HTML:x", "is no report"),
        ("md:~no-such-user/x.md", "there is no such home folder"),
        ("json:prompts", "that is a folder"),
        ("json:cases.jsonl/x.json", "is no folder"),
        ("json:.git/config", "git keeps that folder for itself"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_the_run(
    project: Project, value: str, told: str
) -> None:
    result = project.run(f"--promptopt-report={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in " ".join(result.stderr.str().split())
    assert not (project.path / ".promptopt").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["md:a.txt", "json:./b/../a.txt"], "is also --promptopt-report=md:a.txt"),
        (["md:promptopt.md"], "that file is also the pull-request text"),
        (["html:promptopt.diff"], "that file is also the diff of the proposals"),
        (["html:j.xml"], "that file is also --junitxml=j.xml"),
    ],
)
def test_two_reports_in_one_place_are_refused(
    project: Project, arguments: list[str], told: str
) -> None:
    result = project.run(
        *(f"--promptopt-report={value}" for value in arguments),
        *("--optimize-prompts", "--junitxml=j.xml"),
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in result.stderr.str()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_is_refused(project: Project) -> None:
    closed = project.path / "closed"
    closed.mkdir(mode=0o500)

    result = project.run("--promptopt-report=md:closed/r.md")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "nothing can be written in" in result.stderr.str()


def test_a_report_that_cannot_be_written_in_the_end_fails_the_run(
    project: Project,
) -> None:
    project.write_test(
        "import pathlib\ndef test_in_the_way():\n    pathlib.Path('r.md').mkdir()\n"
    )

    result = project.run("--promptopt-report=md:r.md", "--promptopt-report=json:r.json")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"{project.path / 'r.md'} was not written: " in result.stdout.str()
    assert read(project, "r.json")["verdict"]["outcome"] == "none"


SPOIL = """
import pathlib

def test_spoil():
    for path in pathlib.Path(".promptopt", "details").rglob("*"):
        if path.is_file():
            path.write_text("no JSON")
"""


def test_a_report_that_cannot_be_made_is_told_and_takes_nothing_else_along(
    worse: Project,
) -> None:
    worse.run(*ALL)
    test = (worse.path / "test_sort.py").read_text()
    worse.write_test(f"{test}\n{SPOIL}")

    result = worse.run(*ALL)

    told = "out/report.json was not written: JSONDecodeError: "
    (line,) = [line for line in result.stdout.lines if line.startswith(told)]
    assert line.endswith("this is a fault of pytest-promptopt, please report it")
    assert [path.name for path in (worse.path / "out").iterdir()] == ["report.md"]
    assert "fail (worse)" in result.stdout.str()


def test_the_command_line_may_name_any_place_an_ini_file_only_those_below_the_root(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "r.md"
    named = f"--promptopt-report=md:{outside}"

    typed = project.run(named)
    project.write_ini(f"addopts = {named}")
    in_ini = project.run()
    project.write_ini("addopts = --promptopt-report=md:out/r.md")
    below = project.run()

    assert typed.ret == 0
    assert outside.exists()
    assert in_ini.ret == pytest.ExitCode.USAGE_ERROR
    assert "addopts of an ini file names a place outside" in in_ini.stderr.str()
    assert below.ret == 0
    assert (project.path / "out/r.md").exists()


def test_paths_are_those_of_the_folder_where_pytest_was_started(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project.path / "below"
    below.mkdir()
    monkeypatch.chdir(below)

    project.run("--promptopt-report", "md:r.md", "--rootdir", "..", "../test_sort.py")

    assert (below / "r.md").exists()


IMPORTED = """
import sys

def pytest_unconfigure():
    ours = [n for n in sys.modules if n.startswith("pytest_promptopt")]
    names = ("run_reports", "report.comment", "report.html", "report.document", "junit")
    print("for reports:", sorted(n for n in ours if any(x in n for x in names)))
"""


def test_a_run_that_asks_for_no_report_imports_nothing_of_them(
    project: Project,
) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + IMPORTED)

    result = run_beside(project.pytester)

    only = ["pytest_promptopt.junit_properties", "pytest_promptopt.report.junit"]
    assert f"for reports: {only}" in result.stdout.str()


# GitHub


@pytest.fixture
def summary(worse: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = worse.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


@pytest.mark.parametrize("way", ["plain", "n2"])
def test_the_step_summary_has_the_same_text_once_behind_what_stands_there(
    worse: Project, summary: Path, way: str
) -> None:
    summary.write_text("# Tests\n")

    worse.run(*WAYS[way], "--promptopt-report=md:r.md")

    told = summary.read_text("utf-8")
    assert told == f"# Tests\n\n{(worse.path / 'r.md').read_text('utf-8')}"


def test_no_summary_without_prompt_tests_or_outside_of_github(
    worse: Project, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse.run("--promptopt-case=c1")
    worse.run("--collect-only")
    worse.run("-k", "nothing")
    monkeypatch.delenv("GITHUB_ACTIONS")
    worse.run()

    assert not summary.exists()


def test_a_summary_that_cannot_be_written_is_told_and_fails_nothing(
    worse: Project, summary: Path
) -> None:
    summary.mkdir()
    worse.write_prompt("Skill 20")

    result = worse.run()

    assert result.ret == 0
    assert "the step summary was not written" in result.stdout.str()


def test_a_summary_without_room_is_left_alone(worse: Project, summary: Path) -> None:
    summary.write_text("x" * 999_000)

    result = worse.run()

    assert summary.stat().st_size == 999_000
    assert "the step summary has no room left" in result.stdout.str()


def test_an_annotation_stands_at_the_changed_line_of_the_prompt(
    worse: Project, summary: Path
) -> None:
    result = worse.run("-o", "promptopt_show_data=full")

    (line,) = [line for line in result.stdout.lines if line.startswith("::")]
    assert line.startswith(
        "::error file=prompts/sort.j2,line=1,title=prompt test prompts/sort.j2::"
        "fail (worse)%3A 60.0%25"[:67]
    )
