"""Every folder of examples/ does what its README shows, offline and without a key."""

from __future__ import annotations

import ast
import io
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import NoReturn

import pytest
from conftest import run_within
from readme import BLOCK, README, ROOT, matches

from pytest_promptopt.command import main

EXAMPLES = ROOT / "examples"
FOLDERS = sorted(path for path in EXAMPLES.glob("[a-z]*") if path.is_dir())
LEFT_BY_RUNS = shutil.ignore_patterns(
    "__pycache__", "__prompt_baselines__", ".promptopt", ".pytest_cache", "promptopt.*"
)
OURS = ("test_*.py", "conftest.py")
MOST_LINES = 40

example = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)


def sessions(folder: Path) -> list[tuple[str, list[str]]]:
    """Return the commands of an example's README, each with what it prints."""
    text = (folder / "README.md").read_text("utf-8")
    blocks = [block for _, kind, block in BLOCK.findall(text) if kind == "console"]
    lines = [block.strip().split("\n") for block in blocks]
    return [(command.removeprefix("$ "), printed) for command, *printed in lines]


def run(command: str, pytester: pytest.Pytester) -> str:
    """Run one command of an example in its folder; pytest and promptopt in-process."""
    program, *arguments = shlex.split(command)
    if program == "pytest":
        return run_within(pytester, *arguments).stdout.str()
    if program == "promptopt":
        with redirect_stdout(io.StringIO()) as printed:
            main(arguments)
        return printed.getvalue()
    if program == "python":
        return printed_by(*arguments)
    assert program == "git", command
    done = subprocess.run([program, *arguments], check=True, capture_output=True)
    return done.stdout.decode()


def printed_by(script: str, *arguments: str) -> str:
    """Run a program of an example as its users do, but in this process."""
    known = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as told:
        patch.setattr(sys, "argv", [script, *arguments])
        patch.syspath_prepend(str(Path.cwd()))
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(script, run_name="__main__")
        for path in Path.cwd().glob("*.py"):
            if path.stem not in known:
                sys.modules.pop(path.stem, None)
    assert not ended.value.code
    return told.getvalue()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: socket.socket, address: object) -> NoReturn:
        raise AssertionError(f"an example connects to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("offline")
@example
def test_the_commands_of_an_example_print_what_its_readme_shows(
    folder: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, pytester.path, dirs_exist_ok=True, ignore=LEFT_BY_RUNS)
    for path in folder.rglob("*.py"):  # a module of this suite may be called so, too
        if path.stem != "conftest":
            monkeypatch.delitem(sys.modules, path.stem, raising=False)

    shown = sessions(folder)

    assert shown
    for command, expected in shown:
        printed = run(command, pytester)
        lines = [line.rstrip() for line in printed.splitlines()]
        assert matches(lines, expected), printed


@example
def test_an_example_records_its_baselines_and_then_runs(folder: Path) -> None:
    commands = [command for command, _ in sessions(folder)]

    recorded = ["pytest --promptopt-update-baseline", "pytest"]
    others = {
        "init": ["git init --quiet", "promptopt init"],
        "optimize": ["python tables.py --runs 1 --small"],  # has no prompt test
    }
    assert commands[:2] == others.get(folder.name, recorded)


@example
def test_what_an_example_adds_for_its_prompt_tests_is_short(folder: Path) -> None:
    files = [path for pattern in OURS for path in folder.rglob(pattern)]

    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]

    assert len([line for line in lines if line.strip()]) <= MOST_LINES


@example
def test_the_application_of_an_example_knows_nothing_of_prompt_tests(
    folder: Path,
) -> None:
    if folder.name == "optimize":
        return  # a program on top of optimize_text, and no application under test
    ours = {path for pattern in OURS for path in folder.rglob(pattern)}

    for path in sorted(set(folder.rglob("*.py")) - ours):
        tree = ast.parse(path.read_text("utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        names = [alias.name for node in imports for alias in node.names]
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [node.module or "" for node in froms]
        assert not [name for name in names if name.startswith(("pytest", "_pytest"))]


def test_the_table_of_the_examples_lists_each_one_once() -> None:
    table = (EXAMPLES / "README.md").read_text("utf-8")

    row = re.compile(r"^\| \[(\w+)\]\((\w+)/README\.md\) \| .+ \| .+ \|$", re.MULTILINE)

    assert sorted(row.findall(table)) == [(path.name,) * 2 for path in FOLDERS]


def test_the_repository_of_the_init_example_is_the_one_of_its_page() -> None:
    page = (ROOT / "docs" / "init.md").read_text("utf-8")
    files = [(name, text) for name, _, text in BLOCK.findall(page) if "file: " in name]

    folder = EXAMPLES / "init"
    own = [path for path in folder.rglob("*") if path.is_file()]

    assert [folder / name.removeprefix("file: ") for name, _ in files] == [
        path for path in own if path.name != "README.md"
    ]
    for name, text in files:
        assert (folder / name.removeprefix("file: ")).read_text("utf-8") == text


def test_the_examples_can_be_reached_from_the_readme() -> None:
    assert "](examples/README.md)" in README
