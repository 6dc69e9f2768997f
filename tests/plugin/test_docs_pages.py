"""What the pages under docs/ name exists: options, ini keys, limits, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Project

from pytest_promptopt.gate.limits import check_limit
from pytest_promptopt.items.marker import ARGUMENTS
from pytest_promptopt.scorers.resolving import FACTORIES

DOCS = Path(__file__).parents[2] / "docs"
GATE = DOCS / "gate.md"
PAGES = sorted(DOCS.glob("*.md"))
README = DOCS.parent / "README.md"
EXAMPLES = sorted((DOCS.parent / "examples").rglob("README.md"))


@pytest.mark.parametrize("word", [r"--promptopt-[\w-]+", r"\bpromptopt_\w+"])
def test_options_and_ini_keys_of_the_docs_are_in_the_help(
    project: Project, word: str
) -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    help_text = project.run("--help").stdout.str()

    named = set(re.findall(word, text))

    assert named
    assert named <= set(re.findall(word, help_text))


def test_limits_of_the_docs_can_be_read() -> None:
    limits = re.findall(r'"([+\-<>][^"]*)"', GATE.read_text("utf-8"))

    assert len(limits) >= 9
    for limit in limits:
        check_limit(limit)


def anchors(page: Path) -> set[str]:
    """Return the places within a page that a link can name, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize(
    "page",
    [README, *PAGES, *EXAMPLES],
    ids=lambda page: page.relative_to(README.parent).as_posix(),
)
def test_links_of_the_docs_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", page.read_text("utf-8"))

    for link, anchor in links:
        target = page.parent / link if link else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    text = README.read_text("utf-8")

    assert [page.name for page in PAGES if f"](docs/{page.name}" not in text] == []


@pytest.mark.parametrize("name", [*ARGUMENTS, *FACTORIES])
def test_arguments_of_the_marker_and_scorers_are_in_the_readmes_table(
    name: str,
) -> None:
    rows = re.findall(r"^\|.*$", README.read_text("utf-8"), re.MULTILINE)
    written = f"`{name}=`" if name in ARGUMENTS else f'`"{name}"`'

    assert [row for row in rows if written in row]
