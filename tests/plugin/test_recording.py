"""Recording baselines: which, at what price, from which replies, for what reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CONFTEST, TEST, Project

SECOND = TEST.replace("test_sort", "test_second").replace("sort.j2", "second.j2")


def requests(result: pytest.RunResult) -> int:
    line = next(e for e in result.stdout.lines if e.startswith("requests: "))
    return int(line.partition(": ")[2])


def record_path(project: Project, name: str = "sort") -> Path:
    folder = project.path / "__prompt_baselines__" / f"test_{name}"
    return folder / f"test_{name}.json"


def record(project: Project, name: str = "sort") -> dict[str, Any]:
    content: dict[str, Any] = json.loads(record_path(project, name).read_text())
    return content


def add_second(project: Project, *, skill: int = 20) -> None:
    """Add a prompt test in a file of its own: that of the first is not touched."""
    path = project.path / "prompts" / "second.j2"
    path.write_text(f"Skill {skill}! {{{{ ticket }}}}\n", encoding="utf-8")
    (project.path / "test_second.py").write_text(SECOND, encoding="utf-8")


def test_the_calls_are_told_before_the_first_is_made(project: Project) -> None:
    add_second(project)

    result = project.run("--promptopt-update-baseline")

    assert requests(result) == 120
    lines = result.stdout.lines
    told = lines.index("baselines to record: 2 prompt tests, 120 calls")
    assert lines[told + 1 : told + 3] == [
        "  test_second 60 (20 cases x 3 trials, scripted:skill)",
        "  test_sort 60 (20 cases x 3 trials, scripted:skill)",
    ]
    started = next(at for at, line in enumerate(lines) if line.startswith("test_"))
    assert told < started


def test_an_estimate_counts_the_selected_tests_only(project: Project) -> None:
    add_second(project)

    result = project.run("--promptopt-update-baseline", "-k", "second")

    assert requests(result) == 60
    result.stdout.fnmatch_lines(
        [
            "baselines to record: 1 prompt test, 60 calls: "
            "test_second 60 (20 cases x 3 trials, scripted:skill)"
        ]
    )
    assert not record_path(project).exists()


def test_where_nothing_is_recorded_nothing_is_estimated(project: Project) -> None:
    project.record()

    for arguments in ((), ("--promptopt-all",)):
        result = project.run(*arguments)
        result.stdout.no_fnmatch_line("baselines to record*")


def test_only_new_records_what_has_no_record_and_calls_nothing_else(
    project: Project,
) -> None:
    project.record()
    before = record_path(project).read_bytes()
    project.write_prompt("Skill 12")
    add_second(project)

    result = project.run("--promptopt-update-baseline", "--promptopt-baseline-only=new")

    assert result.ret == 0
    assert requests(result) == 60
    result.stdout.fnmatch_lines(
        [
            "baselines to record: 1 prompt test, 60 calls: test_second *",
            "test_second  pass (recorded)  100.0% *  60",
            "test_sort    pass (kept)      100.0% *   0",
        ]
    )
    assert record_path(project).read_bytes() == before
    assert len(record(project, "second")["cases"]) == 20


def test_only_changed_records_what_no_longer_fits_and_what_is_new(
    project: Project,
) -> None:
    add_second(project)
    project.record()
    kept = record_path(project, "second").read_bytes()
    project.write_prompt("Skill 12")
    (project.path / "test_third.py").write_text(
        TEST.replace("test_sort", "test_third"), encoding="utf-8"
    )

    result = project.run(
        "--promptopt-update-baseline", "--promptopt-baseline-only=changed"
    )

    assert result.ret == 0
    assert requests(result) == 120
    result.stdout.fnmatch_lines(
        [
            "test_second  pass (kept) *",
            "test_sort    pass (recorded)   60.0% *",
            "test_third   pass (recorded)   60.0% *",
        ]
    )
    assert record_path(project, "second").read_bytes() == kept
    assert record(project)["cases"][12]["values"] == [0.0, 0.0, 0.0]


def test_only_changed_records_nothing_where_everything_fits(project: Project) -> None:
    project.record()
    before = record_path(project).read_bytes()

    result = project.run(
        "--promptopt-update-baseline", "--promptopt-baseline-only=changed"
    )

    assert result.ret == 0
    assert requests(result) == 0
    result.stdout.fnmatch_lines(["*pass (kept)*"])
    result.stdout.no_fnmatch_line("baselines to record*")
    assert record_path(project).read_bytes() == before


SILENT = CONFTEST.replace(
    "    return word if",
    "    if number == '7':\n"
    "        from pytest_promptopt.errors import ModelError\n"
    "        raise ModelError('the line went dead', 'wait')\n"
    "    return word if",
)


def test_a_recording_that_misses_a_reply_writes_nothing_and_is_an_error(
    project: Project,
) -> None:
    project.record()
    before = record_path(project).read_bytes()
    project.write_prompt("Skill 18")
    project.pytester.makeconftest(SILENT)

    result = project.run("--promptopt-update-baseline")

    assert result.ret == 1
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: error (provider)", "*the line went dead*"]
    )
    result.stdout.no_fnmatch_line("written: *")
    assert record_path(project).read_bytes() == before


def test_the_reason_is_kept_in_the_record_until_the_next_recording(
    project: Project,
) -> None:
    reason = "Refunds moved to another team.\nAgreed with Ana: -3 points."
    project.run("--promptopt-update-baseline", f"--promptopt-reason={reason}")
    given = record(project)["reason"]
    project.record()

    assert given == reason
    assert record(project)["reason"] is None


def test_a_recording_uses_no_reply_of_the_gate(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    assert project.run().ret == 1

    result = project.run("--promptopt-update-baseline")

    assert requests(result) == 60
    result.stdout.fnmatch_lines(["*pass (recorded): 60.0%*[[]60 calls[]]"])


def test_a_recording_uses_no_reply_of_the_one_before(project: Project) -> None:
    project.record()

    result = project.run("--promptopt-update-baseline")

    assert requests(result) == 60


def test_a_record_with_conflict_markers_names_the_line_and_the_command_that_mends_it(
    project: Project,
) -> None:
    project.record()
    path = record_path(project)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["{", "<<<<<<< HEAD", *lines[1:]]))

    broken = project.run()
    mended = project.run("test_sort.py::test_sort", "--promptopt-update-baseline")

    assert (broken.ret, mended.ret) == (1, 0)
    shown = path.relative_to(project.path)
    broken.stdout.fnmatch_lines(
        [
            f"*{shown}:2: merge-conflict marker '<<<<<<< HEAD' in a baseline (git "
            "writes none with the line '[*][*]/__prompt_baselines__/[*][*]/[*].json "
            "-merge' in .gitattributes)",
            "*hint: record it anew with: pytest test_sort.py::test_sort "
            "--promptopt-update-baseline",
        ]
    )
    assert record(project)["version"] == 1


def test_a_body_that_skips_every_case_says_that_nothing_is_recorded(
    project: Project,
) -> None:
    project.write_test(TEST.replace("    assert", '    pytest.skip("no")\n    assert'))

    result = project.run("--promptopt-update-baseline", "-rs")

    result.stdout.fnmatch_lines(["SKIPPED *no (no baseline recorded)"])
    assert not record_path(project).exists()
