"""Which train cases stand in the examples of a prompt, as it is and once changed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.evidence import as_text
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.prompts import ExampleRegion, Prompt
    from pytest_promptopt.records import Candidate, Case

_TELLING_WORDS = 3
"""Inputs of fewer words stand in many texts by chance."""

_NAMED = 3


def with_held_examples(prompt: Prompt, cases: Sequence[Case]) -> Candidate:
    """Return the incumbent, with the cases that stand in its examples regions.

    Args:
        prompt: The prompt.
        cases: The train cases.
    """
    writers = {region.address: region for region in prompt.example_regions}
    held = {
        region.address: ids
        for region in prompt.regions
        if region.kind == "examples"
        and (ids := _held(region.text, cases, writers.get(region.address)))
    }
    return replace(prompt.incumbent, examples=held)


def told_of_shown(prompt: Prompt, holdout: Sequence[Case]) -> str:
    """Warn of hold-out cases that the prompt itself shows, such as examples in it.

    Who reads the prompt reads them, the optimizer model too; and the prompt as it is
    knows their answers, which a new text without them has to make up for.

    Args:
        prompt: The prompt as it is.
        holdout: The hold-out cases.

    Returns:
        A sentence; empty if there are none.
    """
    plain = _plain("\n".join(source.text for source in prompt.sources))
    ids = [case.id for case in holdout if _is_told(case, plain)]
    if not ids:
        return ""
    named = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
    stand, them = ("stands", "it") if len(ids) == 1 else ("stand", "them")
    return (
        f"{prompt.label}: {count(len(ids), 'hold-out case')} {stand} in the prompt "
        f"itself ({named}): the optimizer model reads {them} there, and the start "
        f'knows what is expected; give {them} the field split = "train", or take '
        f"{them} out of the prompt"
    )


def attributed(candidate: Candidate, incumbent: Candidate) -> Candidate:
    """Return a candidate that names the cases in its texts, also in those it kept."""
    kept = {
        address: ids
        for address, ids in incumbent.examples.items()
        if candidate.texts.get(address) == incumbent.texts[address]
    }
    named = {
        address: ids
        for address, ids in candidate.examples.items()
        if candidate.texts.get(address) != incumbent.texts.get(address)
    }
    return replace(candidate, examples={**named, **kept})


def _held(
    text: str, cases: Iterable[Case], writer: ExampleRegion | None
) -> tuple[str, ...]:
    """Return the ids of the cases that a text shows, as they follow each other."""
    plain = _plain(text)
    found: list[tuple[int, str]] = []
    for case in cases:
        written = writer.written(case) if writer else None
        place = text.find(written) if written else -1
        if place < 0 and _is_told(case, plain):
            place = len(text)
        if place >= 0:
            found.append((place, case.id))
    return tuple(case_id for _, case_id in sorted(found, key=lambda entry: entry[0]))


def _is_told(case: Case, text: str) -> bool:
    """Tell whether a text has a case in some layout: its inputs and its answer."""
    parts = [_plain(as_text(value)) for value in case.inputs.values()]
    if sum(len(part.split()) for part in parts) < _TELLING_WORDS:
        return False
    if case.has_expected:
        parts.append(_plain(as_text(case.expected)))
    return all(f" {part.strip()} " in text for part in parts if part.strip())


def _plain(text: str) -> str:
    """Return a text's words, without case, one space around each."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return f" {' '.join(words)} "
