"""Train and holdout: decided by content, never by position or chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.cases.rows import fault
from pytest_promptopt.records import canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Case

FEW_CASES = 80
"""Up to here the hold-out gets more: it decides, the train cases only guide."""

SHARE, SHARE_OF_FEW = 0.5, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The two sides of a split, each in the order of the cases.

    Attributes:
        train: What a search may look at.
        holdout: What confirms a candidate, and is never shown to a search.
    """

    train: tuple[Case, ...]
    holdout: tuple[Case, ...]

    @property
    def digest(self) -> str:
        """Identity of both sides by content, whatever the order of the cases."""
        sides = (self.train, self.holdout)
        return digest([sorted(case.hash for case in side) for side in sides])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """Cases that must stay together, under the hash that orders them."""

    key: str
    cases: tuple[Case, ...]


def split_cases(cases: Sequence[Case]) -> Split:
    """Divide cases into train and holdout.

    The hold-out gets half of the cases, or 60 % of at most 80, as closely as whole
    units allow. A unit is a group, or the cases whose inputs are equal but for letter
    case and white space; units are taken in the order of a hash of their content, so
    that the result does not depend on the order of the cases. A ``split`` field decides
    for the whole unit; the others then fill up to the same share of all cases.

    Args:
        cases: The cases of one prompt test; ids are unique.

    Returns:
        Both sides; every case is on exactly one of them.

    Raises:
        CaseFileError: The ``split`` fields put one unit on both sides.
    """
    units = _units(cases)
    share = SHARE_OF_FEW if len(cases) <= FEW_CASES else SHARE
    sides = {unit.key: _decided(unit) for unit in units}
    fixed = sum(len(unit.cases) for unit in units if sides[unit.key] == "holdout")
    free = [unit for unit in units if sides[unit.key] is None]
    chosen = _chosen(free, round(share * len(cases)) - fixed)
    held = {
        case.id
        for unit in units
        if unit.key in chosen or sides[unit.key] == "holdout"
        for case in unit.cases
    }
    return Split(
        train=tuple(case for case in cases if case.id not in held),
        holdout=tuple(case for case in cases if case.id in held),
    )


def hanging_together(cases: Iterable[Case]) -> dict[str, tuple[str, ...]]:
    """Return for each case the ids of its unit, its own among them.

    Args:
        cases: The cases; ids are unique.

    Returns:
        Case id to the ids of the cases of one group with it, or with equal inputs.
    """
    units = [tuple(case.id for case in unit.cases) for unit in _units(tuple(cases))]
    return {case_id: unit for unit in units for case_id in unit}


def _chosen(units: Iterable[_Unit], wanted: int) -> frozenset[str]:
    """Return the keys of the units whose sizes come closest to a number of cases."""
    taken: set[str] = set()
    left = wanted
    skipped: list[_Unit] = []
    for unit in units:
        if len(unit.cases) <= left:
            taken.add(unit.key)
            left -= len(unit.cases)
        else:
            skipped.append(unit)
    if left > 0 and skipped:
        smallest = min(skipped, key=lambda unit: (len(unit.cases), unit.key))
        if len(smallest.cases) - left < left:
            taken.add(smallest.key)
    return frozenset(taken)


def _decided(unit: _Unit) -> Literal["train", "holdout"] | None:
    decided = [case for case in unit.cases if case.split is not None]
    for case in decided[1:]:
        if case.split != decided[0].split:
            shared = (
                f"group {case.group!r}"
                if case.group is not None and case.group == decided[0].group
                else "inputs that hang together"
            )
            raise fault(
                case.place,
                f"case {case.id!r} has split {case.split!r}, but case "
                f"{decided[0].id!r} at {decided[0].place} has split "
                f"{decided[0].split!r}, and they share {shared}",
                "put both on the same side, or the hold-out would leak into the search",
            )
    return decided[0].split if decided else None


def _units(cases: Sequence[Case]) -> list[_Unit]:
    """Return what must stay together: cases linked by a group or by equal inputs."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    keys = {case.id: _keys(case) for case in cases}
    for group, content in keys.values():
        one, other = sorted((root(group), root(content)))
        parent[other] = one
    members: dict[str, list[Case]] = {}
    for case in cases:
        members.setdefault(root(keys[case.id][0]), []).append(case)
    units = [
        _Unit(
            # The group's hash, not its members': a new member must not move a group.
            key=min(keys[case.id][0] for case in linked),
            cases=tuple(sorted(linked, key=lambda case: case.id)),
        )
        for linked in members.values()
    ]
    return sorted(units, key=lambda unit: unit.key)


def _keys(case: Case) -> tuple[str, str]:
    """Return the hash of a case's group, or else of its input, and of its input."""
    content = digest(["input", normalised_input(case.inputs)])
    if case.group is None:
        return content, content
    return digest(["group", case.group]), content


def normalised_input(inputs: Mapping[str, Any]) -> str:
    """Return the text by which inputs count as equal: letter case and space ignored."""
    return canonical_json(_normalised(dict(inputs)))


def _normalised(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, Mapping):
        return {key: _normalised(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normalised(entry) for entry in value]
    return value
