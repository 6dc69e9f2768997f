"""Units of a text, and patches of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategy_script import task

from pytest_promptopt.optimize.strategies.patches import (
    PatchEdit,
    Program,
    applied,
    replayed,
)
from pytest_promptopt.optimize.strategies.units import units_of
from pytest_promptopt.prompts import Region

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
# Sorting
Sort the ticket, e.g. by topic. Use one word!
Be "brief." Never guess
what it is about.

- billing: money
  and invoices
- shipping

```
a. b. C.
```
Say {{ name | default("x. Y") }} twice. Stop.
"""


def region(text: str, *fixed: str) -> Region:
    return Region(address="a.j2#it", kind="instructions", text=text, fixed=fixed)


PLACE = region(TEXT, '{{ name | default("x. Y") }}')


def told(text: str = TEXT, place: Region = PLACE) -> list[str]:
    return [unit.text for unit in units_of(text, place)]


def test_a_text_is_cut_into_headings_sentences_items_and_fences() -> None:
    assert told() == [
        "# Sorting",
        "Sort the ticket, e.g. by topic.",
        "Use one word!",
        'Be "brief."',
        "Never guess\nwhat it is about.",
        "- billing: money\n  and invoices",
        "- shipping",
        "```\na. b. C.\n```",
        'Say {{ name | default("x. Y") }} twice.',
        "Stop.",
    ]


def test_what_has_to_stay_makes_its_unit_fixed_and_is_never_cut() -> None:
    fixed = [unit.text for unit in units_of(TEXT, PLACE) if unit.is_fixed]

    assert fixed == ['Say {{ name | default("x. Y") }} twice.']


def test_blocks_stand_apart_by_an_empty_line() -> None:
    assert [unit.block for unit in units_of(TEXT, PLACE)] == [0] * 5 + [1, 1, 2, 2, 2]


@given(st.text(alphabet="aB.!? \n-#`*1)", max_size=60))
@settings(max_examples=150, deadline=None)
def test_units_put_together_again_are_the_text(text: str) -> None:
    units = units_of(text, region(text))

    joined = "".join(unit.text + unit.gap for unit in units)

    assert joined.strip() == text.strip()
    assert applied(units, []).strip() == text.strip()


def edited(kind: Any, *numbers: int, where: int = -1, text: str = "") -> str:
    edit = PatchEdit(kind=kind, region="a", units=numbers, where=where, text=text)
    return applied(units_of(TEXT, PLACE), [edit])


@pytest.mark.parametrize(
    ("changed", "there"),
    [
        (edited("delete", 2), 'by topic.\nBe "brief."'),
        (edited("delete", 1, 2, 3, 4), "# Sorting\n\n- billing"),
        (edited("delete", 6), "and invoices\n\n```"),
        (edited("copy", 2, where=9), "Stop. Use one word!"),
        (edited("move", 9, where=1), "by topic. Stop. Use one word!"),
        (edited("move", 6), "- shipping\n# Sorting"),
        (
            edited("swap", 5, where=6),
            "- shipping\n- billing: money\n  and invoices\n\n",
        ),
        (edited("replace", 1, 2, text="Sort it."), '# Sorting\nSort it.\nBe "brief."'),
    ],
)
def test_each_kind_of_edit_keeps_lines_lines(changed: str, there: str) -> None:
    assert there in changed


def test_an_edit_of_what_is_gone_does_nothing() -> None:
    gone = PatchEdit(kind="delete", region="a", units=(2,))
    late = PatchEdit(kind="swap", region="a", units=(2,), where=3)
    units = units_of(TEXT, PLACE)

    assert applied(units, [gone, late]) == applied(units, [gone])


def test_a_patch_read_from_its_origin_gives_the_same_text(tmp_path: Path) -> None:
    made = task(tmp_path, template="One thing. Another {{ ticket }}. A third thing.")
    program = Program.of(made)
    address = made.regions[0].address
    edits = [
        PatchEdit(kind="replace", region=address, units=(0,), text="1."),
        PatchEdit(kind="copy", region=address, units=(2,), where=0),
    ]
    kept = json.loads(json.dumps({"patch": [edit.to_json() for edit in edits]}))

    again = replayed(made, kept)

    assert again == program.patched(edits)
    there = again.texts[address]
    assert there == "1. A third thing. Another {{ ticket }}. A third thing."
