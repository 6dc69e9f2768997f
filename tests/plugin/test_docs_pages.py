"""What the pages under docs/ name exists: options, ini keys, limits, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Project

from pytest_promptopt.gate.limits import check_limit

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "gate.md", DOCS / "pull-requests.md"]


@pytest.mark.parametrize("word", [r"--promptopt-[\w-]+", r"promptopt_\w+"])
def test_options_and_ini_keys_of_the_docs_are_in_the_help(
    project: Project, word: str
) -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    help_text = project.run("--help").stdout.str()

    named = set(re.findall(word, text))

    assert named
    assert named <= set(re.findall(word, help_text))


def test_limits_of_the_docs_can_be_read() -> None:
    limits = re.findall(r'"([+\-<>][^"]*)"', PAGES[0].read_text("utf-8"))

    assert len(limits) >= 9
    for limit in limits:
        check_limit(limit)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_docs_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).is_file()] == []
