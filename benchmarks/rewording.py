"""How texts are reworded, merged and worked over in stages, without any evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from instruction_language import instructions, sentences, written
from optimizer_knowledge import told_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from instruction_language import Instruction

INHERITED = 0.6
"""How likely a merged text has what one of its parents alone says."""

_STAGE = re.compile(r"<([A-Za-z][\w.-]*)> block\b")


def reworded(text: str, random: Random) -> str:
    """Say the same in other words."""
    return " ".join(
        " ".join(written(entry, random) for entry in instructions(part)) or part
        for part in sentences(text)
    )


def without(text: str, unwanted: Sequence[Instruction]) -> str:
    """Take sentences out of a text."""
    if not unwanted:
        return text
    return " ".join(
        part
        for part in sentences(text)
        if not any(entry in unwanted for entry in instructions(part))
    )


def with_(text: str, wanted: Sequence[Instruction], random: Random) -> str:
    """Add instructions to a text; what says the opposite is replaced."""
    text = without(text, [entry.opposite for entry in wanted])
    return " ".join([text.strip(), *(written(entry, random) for entry in wanted)])


def crossed(texts: Sequence[str], random: Random) -> str:
    """Take what all parents say, some of what one of them says, something of each."""
    told = [told_by(text) for text in texts]
    every = dict.fromkeys(entry for parent in told for entry in parent)
    kept: list[Instruction] = []
    for entry in every:
        is_common = all(entry in parent for parent in told)
        is_taken = is_common or random.random() < INHERITED
        if is_taken and entry.opposite not in kept:
            kept.append(entry)
    parts = [sentences(text) for text in texts]
    every_part = [part for own in parts for part in own]
    lead = [part for part in random.choice(parts) if not told_by(part)]
    said = [
        random.choice([part for part in every_part if entry in told_by(part)])
        for entry in kept
    ]
    merged = dict.fromkeys([*lead, *said])
    for own in parts:
        alone = [part for part in own if every_part.count(part) == 1]
        if alone and not any(part in merged for part in alone):
            merged[random.choice(alone)] = None
    return " ".join(merged)


def stage_tags(prose: str) -> tuple[str, ...]:
    """Return the tags of the stages that a request asks to be shown, in order."""
    return tuple(dict.fromkeys(_STAGE.findall(prose)))


def in_stages(
    tags: Sequence[str], texts: Sequence[str], random: Random
) -> tuple[dict[str, str], str]:
    """Merge texts and show how.

    Args:
        tags: Tags of the stages. Of one, it is the merged text before it is altered;
            of three, the parts in which the first two texts differ, the same parts
            altered, and the third text with them, which is crossed with the last one.
        texts: At least two; four if there are three stages.
        random: The luck.

    Returns:
        The stages by their tags, and the text; no stages if it cannot be done so.
    """
    if len(tags) != 3 or len(texts) < 4:
        merged = crossed(texts, random)
        shown = {tags[0]: merged} if len(tags) == 1 else {}
        return shown, reworded(merged, random)
    differ = [*_alone(texts[0], texts[1]), *_alone(texts[1], texts[0])]
    changed = [reworded(part, random) for part in differ]
    taken = [part for part in changed if random.random() < INHERITED]
    merged = texts[2]
    for part in taken or changed[:1]:
        told = told_by(part)
        kept = without(merged, [*told, *(entry.opposite for entry in told)])
        merged = f"{kept.strip()} {part}"
    bodies = ("\n".join(differ), "\n".join(changed), merged)
    shown = dict(zip(tags, bodies, strict=True)) if differ else {}
    return shown, crossed([merged, texts[3]], random)


def _alone(text: str, other: str) -> list[str]:
    """Return the parts of a text that say what the other one does not."""
    said = {*told_by(other), *sentences(other)}
    return [part for part in sentences(text) if not said & {*told_by(part), part}]
