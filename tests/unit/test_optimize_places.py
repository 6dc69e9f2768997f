"""Searches where the prompt stands in no ordinary file: read-only, supplied, fussy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from search_script import cases, drive, plan, rising, says, steady

from pytest_promptopt.optimize import search
from pytest_promptopt.optimize.strategies.opro import Opro
from pytest_promptopt.prompts import load_prompt

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "key", "text"),
    [
        ("sort.prompt", "sort.prompt", "Sort the ticket, level 40.\n{{ticket}}\n"),
        (
            "sort.yaml",
            "sort.yaml:first",
            'first: &text "Sort it, level 40. {{ ticket }}"\nsecond: *text\n',
        ),
    ],
)
def test_a_prompt_that_cannot_be_written_is_refused_before_the_first_call(
    tmp_path: Path, file: str, key: str, text: str
) -> None:
    if file.endswith(".yaml"):
        pytest.importorskip("yaml")
    (tmp_path / file).write_text(text, encoding="utf-8")
    prompt = load_prompt({"": key}, roots=[tmp_path])

    driven = drive(search(plan(tmp_path, prompt=prompt), Opro()), rising, steady)

    result = driven.result
    assert (result.outcome, result.stopped, driven.effects) == (
        "refused",
        "refused",
        [],
    )
    assert prompt.unwritable is not None
    assert result.message == f"{prompt.unwritable.problem}; {prompt.unwritable.hint}"
    assert result.message.startswith(f"{tmp_path / file}:")


def supply(name: str) -> Any:
    return SimpleNamespace(text="Sort it, level 40.\n{{ ticket }}\n")


def test_a_proposal_for_a_supplied_prompt_is_its_whole_new_text(tmp_path: Path) -> None:
    prompt = load_prompt({"": "registry:sort"}, roots=[tmp_path], supply=supply)

    driven = drive(
        search(plan(tmp_path, prompt=prompt, steps=1), Opro()),
        lambda _: says("Sort it well, level 80.\n{{ ticket }}"),
        steady,
    )

    proposal = driven.result.proposal
    assert proposal is not None
    assert proposal.edits == ()
    assert proposal.texts == {
        "registry:sort": "Sort it well, level 80.\n{{ ticket }}\n"
    }


def test_a_draft_that_its_place_cannot_hold_is_turned_away_unpaid(
    tmp_path: Path,
) -> None:
    code = (
        "from textwrap import dedent\n"
        'SORT = dedent("""\\\n    Sort it, level 40.\n    {{ ticket }}\n    """)\n'
    )
    (tmp_path / "shop.py").write_text(code, encoding="utf-8")
    prompt = load_prompt({"": "shop:SORT"}, roots=[tmp_path])
    # dedent() empties lines that are blank.
    draft = "Sort it, level 80.\n  \n{{ ticket }}"

    driven = drive(
        search(plan(tmp_path, prompt=prompt, cases=cases(200)), Opro()),
        lambda _: says(draft),
        steady,
    )

    assert driven.result.outcome == "nothing better"
    assert set(driven.rejected) == {"cannot be written in its place", "repeat"}
    assert [len(measured.candidates) for measured in driven.measured] == [1]
