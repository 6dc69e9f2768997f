"""What docs/scorers.md shows is what happens."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from pytest_promptopt.scorers.resolving import COMBINING, FACTORIES

PAGE = (Path(__file__).parents[2] / "docs" / "scorers.md").read_text(encoding="utf-8")


def test_the_examples_of_the_page_print_what_it_shows() -> None:
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)
    told: list[str] = []
    test = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), {}, "scorers.md", None, 0
    )

    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        test, out=told.append
    )

    assert result.attempted > 15
    assert result.failed == 0, "".join(told)


def test_the_markers_of_the_page_can_be_written() -> None:
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        names = {"pytest": pytest}
        exec(block, names)

        assert [name for name in names if name.startswith("test_")]


@pytest.mark.parametrize("name", sorted({*FACTORIES, *COMBINING} - {"promptfoo"}))
def test_every_scorer_is_in_the_table_of_the_page(name: str) -> None:
    assert re.search(rf"^\|.*`\"?{name}\"?`", PAGE, re.MULTILINE)
