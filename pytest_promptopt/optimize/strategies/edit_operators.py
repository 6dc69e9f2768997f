"""Edits to try next: drawn mechanically, or asked of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.drafts import TAG
from pytest_promptopt.optimize.evidence import meta_prompt
from pytest_promptopt.optimize.strategies.patches import (
    MECHANICAL,
    PatchEdit,
    applied,
    passage,
    standing,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from pytest_promptopt.optimize.strategies.patches import Program
    from pytest_promptopt.prompts import Region

BLANK = "<BLANK>"

SHORTER = 0.6
"""A passage that is to say the same in fewer words gets this share of them."""

BLOCKS = 0.1
"""How often a whole block is deleted, and not a sentence or an item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a new edit is about.

    Attributes:
        region: The region.
        units: Numbers of the units, from 0; they stand side by side.
    """

    region: Region
    units: tuple[int, ...]


def mechanical(
    program: Program,
    patch: Sequence[PatchEdit],
    draws: random.Random,
    *,
    shrinks: bool,
) -> PatchEdit | None:
    """Draw an edit that takes no model; ``None`` where nothing may be edited.

    Args:
        program: The prompt.
        patch: The patch that it is put behind.
        draws: Random numbers.
        shrinks: Whether only edits are wanted that make the text shorter.
    """
    kind = "delete" if shrinks else draws.choice(MECHANICAL)
    whole = kind == "delete" and draws.random() < BLOCKS
    target = target_of(program, patch, draws, whole=whole)
    if target is None:
        return None
    address = target.region.address
    where = -1
    if kind != "delete":
        units = standing(program.units[address], patch_of(patch, address))
        places = [
            number
            for number, unit in units.items()
            if number != target.units[0] and (kind != "swap" or not unit.is_fixed)
        ]
        if kind != "swap":
            places.append(-1)
        if not places:
            return None
        where = draws.choice(places)
    return PatchEdit(
        kind=kind, region=address, units=target.units, where=where, operator=kind
    )


def target_of(
    program: Program,
    patch: Sequence[PatchEdit],
    draws: random.Random,
    *,
    whole: bool,
) -> Target | None:
    """Draw what is still there and may be edited: a unit, or a block of them."""
    found = []
    for region in program.task.regions:
        units = standing(program.units[region.address], patch_of(patch, region.address))
        runs: list[list[int]] = []
        last = None
        for number, unit in units.items():
            if unit.is_fixed:
                last = None
            elif whole and last == unit.block:
                runs[-1].append(number)
            else:
                runs.append([number])
                last = unit.block
        found += [Target(region=region, units=tuple(run)) for run in runs]
    return draws.choice(found) if found else None


def patch_of(patch: Sequence[PatchEdit], address: str) -> list[PatchEdit]:
    """Return the edits of one region."""
    return [edit for edit in patch if edit.region == address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An edit that a model is asked for.

    Attributes:
        operator: ``"replace"``, ``"fill"``, ``"mend"`` or ``"shorten"``.
        target: What it replaces.
        meta_prompt: File of the meta-prompt.
        content: The text of the request.
    """

    operator: str
    target: Target
    meta_prompt: str
    content: str

    def edit(self, text: str) -> PatchEdit:
        """Return the edit that a reply makes."""
        return PatchEdit(
            kind="replace",
            region=self.target.region.address,
            units=self.target.units,
            text=text,
            operator=self.operator,
        )


def written(
    program: Program,
    patch: Sequence[PatchEdit],
    draws: random.Random,
    *,
    shrinks: bool,
    examples: Sequence[Any] = (),
) -> Written | None:
    """Draw an edit that a model writes; ``None`` where nothing may be edited.

    Args:
        program: The prompt.
        patch: The patch that it is put behind.
        draws: Random numbers.
        shrinks: Whether the new text is to be shorter.
        examples: Returns the wrong answers to show for a region; none, if left out.
    """
    operators = ["shorten", "fill"] if shrinks else ["replace", "fill"]
    if examples and not shrinks:
        operators.append("mend")
    operator = draws.choice(operators)
    target = target_of(program, patch, draws, whole=operator != "fill")
    if target is None:
        return None
    address, task = target.region.address, program.task
    own_edits = patch_of(patch, address)
    current = passage(program.units[address], own_edits, target.units)
    words = len(current.split())
    limit = max(1, math.ceil(words * SHORTER)) if shrinks else task.word_limit[address]
    file, values = (
        "gi_replace.j2",
        {
            "examples": list(examples) if operator == "mend" else [],
            "shorter": operator == "shorten",
        },
    )
    if operator == "fill":
        own = PatchEdit(kind="replace", region=address, units=target.units, text=BLANK)
        edits = [*own_edits, own]
        current = applied(program.units[address], edits)
        file, values = "gi_fill.j2", {"blank": BLANK}
    content = meta_prompt(
        file,
        current=current,
        word_limit=limit,
        steps=", ".join(task.names.get(address, ())),
        tag=TAG,
        **values,
    )
    return Written(operator=operator, target=target, meta_prompt=file, content=content)
