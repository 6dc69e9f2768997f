"""A place in a repository that holds a prompt, as it was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.prompts.source import SyntaxName


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place that looks like one of a prompt; whether it can be used is not known.

    Attributes:
        file: Path relative to the project's root, with ``/``.
        line: Line of the file, from 1.
        key: The place as a prompt test names it; empty if none can.
        name: What people call it: the constant, the path.
        text: The text, as far as it is written out.
        sure: Whether more than a placeholder speaks for it.
        problem: Why it cannot be used, if that shows already.
        hint: What to do about that.
    """

    file: str
    line: int
    key: str
    name: str
    text: str
    sure: bool
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A prompt that a prompt test can name.

    Attributes:
        spot: Where it is; of a system and a user message, the system message.
        sources: Message role to place, as the marker takes them.
        variables: What its cases have to give, in order of their names.
        syntax: Message role to what the marker has to say, where it has to.
        json: Whether it asks for JSON.
        tested: ``file:line`` of the prompt test that names it; empty if none does.
        cases: What its cases are read from, if it brings some along.
        lacks_input: Whether it is one text that every case would send alike, and that
            a user message can be put behind.
    """

    spot: Spot
    sources: Mapping[str, str]
    variables: tuple[str, ...]
    syntax: Mapping[str, SyntaxName] = field(default_factory=dict)
    json: bool = False
    tested: str = ""
    cases: str = ""
    lacks_input: bool = False

    @property
    def key(self) -> str:
        """The place that names it on the command line."""
        return next(iter(self.sources.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a folder holds.

    Attributes:
        finds: Prompts that can be used; the sure ones first.
        unusable: Those that cannot, with ``problem`` and ``hint``.
        files: How many files were there to look at.
    """

    finds: tuple[Find, ...]
    unusable: tuple[Spot, ...]
    files: int
