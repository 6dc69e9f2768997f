"""What docs/init.md shows is what happens."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from git_project import GitProject
from readme import BLOCK, matches

from pytest_promptopt.command import main

PAGE = (Path(__file__).parents[2] / "docs" / "init.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = GitProject.started(tmp_path / "shop")
    monkeypatch.chdir(project.path)
    shown = 0

    for comment, language, text in BLOCK.findall(PAGE):
        if comment.startswith("file: "):
            project.write({comment.removeprefix("file: "): text})
        elif language == "console":
            command, *expected = text.strip().split("\n")
            assert main(shlex.split(command.removeprefix("$ promptopt "))) == 0
            printed = capsys.readouterr().out
            lines = [line.rstrip() for line in printed.splitlines()]
            assert matches(lines, expected), printed
            shown += 1

    assert shown == 2
