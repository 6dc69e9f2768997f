"""No block of the docs that nothing makes sure of, and none that cannot be read."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import tomli
import yaml
from docs_blocks import BLOCKS, DOCS, FOLLOWED, PAGES, PARSED, PICTURES, RUN, Block
from readme import ROOT

from pytest_promptopt import options
from pytest_promptopt.models import providers_from
from pytest_promptopt.tables import tables_of

TESTS = ROOT / "tests"


class Names:
    """Takes what is declared in the place of pytest's parser."""

    def __init__(self) -> None:
        self.options = {"--junitxml"}
        self.keys: set[str] = set()

    def getgroup(self, *_: str) -> Names:
        return self

    def addoption(self, *names: str, **_: Any) -> None:
        self.options.update(names)

    def addini(self, name: str, *_: Any, **__: Any) -> None:
        self.keys.add(name)


@pytest.fixture(scope="module")
def names() -> Names:
    found = Names()
    options.declare(found)  # type: ignore[arg-type]
    return found


def parsed(kind: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.kind == kind]
    return pytest.mark.parametrize("block", chosen, ids=lambda block: block.place)


def test_every_fence_of_the_docs_is_a_block_with_a_language() -> None:
    fences = sum(
        len(re.findall(r"^```", page.read_text("utf-8"), re.MULTILINE))
        for page in PAGES
    )

    assert fences == 2 * len(BLOCKS)


def test_every_block_is_run_or_parsed_or_a_picture_with_a_reason() -> None:
    left = [
        f"{block.place} ({block.kind})"
        for block in BLOCKS
        if not (block.is_run or block.kind in PARSED or block.picture)
    ]

    assert left == []


def test_every_console_block_is_typed_by_a_test() -> None:
    consoles = [block for block in BLOCKS if block.kind == "console"]

    assert consoles
    assert [block.place for block in consoles if not block.is_run] == []


def test_the_reasons_for_pictures_are_all_in_use() -> None:
    assert {block.picture for block in BLOCKS} - {""} == set(PICTURES)


@pytest.mark.parametrize(("page", "module", "kinds"), RUN)
def test_a_page_that_is_said_to_be_run_is_read_by_that_test(
    page: str, module: str, kinds: str
) -> None:
    text = (TESTS / module).read_text("utf-8")

    assert page in text or page == "configuration.md"  # from the hooks' docstrings
    there = {block.kind for block in BLOCKS if block.page == page}
    assert set(kinds.split()) <= there


def test_the_pages_that_are_followed_are_those_of_the_walkthrough() -> None:
    text = (TESTS / "plugin" / "test_walkthroughs.py").read_text("utf-8")

    assert "from docs_blocks import FOLLOWED" in text
    assert all((DOCS / page).is_file() for page in FOLLOWED)


@parsed("python")
def test_python_of_the_docs_compiles(block: Block) -> None:
    text = block.text.rstrip()
    if text.startswith("@") and "\ndef " not in text:  # a marker by itself
        text += "\ndef test_it(): ..."

    ast.parse(text)


@parsed("toml")
def test_toml_of_the_docs_has_settings_that_exist(block: Block, names: Names) -> None:
    tables = tables_of(block.text, Path(block.place))
    document = tomli.loads(block.text)
    keys = document.get("tool", {}).get("pytest", {}).get("ini_options", {})

    assert document
    assert {key for key in keys if "promptopt" in key} <= names.keys
    providers_from(tables.get("providers", {}))


@parsed("ini")
def test_ini_files_of_the_docs_have_keys_that_exist(block: Block, names: Names) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(block.text)

    keys = set(parser["pytest"])

    assert keys
    assert {key for key in keys if "promptopt" in key} <= names.keys


@parsed("yaml")
def test_yaml_of_the_docs_can_be_read(block: Block) -> None:
    assert yaml.safe_load(block.text)


@parsed("json")
def test_json_of_the_docs_can_be_read(block: Block) -> None:
    try:
        assert json.loads(block.text)
    except json.JSONDecodeError:  # a value a line
        assert [json.loads(line) for line in block.text.splitlines()]


@parsed("jinja")
def test_templates_of_the_docs_can_be_parsed(block: Block) -> None:
    environment = jinja2.Environment(autoescape=False)

    assert environment.parse(block.text).body


@parsed("sh")
def test_commands_of_the_docs_are_there_with_their_options(
    block: Block, names: Names
) -> None:
    text = block.text.replace("\\\n", " ").replace("python -m pytest", "pytest")
    for line in text.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        given = {word.split("=")[0] for word in arguments if word.startswith("--")}
        if program == "pytest":
            assert given <= names.options
        elif program == "git":
            assert block.is_run, line
        elif arguments[0].startswith("benchmarks/"):
            script = ROOT / arguments[0]
            assert all(option in script.read_text("utf-8") for option in given)
        else:
            assert block.picture, line
