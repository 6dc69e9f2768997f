"""The kinds of informative landscapes, and how one of a kind is made."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

from charted import Charted, Hidden
from instruction_language import TOPICS, WAFFLE, Instruction, said, written
from landscapes import HOLDOUT, LEAD, TRAIN, template

from pytest_promptopt.records import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """What the landscapes of one kind have in common.

    Attributes:
        useful: How many instructions some case needs.
        decoys: How many topics come up in cases without being needed.
        harm: Probability that an instruction which a case does not need harms it; a
            useful one does with a quarter of it.
        partners: How many needed instructions only help together with another one.
        conflicts: Pairs of needed instructions that cost every case if both are given.
        misled: Share of the failure reasons that blame a decoy.
        roomy: Words that a prompt may have before attention falls.
        strain: Log-odds that each word more than that costs every case.
        regions: In how many marked regions the prompt is written, 1 or 2.
    """

    useful: int = 8
    decoys: int = 8
    harm: float = 0.15
    partners: int = 0
    conflicts: int = 0
    misled: float = 0.1
    roomy: int = 50
    strain: float = 0.04
    regions: int = 1


TERRAINS: Mapping[str, Terrain] = MappingProxyType(
    {
        "plain": Terrain(),
        "linked": Terrain(useful=10, partners=4, conflicts=2),
        "trapped": Terrain(decoys=14, harm=0.35, misled=0.3),
        "crowded": Terrain(useful=16, roomy=30, strain=0.08),
        "divided": Terrain(useful=10, regions=2),
    }
)
"""The informative kinds."""


def charted(kind: str, seed: int) -> Charted:
    """Make one landscape.

    Args:
        kind: Key of :data:`TERRAINS`.
        seed: Every number is another landscape of the kind.
    """
    terrain = TERRAINS[kind]
    random = Random(f"landscape/{kind}/{seed}")
    drawn = random.sample(TOPICS, terrain.useful + terrain.decoys)
    both = [Instruction(topic, random.random() < 0.7) for topic in drawn]
    useful, decoys = both[: terrain.useful], both[terrain.useful :]
    joined = random.sample(useful, 2 * terrain.conflicts + terrain.partners)
    at = 2 * terrain.conflicts
    pairs = [frozenset(joined[i : i + 2]) for i in range(0, at, 2)]
    partners = {
        need: random.choice([other for other in useful if other != need])
        for need in joined[at:]
    }
    count = TRAIN + HOLDOUT
    hidden = [_hidden(random, terrain, useful, decoys) for _ in range(count)]
    return Charted(
        name=kind,
        terrain=terrain,
        files=_files(random, terrain, useful, decoys),
        cases=tuple(_case(random, i, hidden[i], decoys) for i in range(count)),
        hidden=tuple(hidden),
        partners=partners,
        conflicts=tuple(pairs),
    )


def _hidden(
    random: Random,
    terrain: Terrain,
    useful: Sequence[Instruction],
    decoys: Sequence[Instruction],
) -> Hidden:
    many = random.choice((1, 1, 1, 1, 1, 2, 2, 2, 2, 3))
    # Some needs are common and some are rare.
    shares = [1 / (1 + rank / 3) for rank in range(len(useful))]
    needs = tuple(dict.fromkeys(random.choices(useful, shares, k=many)))
    harms = [entry for entry in decoys if random.random() < terrain.harm]
    harms += [
        entry
        for entry in useful
        if entry not in needs and random.random() < terrain.harm / 4
    ]
    return Hidden(
        ability=random.gauss(1.0, 0.9),
        needs=needs,
        harms=frozenset(harms),
        decoy=random.choice(decoys),
    )


def _case(
    random: Random, number: int, hidden: Hidden, decoys: Sequence[Instruction]
) -> Case:
    """Write a case: it mentions what it needs among other things."""
    others = random.sample(decoys, 2)
    shown = random.sample([*hidden.needs, *others[:1]], len(hidden.needs) + 1)
    asked = random.sample([*hidden.needs, *others], len(hidden.needs) + 2)
    return Case(
        id=f"c{number}",
        inputs={"request": f"Number {number}: " + ", ".join(i.topic for i in asked)},
        expected=f"Answer {number} {said(shown)}",
        split="train" if number < TRAIN else "holdout",
    )


def _files(
    random: Random,
    terrain: Terrain,
    useful: Sequence[Instruction],
    decoys: Sequence[Instruction],
) -> dict[str, str]:
    """Write the start: some of what is needed, something harmful, something empty."""
    told = [*random.sample(useful, 2), random.choice(decoys)]
    start = [LEAD, random.choice(WAFFLE), *(written(entry, random) for entry in told)]
    if terrain.regions == 1:
        return {"prompt.j2": template(" ".join(start))}
    return {
        "system.j2": template(" ".join(start[:2]), ""),
        "user.j2": template(" ".join(start[2:])),
    }
