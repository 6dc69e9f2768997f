"""Which other prompt tests a proposal changes the requests of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.errors import PatchError, PromptOptError
from pytest_promptopt.items import marker, places
from pytest_promptopt.items.committed import selector
from pytest_promptopt.items.loading import prompt_of
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts.edited_files import EditedFiles
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.records import Recheck
from pytest_promptopt.scorers import files_of
from pytest_promptopt.scorers.asked_composition import AskedComposition
from pytest_promptopt.scorers.by_rubric import ByRubric
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Edit, Proposal
    from pytest_promptopt.scorers import Scorer

# What a callable that supplies cases may raise to leave its test.
_LEAVING = (pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a proposal changes, put into effect in memory only.

    Attributes:
        files: The new bytes of files, by their resolved paths.
        texts: New texts of prompts that a hook supplies, by their labels.
    """

    files: Mapping[Path, bytes]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A prompt test whose requests a proposal changes.

    Attributes:
        item: Its item.
        test: The test as it is.
        edited: Its prompt with the edit.
    """

    item: pytest.Function
    test: PromptTest
    edited: Prompt


def change_of(proposal: Proposal) -> Change:
    """Apply a proposal's edits in memory.

    Raises:
        PatchError: A file has changed since, or cannot be read.
    """
    by_path: dict[Path, list[Edit]] = {}
    for edit in proposal.edits:
        by_path.setdefault(DISK.resolve(Path(edit.path)), []).append(edit)
    files = {}
    for path, edits in by_path.items():
        try:
            files[path] = apply_edits(DISK.read_bytes(path), edits)
        except OSError as error:
            raise PatchError(
                f"{path}: cannot be read any more: {error.strerror}",
                "restore the file and run the search again",
            ) from None
    return Change(files=files, texts=proposal.texts)


def touched(
    item: pytest.Item, change: Change, test_of: Callable[[pytest.Item], PromptTest]
) -> Touched | Recheck | None:
    """Tell whether a change of files changes what a prompt test asks.

    Args:
        item: The item of another prompt test.
        change: The change.
        test_of: Reads a prompt test.

    Returns:
        What a re-check needs; or how it ends before any request; ``None`` if the test
        has nothing to do with the change.
    """
    if not isinstance(item, pytest.Function):
        return None  # such an item is an error by itself, whatever its prompt
    try:
        test = test_of(item)
    except (Exception, *_LEAVING) as error:  # noqa: BLE001 - said in the re-check
        return _unread(item, change, error)
    if _uses(test.prompt, change):
        found = _compared(item, test, change)
        if found is not None:
            return found
    reason = _read_elsewhere(item, test, change)
    return None if reason is None else unchecked(item, reason)


def unchecked(item: pytest.Item, reason: str) -> Recheck:
    """Return the record of a test that was not re-checked.

    Args:
        item: Its item.
        reason: Why, without a full stop.
    """
    return Recheck(
        nodeid=item.nodeid,
        selector=selector(item),
        outcome="not re-checked",
        message=reason,
    )


def _uses(prompt: Prompt, change: Change) -> bool:
    """Tell whether a prompt is read from anything that changes."""
    for source in prompt.sources:
        if source.label in change.texts:
            return True
        paths = [include.path for include in source.includes.values()]
        paths += [] if source.label else [source.path]
        if any(DISK.resolve(path) in change.files for path in paths):
            return True
    return False


def _compared(
    item: pytest.Function, test: PromptTest, change: Change
) -> Touched | Recheck | None:
    """Compare the requests; a prompt that can no longer be read or sent is worse."""
    try:
        before = _rendered(test, test.prompt)
    except PromptOptError as error:
        return unchecked(item, f"its prompt cannot be sent as it is: {error.problem}")
    try:
        edited = _edited(item, test, change)
        after = _rendered(test, edited)
    except PromptOptError as error:
        return Recheck(
            nodeid=test.nodeid,
            selector=test.selector,
            outcome="fail",
            cause="unusable",
            message=f"with the edit its prompt cannot be used: {error.problem}",
        )
    same = before == after and (
        not test.calls_itself or test.prompt.fingerprint == edited.fingerprint
    )
    return None if same else Touched(item=item, test=test, edited=edited)


def _rendered(test: PromptTest, prompt: Prompt) -> list[object]:
    """Return what is sent for each case; nothing if the body decides that."""
    if test.calls_itself:
        return []
    return [prompt.render(case.inputs) for case in test.cases]


def _edited(item: pytest.Function, test: PromptTest, change: Change) -> Prompt:
    # The hook is not asked again: the same text must stand in both arms.
    supplied = {
        source.label: SimpleNamespace(
            text=change.texts.get(source.label, source.text),
            fingerprint=source.version or None,
        )
        for source in test.prompt.sources
        if source.label
    }
    return prompt_of(
        item.config,
        test.mark,
        places.roots(item.config, item.path),
        files=EditedFiles(files=DISK, edited=change.files),
        supply=supplied.get,
    )


def _read_elsewhere(
    item: pytest.Function, test: PromptTest, change: Change
) -> str | None:
    """Say of a test that sends the same what else of it reads what changes."""
    for rubric in _rubrics(test.scorer):
        if _uses(rubric, change):
            return f"it is graded by {rubric.label!r}, which the proposal changes"
    tried = places.roots(item.config, item.path)
    for name in (*test.mark.watch, *files_of(test.mark.scorer)):
        if DISK.resolve(places.locate(name, tried)) in change.files:
            return (
                f"it watches {name!r}, and what that changes shows in its own run only"
            )
    return None


def _rubrics(scorer: Scorer | None) -> Iterator[Prompt]:
    if isinstance(scorer, ByRubric):
        yield scorer.rubric.prompt
    if isinstance(scorer, AskedComposition):
        for each in scorer.scorers.values():
            yield from _rubrics(each)


def _unread(
    item: pytest.Function, change: Change, error: BaseException
) -> Recheck | None:
    """Say of a test that cannot be read whether it would have been re-checked."""
    told = error.problem if isinstance(error, PromptOptError) else first_line(error)
    mark = marker.closest(item)
    if mark is None:
        return None
    try:
        tried = places.roots(item.config, item.path)
        prompt = prompt_of(item.config, marker.read(mark), tried)
    except PromptOptError:
        reason = f"nobody can tell whether it uses the text: {told}"
        return unchecked(item, reason)
    if not _uses(prompt, change):
        return None
    return unchecked(item, f"the test cannot be read: {told}")
