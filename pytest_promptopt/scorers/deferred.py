"""Scorers of which a part is only known when the marker is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_promptopt.prompts.prompt import Prompt
    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.records import Case, Completion, Score
    from pytest_promptopt.scorers.grading import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Where a deferred scorer finds what it names.

    Attributes:
        scorer: From a name or function to a scorer.
        file: From a path as it is written to one that can be opened.
        prompt: From the place of a prompt, and what it is written in, to the prompt.
    """

    scorer: Callable[[Any], Scorer]
    file: Callable[[str], Path]
    prompt: Callable[[str, SyntaxName], Prompt]


class Deferred(ABC):
    """A scorer that names others, or a file, and looks them up later.

    Names may be supplied by the project, and paths are relative to its root: neither is
    known where a test module calls ``all_of("mine", json_schema("order.json"))``.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def label(self) -> str:
        """What messages and parts call the scorer."""

    @abstractmethod
    def resolved(self, lookup: Lookup) -> Scorer:
        """Return the scorer with everything that it names.

        Raises:
            ScorerError: A name, function or file cannot be used.
        """

    def inner(self) -> tuple[Any, ...]:
        """Return the names and functions that it is made of."""
        return ()

    def files(self) -> tuple[str, ...]:
        """Return the paths that it names itself, as they are written."""
        return ()

    def __call__(self, case: Case, completion: Completion) -> Score:
        """Grade a reply outside a marker: built-in names and absolute paths only."""
        from pytest_promptopt.scorers.resolving import resolve_scorer

        return resolve_scorer(self)(case, completion)


def absolute(name: str) -> Path:
    """Return a path that needs no root.

    Raises:
        ScorerError: It is relative.
    """
    path = Path(name)
    if path.is_absolute():
        return path
    raise ScorerError(
        f"{name!r} is a relative path, and no marker says to what",
        "pass the scorer to the marker, or write an absolute path",
    )


def absolute_prompt(place: str, syntax: SyntaxName) -> Prompt:
    """Read a prompt from a file that needs no root.

    Raises:
        ScorerError: Its path is relative.
        SourceError: It cannot be read.
        TemplateError: It is no template.
    """
    from pytest_promptopt.prompts.loading import load_prompt

    return load_prompt({"": place}, roots=(absolute(place).parent,), syntax=syntax)


def leaves(spec: Any) -> Iterator[Any]:
    """Yield the scorers that a marker's scorer is made of, or itself."""
    inner = spec.inner() if isinstance(spec, Deferred) else ()
    if not inner:
        yield spec
    for entry in inner:
        yield from leaves(entry)


def files_of(spec: Any) -> tuple[str, ...]:
    """Return the paths that a marker's scorer names, as they are written."""
    return tuple(
        dict.fromkeys(
            name
            for leaf in leaves(spec)
            if isinstance(leaf, Deferred)
            for name in leaf.files()
        )
    )
