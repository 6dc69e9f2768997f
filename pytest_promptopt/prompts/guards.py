"""What a rewritten prompt must not do; checked before a cent is spent on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError, TemplateError
from pytest_promptopt.prompts.case_text import CaseText
from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.prompts.look_alikes import mixed_words
from pytest_promptopt.prompts.word_distance import word_distance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_promptopt.prompts.prompt import Prompt
    from pytest_promptopt.prompts.regions import Region
    from pytest_promptopt.records import Candidate, Case

_ANNOTATION = re.compile(r"prompt-?opt\s*:\s*(\w*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a rewrite may go from the incumbent; per region.

    A text may always be as long as the incumbent's.

    Attributes:
        words: Most words; ``None``: ``growth`` times the incumbent's words, but at
            least ``least_words``, since a start of one line has to grow.
        characters: Most characters; ``None``: ``growth`` times the incumbent's, but
            at least 8 for each word allowed.
        growth: Factor of the two, at least 1. Published guards take 3 to 4.
        least_words: See ``words``.
        edit_share: Most words changed, as a share of the incumbent's words (of
            ``least_words`` if those are fewer); ``None``: any number.
    """

    words: int | None = None
    characters: int | None = None
    growth: float = 3.0
    least_words: int = 400
    edit_share: float | None = None

    def most_words(self, incumbent: str) -> int:
        """Return how many words may replace the incumbent's text."""
        if self.words is not None:
            return max(self.words, _count_words(incumbent))
        return max(self.least_words, int(self.growth * _count_words(incumbent)))

    def most_characters(self, incumbent: str) -> int:
        """Return how many characters may replace the incumbent's text."""
        if self.characters is not None:
            return max(self.characters, len(incumbent))
        grown = int(self.growth * len(incumbent))
        return max(8 * self.most_words(incumbent), grown, len(incumbent))


def _count_words(text: str) -> int:
    return len(text.split())


def check_candidate(
    candidate: Candidate,
    prompt: Prompt,
    *,
    cases: Sequence[Case] | CaseText,
    limits: Limits,
) -> str | None:
    """Say why a candidate must not be tried; pure.

    Args:
        candidate: New texts of some or all regions, fitted to their white space.
        prompt: The incumbent.
        cases: Every case that the prompt is rendered for or could be tuned on; give
            a :class:`CaseText` to index them once for many candidates.
        limits: Length and edit limits.

    Returns:
        A short reason, the same words for the same fault so that it can be counted,
        or ``None`` if the candidate may be tried.
    """
    if any(address not in prompt.incumbent.texts for address in candidate.texts):
        return "unknown region"
    index = cases if isinstance(cases, CaseText) else CaseText(cases)
    changed = [
        region
        for region in prompt.regions
        if candidate.texts.get(region.address, region.text).strip()
        != region.text.strip()
    ]
    if not changed:
        return "same as the incumbent"
    for region in changed:
        text = candidate.texts[region.address]
        if region.kind == "examples":
            reason = _check_examples(candidate, region, prompt, index)
            reason = reason or _check_length(text, region, limits)
        else:
            reason = _check_text(text, region, limits)
            reason = reason or prompt.compare(region, text)
        if reason is not None:
            return reason
    if prompt.fitted(candidate) != candidate:
        return "white space at its ends"
    for region in changed:
        text = candidate.texts[region.address]
        if region.kind != "examples" and index.quoted(text, known=_known(prompt)):
            return "quotes a case"
    return _check_rendering(candidate, prompt, index)


def _known(prompt: Prompt) -> Iterator[str]:
    return (source.text for source in prompt.sources)


def _check_text(text: str, region: Region, limits: Limits) -> str | None:
    old = region.text
    if not text.strip():
        return "empty"
    if hidden_characters(text) - set(old):
        return "invisible characters"
    if mixed_words(text) - mixed_words(old):
        return "look-alike letters"
    if _ANNOTATION.findall(text) != _ANNOTATION.findall(old):
        return "touches an annotation"
    if too_long := _check_length(text, region, limits):
        return too_long
    if limits.edit_share is not None:
        basis = max(limits.least_words, _count_words(old))
        if word_distance(old, text) > limits.edit_share * basis:
            return "too different"
    return None


def _check_examples(
    candidate: Candidate, region: Region, prompt: Prompt, index: CaseText
) -> str | None:
    """Check that a text of an examples region is whole cases, as they are."""
    known = {case.id: case for case in index.cases}
    ids = candidate.examples.get(region.address, ())
    place = next(
        (one for one in prompt.example_regions if one.address == region.address), None
    )
    if place is None or not known.keys() >= set(ids):
        return "examples that are no cases"
    try:
        text = place.write([known[case_id] for case_id in ids])
    except TemplateError:
        return "examples that are no cases"
    written = candidate.texts[region.address].strip()
    return None if written == text else "examples that are no cases"


def _check_length(text: str, region: Region, limits: Limits) -> str | None:
    old = region.text
    if _count_words(text) > limits.most_words(old):
        return "too long"
    if len(text) > limits.most_characters(old):
        return "too long"
    return None


def _check_rendering(
    candidate: Candidate, prompt: Prompt, index: CaseText
) -> str | None:
    try:
        rewritten = prompt.replacing(candidate)
    except SourceError:
        return "not a template"
    if rewritten.variables != prompt.variables:
        return "changed a variable"
    parts = [(prompt.named[name], rewritten.named[name]) for name in prompt.names]
    for old, new in parts or [(prompt, rewritten)]:
        if any(_breaks(old, new, case.inputs) for case in index.cases):
            return "does not render"
    return None


def _breaks(old: Prompt, new: Prompt, inputs: Mapping[str, Any]) -> bool:
    """Whether a rewrite does not render where the incumbent does."""
    if _renders(new, inputs):
        return False
    if _renders(old, inputs):
        return True
    # A live handle renders it with more than the case has, such as another reply.
    more = {**{name: f"the {name}" for name in old.variables}, **inputs}
    return not _renders(new, more) and _renders(old, more)


def _renders(prompt: Prompt, inputs: Mapping[str, Any]) -> bool:
    try:
        prompt.render(inputs)
    except TemplateError:
        return False
    return True
