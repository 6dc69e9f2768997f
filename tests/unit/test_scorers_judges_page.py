"""What docs/judges.md shows is what happens."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest
from judges import CASE, resolved

from pytest_promptopt.scorers import judge

PAGE = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_of_the_page_print_what_it_shows() -> None:
    told: list[str] = []
    test = doctest.DocTestParser().get_doctest(
        "\n".join(blocks("pycon")), {}, "judges.md", None, 0
    )

    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        test, out=told.append
    )

    assert result.attempted > 15
    assert result.failed == 0, "".join(told)


def test_the_markers_of_the_page_can_be_written() -> None:
    names = {"pytest": pytest}
    for block in blocks("python"):
        exec(block, names)

    assert {"test_reply", "test_reply_strictly", "test_rubric_polite"} < set(names)


def test_the_rubric_and_the_labels_of_the_page_can_be_used(tmp_path: Path) -> None:
    (rubric,), (labels,) = blocks("jinja"), blocks("json")
    (tmp_path / "polite.j2").write_text(rubric, encoding="utf-8")
    (tmp_path / "labels.jsonl").write_text(labels, encoding="utf-8")

    asking = resolved(judge("polite.j2", labels="labels.jsonl"), tmp_path)

    asking.check([CASE])
    assert len(asking.checks(())) == len(labels.splitlines()) == 2
    shown = asking.checks(())[0].request.messages[0].content
    assert json.loads(labels.splitlines()[0])["output"] in shown
