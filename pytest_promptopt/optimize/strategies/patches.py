"""Patches: lists of edits against the text as it was, which can be applied again.

An edit names units by their numbers in the original text, so that it still means the
same when another edit of the patch is taken out. What a model wrote is part of the
edit: to apply a patch takes no model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.optimize.strategies.units import Unit, units_of
from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.optimize.strategy import Task
    from pytest_promptopt.records import Candidate

Kind = Literal["delete", "copy", "move", "swap", "replace"]
MECHANICAL: tuple[Kind, ...] = ("delete", "copy", "move", "swap")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchEdit(Record):
    """One edit of one region.

    Attributes:
        kind: ``"delete"`` takes the units out, ``"copy"`` and ``"move"`` put the first
            behind another place, ``"swap"`` exchanges it with the one there,
            ``"replace"`` puts a text in place of the units.
        region: Address of the region.
        units: Numbers of the units in the original text, from 0; not empty.
        where: Number of the unit behind which the first one goes, -1 for the front;
            for ``"swap"`` the other unit.
        text: What a model wrote, for ``"replace"``.
        operator: What it is counted as, such as ``"fill"``.
    """

    kind: Kind
    region: str
    units: tuple[int, ...]
    where: int = -1
    text: str = ""
    operator: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PatchEdit:
        """Rebuild an edit written by :meth:`to_json`."""
        return cls(**{**data, "units": tuple(data["units"])})


@dataclass(slots=True)
class _Placed:
    """A unit where it stands now; copies have no number."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The text of a prompt as something that patches are applied to.

    Attributes:
        task: The search; its incumbent is the original.
        units: Region address to the units of its text.
    """

    task: Task
    units: Mapping[str, tuple[Unit, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task) -> Program:
        """Cut the incumbent's texts into units."""
        texts = task.incumbent.texts
        return cls(
            task=task,
            units={
                region.address: units_of(texts[region.address], region)
                for region in task.regions
            },
        )

    def patched(self, edits: Iterable[PatchEdit]) -> Candidate:
        """Return the incumbent with a patch applied; an empty one leaves it as it is.

        An edit whose unit is not there any more does nothing.
        """
        given = tuple(edits)
        changed = self.task.incumbent
        for address in dict.fromkeys(edit.region for edit in given):
            own = [edit for edit in given if edit.region == address]
            text = applied(self.units[address], own)
            changed = changed.replacing(address, text)
        return self.task.fit(changed)


def replayed(task: Task, detail: Mapping[str, Any]) -> Candidate:
    """Make a candidate again from what its origin says of it, without a model.

    Args:
        task: A search of the same prompt.
        detail: Of the origin: its ``"patch"``.
    """
    edits = [PatchEdit.from_json(entry) for entry in detail["patch"]]
    return Program.of(task).patched(edits)


def applied(units: Sequence[Unit], edits: Iterable[PatchEdit]) -> str:
    """Return the text that edits make of some units, in their order."""
    placed = [_Placed(number, unit) for number, unit in enumerate(units)]
    for edit in edits:
        _apply(placed, edit)
    return _written(placed, units)


def _apply(placed: list[_Placed], edit: PatchEdit) -> None:
    there = {entry.number: at for at, entry in enumerate(placed) if entry.number >= 0}
    own = [there[number] for number in edit.units if number in there]
    if not own:
        return
    if edit.kind == "swap":
        if edit.where in there:
            _swap(placed, own[0], there[edit.where])
    elif edit.kind in ("copy", "move"):
        if edit.where < 0 or edit.where in there:
            _put(placed, own[0], edit)
    else:
        if edit.kind == "replace":
            placed[own[0]] = _rewritten(placed[own[0]], edit.text.strip())
            own = own[1:]
        for at in sorted(own, reverse=True):
            del placed[at]


def _swap(placed: list[_Placed], one: int, other: int) -> None:
    first, second = placed[one], placed[other]
    placed[one] = _in_block_of(second, first)
    placed[other] = _in_block_of(first, second)


def _put(placed: list[_Placed], at: int, edit: PatchEdit) -> None:
    """Put a unit, or a copy of it, behind another one."""
    entry = placed[at]
    if edit.kind == "copy":
        entry = _Placed(-1, entry.unit)
    else:
        del placed[at]
    places = [i for i, other in enumerate(placed) if other.number == edit.where]
    target = places[0] + 1 if edit.where >= 0 and places else 0
    if placed:
        entry = _in_block_of(entry, placed[max(0, target - 1)])
    placed.insert(target, entry)


def _in_block_of(entry: _Placed, other: _Placed) -> _Placed:
    return _Placed(entry.number, replace(entry.unit, block=other.unit.block))


def _rewritten(entry: _Placed, text: str) -> _Placed:
    is_line = entry.unit.is_line or "\n" in text
    return _Placed(entry.number, replace(entry.unit, text=text, is_line=is_line))


def _written(placed: Sequence[_Placed], units: Sequence[Unit]) -> str:
    """Put units together, with the blank space that belongs between them."""
    there = {entry.number for entry in placed}
    parts: list[str] = []
    for at, entry in enumerate(placed):
        parts.append(entry.unit.text)
        if at + 1 == len(placed):
            continue
        following = placed[at + 1]
        between = range(entry.number, following.number)
        if entry.number >= 0 and between and there.isdisjoint(between[1:]):
            # What parted them most still does where something between them is gone.
            gaps = [units[number].gap for number in between]
            parts.append(max(gaps, key=lambda gap: gap.count("\n")))
        else:
            parts.append(_parting(entry.unit, following.unit))
    return "".join(parts)


def _parting(one: Unit, other: Unit) -> str:
    if one.block != other.block:
        return "\n\n"
    return "\n" if one.is_line or other.is_line else " "


def passage(
    units: Sequence[Unit], edits: Iterable[PatchEdit], numbers: Iterable[int]
) -> str:
    """Return what some units say where they stand now, with what parts them."""
    placed = [_Placed(number, unit) for number, unit in enumerate(units)]
    for edit in edits:
        _apply(placed, edit)
    wanted = set(numbers)
    return _written([entry for entry in placed if entry.number in wanted], units)


def standing(units: Sequence[Unit], edits: Iterable[PatchEdit]) -> dict[int, Unit]:
    """Return the units that are still there, by number, in the order they stand in."""
    placed = [_Placed(number, unit) for number, unit in enumerate(units)]
    for edit in edits:
        _apply(placed, edit)
    return {entry.number: entry.unit for entry in placed if entry.number >= 0}
