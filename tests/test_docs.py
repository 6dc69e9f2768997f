"""What the README shows is what happens: its project is built, its commands are run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from conftest import run_within
from readme import README, ROOT, block, blocks, matches

from pytest_promptopt import hookspecs


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


def test_the_commands_of_the_readme_print_what_it_shows(
    readme_project: pytest.Pytester,
) -> None:
    shown = list(sessions())

    assert len(shown) == 3
    for command, expected in shown:
        program, *arguments = shlex.split(command)
        assert program == "pytest"
        result = run_within(readme_project, *arguments)
        printed = [line.rstrip() for line in result.stdout.lines]
        assert matches(printed, expected), result.stdout.str()


def test_the_hook_example_of_the_readme_is_the_hookspecs() -> None:
    code = block("hook example")

    doc = str(hookspecs.pytest_promptopt_model.__doc__)
    lines = [line.strip() for line in doc.splitlines()]
    assert all(line.strip() in lines for line in code.splitlines())


def test_the_toml_of_the_readme_names_settings_that_exist() -> None:
    import tomli

    from pytest_promptopt.models import providers_from
    from pytest_promptopt.tables import TABLES

    for _, language, text in blocks():
        if language == "toml":
            tables = tomli.loads(text)["tool"].get("promptopt", {})
            assert set(tables) <= set(TABLES)
            providers_from(tables.get("providers", {}))


@pytest.mark.parametrize("word", ["--promptopt-", "--optimize-prompts"])
def test_the_settings_table_lists_every_option(
    pytester: pytest.Pytester, word: str
) -> None:
    help_text = run_within(pytester, "--help").stdout.str()
    options = set(re.findall(rf"{word}[\w-]*", help_text))

    assert options
    assert not {option for option in options if f"`{option}`" not in README}


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    commands = [text.strip() for _, language, text in blocks() if language == "sh"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert len(commands) == 2
    *_, install, test = (part.strip() for part in commands[1].split("&&"))
    assert install == ".venv/bin/pip install -e '.[test]'"
    assert 'pip install --quiet -e ".[test,lint]"\n' in ci
    assert f"\n{test.removeprefix('.venv/bin/')}\n" in ci
