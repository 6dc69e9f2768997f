"""The files that carry cases from who judges to who writes reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report_results import compared, result

from pytest_promptopt.details import (
    FOLDER,
    STALE_S,
    read_details,
    remove_details,
    remove_stale,
    run_name,
)
from pytest_promptopt.records import CaseDetail, TestResult

DETAILS = [
    CaseDetail(case_id=f"c{n}", inputs={"x": "\ud800\x1b\u2028"}) for n in range(3)
]


def written(root: Path, run: str = "abc", process: int | None = None) -> TestResult:
    folder = root / FOLDER / run_name(process or os.getpid(), run)
    folder.mkdir(parents=True)
    path = folder / "x.jsonl"
    lines = [json.dumps(detail.to_json()) + "\n" for detail in DETAILS]
    path.write_text("".join(lines), encoding="ascii")
    return result(compared("pass", "same"), details=str(path))


def test_cases_are_read_one_by_one_as_often_as_they_are_asked_for(
    tmp_path: Path,
) -> None:
    found = written(tmp_path)

    assert next(read_details(found)) == DETAILS[0]
    assert list(read_details(found)) == list(read_details(found)) == DETAILS


@pytest.mark.parametrize("path", ["", "/nowhere/at/all.jsonl"])
def test_cases_that_are_not_there_are_none(path: str) -> None:
    assert list(read_details(result(compared("pass", "same"), details=path))) == []


def test_a_run_removes_its_own_files_and_not_those_of_another_that_is_under_way(
    tmp_path: Path,
) -> None:
    own, other = written(tmp_path, "own"), written(tmp_path, "other")

    remove_details(tmp_path, [own])

    assert not Path(own.details).exists()
    assert list(read_details(other)) == DETAILS
    remove_details(tmp_path, [other])
    assert not (tmp_path / FOLDER).exists()


def test_nothing_outside_of_the_folder_is_removed(tmp_path: Path) -> None:
    stranger = tmp_path / "notes" / "x.jsonl"
    stranger.parent.mkdir()
    stranger.write_text("{}\n")

    remove_details(tmp_path, [result(compared("pass", "same"), details=str(stranger))])

    assert stranger.exists()


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.skipif(sys.platform == "win32", reason="there only the age tells it")
def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    killed = written(tmp_path, "killed", process=ended_process())
    running = written(tmp_path, "running")

    remove_stale(tmp_path)

    assert not Path(killed.details).parent.exists()
    assert Path(running.details).exists()


@pytest.mark.parametrize(
    ("age_s", "stays"), [(STALE_S / 2, True), (2 * STALE_S, False)]
)
def test_of_another_computer_only_the_age_tells_it(
    tmp_path: Path, age_s: float, *, stays: bool
) -> None:
    folder = tmp_path / FOLDER / f"0badcafe-{os.getpid()}-x"
    folder.mkdir(parents=True)
    os.utime(folder, (time.time() - age_s,) * 2)

    remove_stale(tmp_path)

    assert folder.exists() == stays
