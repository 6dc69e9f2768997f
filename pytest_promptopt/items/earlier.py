"""Earlier versions of a prompt, from the history that git has of its files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.git.earlier import earlier_files
from pytest_promptopt.git.trees import work_tree
from pytest_promptopt.optimize import SearchPlan
from pytest_promptopt.optimize.parsing import same_text
from pytest_promptopt.prompts import CaseText, Limits, check_candidate, load_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Candidate

MOST_VERSIONS = 5
"""Earlier versions that a search begins with at most."""


@dataclass(frozen=True, slots=True)
class _Supplied:
    """What a hook supplied for a source of today, which has no history."""

    text: str
    fingerprint: str | None


def earlier_versions(test: PromptTest, roots: Sequence[Path]) -> tuple[Candidate, ...]:
    """Return what the prompt said in earlier commits, in the regions that it has now.

    Only the texts that may be rewritten are taken, into the template of today;
    examples stay as they are, since what was one may be a hold-out case now. A version
    that cannot be read, that lacks one of the regions, or that the guards turn away,
    e.g. for other variables or for words of a case, is left out; so is a repeat.
    Nothing of another commit is executed.

    Args:
        test: The prompt test.
        roots: Folders that relative sources are looked for in.

    Returns:
        At most :data:`MOST_VERSIONS`, the latest first; none without git, outside a
        work tree, and where git has no history of the files.
    """
    plan = SearchPlan(prompt=test.prompt, cases=test.cases, only=test.mark.optimize)
    addresses = [region.address for region in plan.regions if region.kind != "examples"]
    if not addresses:
        return ()
    found = (
        _candidate(test.prompt, before, addresses) for before in _prompts(test, roots)
    )
    try:
        return tuple(islice(_usable(test, found), MOST_VERSIONS))
    except OSError:
        return ()  # there is no git program


def _usable(
    test: PromptTest, candidates: Iterator[Candidate | None]
) -> Iterator[Candidate]:
    # All cases, since what a strategy knows is shown to the optimizer model.
    prompt, cases = test.prompt, CaseText(test.cases)
    seen = {_words(prompt.incumbent)}
    for candidate in candidates:
        if candidate is None or _words(candidate) in seen:
            continue
        seen.add(_words(candidate))
        if check_candidate(candidate, prompt, cases=cases, limits=Limits()) is None:
            yield candidate


def _prompts(test: PromptTest, roots: Sequence[Path]) -> Iterator[Prompt]:
    """Yield the prompt as earlier commits have it, as far as it can be read there."""
    paths = [source.path for source in test.prompt.sources if not source.label]
    top = work_tree(paths[0].parent) if paths else None
    if top is None:
        return
    versions = earlier_files(top, paths)
    while True:
        try:
            files = next(versions, None)
        except PromptOptError:
            return  # this clone lacks what git has to list
        if files is None:
            return
        try:
            yield load_prompt(
                test.mark.sources,
                roots=roots,
                files=files,
                syntax=test.mark.syntax,
                environment=test.prompt.environment,
                supply=_supplied(test.prompt),
            )
        except PromptOptError:
            continue  # another kind of template, a file that was not there yet


def _candidate(
    prompt: Prompt, before: Prompt, addresses: Sequence[str]
) -> Candidate | None:
    old = before.incumbent.texts
    if any(address not in old for address in addresses):
        return None
    candidate = prompt.incumbent
    for address in addresses:
        candidate = candidate.replacing(address, old[address])
    return prompt.fitted(candidate)


def _supplied(prompt: Prompt) -> Callable[[str], _Supplied | None]:
    known: Mapping[str, _Supplied] = {
        source.label: _Supplied(source.text, source.version or None)
        for source in prompt.sources
        if source.label
    }
    return known.get


def _words(candidate: Candidate) -> tuple[str, ...]:
    return tuple(map(same_text, candidate.texts.values()))
