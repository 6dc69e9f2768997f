"""The files that the prompt tests of a project name, found by collecting them."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items import injection, marker, places
from pytest_promptopt.prompts.files import DISK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_promptopt.items.marker import PromptMark
    from pytest_promptopt.prompts.files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that a prompt test names, or a template that such a file includes.

    Attributes:
        path: Absolute, links followed.
        kind: What it holds.
        test: Node id of the test.
        handed_on: Whether the test's body hands the prompt to the application, which
            may render it outside the sandbox.
        new: Whether it is named only where prompts are read elsewhere than on disk.
    """

    path: Path
    kind: Literal["prompt", "cases"]
    test: str
    handed_on: bool
    new: bool = False


def named_files(
    folder: Path, arguments: Sequence[str], *, files: Files
) -> tuple[NamedFile, ...]:
    """Collect the prompt tests of a project, and list the files that they name.

    Test modules and ``conftest.py`` are imported, as pytest does; nothing is run. No
    prompt is asked of a registry. What pytest prints goes to standard error.

    Args:
        folder: Where pytest is started: the working directory.
        arguments: What narrows the collection, as pytest takes it.
        files: Where the prompts are read, for what they include.

    Raises:
        SettingError: The tests cannot be collected.
    """
    listing = _Listing(files)
    if str(folder) not in sys.path:  # as "python -m pytest" has it
        sys.path.insert(0, str(folder))
    quiet = ("--collect-only", "-qq", "-p", "no:cacheprovider")
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*arguments, *quiet], plugins=[listing])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return ()
    if code != pytest.ExitCode.OK:
        raise SettingError(
            f"the prompt tests cannot be collected: pytest ended with exit code {code}",
            "see what it says above; run pytest --collect-only at the base commit",
        )
    return tuple(listing.found)


class _Listing:
    """The pytest plugin that looks at what was collected."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.found: list[NamedFile] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            mark = marker.closest(item)
            if mark is not None and isinstance(item, pytest.Function):
                self.found += _named_by(item, marker.read(mark), self._files)


def _named_by(
    item: pytest.Function, mark: PromptMark, files: Files
) -> Iterator[NamedFile]:
    names = injection.own_names(item.function)
    handed_on = "prompt" in names or mark.deliver != "argument"
    tried = places.roots(item.config, item.path)
    here = _prompts(item, mark, tried, DISK)
    there = _prompts(item, mark, tried, files)
    for path in {**here, **there}:
        yield NamedFile(
            path=path,
            kind="prompt",
            test=item.nodeid,
            handed_on=handed_on,
            new=path not in here,
        )
    if isinstance(mark.cases, str):
        with contextlib.suppress(SettingError):
            path = places.locate(mark.cases, tried).resolve()
            yield NamedFile(
                path=path, kind="cases", test=item.nodeid, handed_on=handed_on
            )


def _prompts(
    item: pytest.Function, mark: PromptMark, tried: tuple[Path, ...], files: Files
) -> dict[Path, None]:
    """Return the files of the prompt and of what it includes; none if unreadable."""
    from pytest_promptopt.items.loading import prompt_of

    try:
        prompt = prompt_of(
            item.config,
            mark,
            tried,
            files=files,
            # A registry's texts are no files, and asking it may need a key.
            supply=lambda _: SimpleNamespace(text="-"),
        )
    except PromptOptError:
        return {}  # the gate says so, once the files are there
    read = [source for source in prompt.sources if not source.label]
    found = [source.path for source in read]
    found += [include.path for source in read for include in source.includes.values()]
    return {path.resolve(): None for path in found if path.is_absolute()}
