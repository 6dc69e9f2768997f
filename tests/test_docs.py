"""What the README shows is what happens: its project is built, its commands are run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pytest_promptopt import hookspecs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- (.+?) -->\n)?```(\w+)\n(.*?)```\n", re.DOTALL)


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield each fenced block: the comment before it, its language, its text."""
    yield from BLOCK.findall(README)


def sessions() -> Iterator[tuple[str, list[str]]]:
    for _, language, text in blocks():
        if language == "console":
            command, *output = text.strip().split("\n")
            yield command.removeprefix("$ "), output


@pytest.fixture
def readme_project(pytester: pytest.Pytester) -> pytest.Pytester:
    for comment, _, text in blocks():
        if comment.startswith("file: "):
            path = pytester.path / comment.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return pytester


def matches(lines: list[str], patterns: list[str]) -> bool:
    """Match lines against patterns in which ``...`` stands for any lines."""
    if not patterns:
        return not lines
    if patterns[0] == "...":
        return any(matches(lines[n:], patterns[1:]) for n in range(len(lines) + 1))
    if not lines:
        return False
    pattern = patterns[0].replace("[", "[[]")
    return fnmatchcase(lines[0], pattern) and matches(lines[1:], patterns[1:])


def test_the_commands_of_the_readme_print_what_it_shows(
    readme_project: pytest.Pytester,
) -> None:
    quiet = ("-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:asyncio")
    shown = list(sessions())

    assert len(shown) == 3
    for command, expected in shown:
        program, *arguments = shlex.split(command)
        assert program == "pytest"
        result = readme_project.runpytest(*quiet, "-W", "default", *arguments)
        printed = [line.rstrip() for line in result.stdout.lines]
        assert matches(printed, expected), result.stdout.str()


def test_the_hook_example_of_the_readme_is_the_hookspecs() -> None:
    code = next(text for comment, _, text in blocks() if comment == "hook example")

    doc = str(hookspecs.pytest_promptopt_model.__doc__)
    lines = [line.strip() for line in doc.splitlines()]
    assert all(line.strip() in lines for line in code.splitlines())


def test_the_toml_of_the_readme_names_settings_that_exist() -> None:
    import tomli

    from pytest_promptopt.models import providers_from
    from pytest_promptopt.settings import TABLES

    for _, language, text in blocks():
        if language == "toml":
            tables = tomli.loads(text)["tool"].get("promptopt", {})
            assert set(tables) <= set(TABLES)
            providers_from(tables.get("providers", {}))


@pytest.mark.parametrize("word", ["--promptopt-", "--optimize-prompts"])
def test_the_settings_table_lists_every_option(
    pytester: pytest.Pytester, word: str
) -> None:
    help_text = pytester.runpytest("--help", "-p", "no:asyncio").stdout.str()
    options = set(re.findall(rf"{word}[\w-]*", help_text))

    assert options
    assert not {option for option in options if f"`{option}`" not in README}


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    commands = [text.strip() for _, language, text in blocks() if language == "sh"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert len(commands) == 2
    assert commands[1].removeprefix(".venv/bin/") in ci
