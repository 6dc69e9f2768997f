"""The prompt under test: sources, regions, messages."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import SettingError, SourceError, TemplateError
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.includes import read_includes, search_folders
from pytest_promptopt.prompts.jinja_file import read_jinja_file
from pytest_promptopt.prompts.messages import Renderer
from pytest_promptopt.prompts.python_constant import is_constant, read_constant
from pytest_promptopt.prompts.regions import place_regions
from pytest_promptopt.prompts.source import Change, Include, Source, apply_changes
from pytest_promptopt.prompts.syntax import free_variables, parse_template
from pytest_promptopt.records import Candidate, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.regions import PlacedRegion, Region
    from pytest_promptopt.prompts.source import SourceRole
    from pytest_promptopt.records import Edit, Message

_ROLES = ("", "system", "user", "assistant")


class Prompt:
    """A prompt that can be rendered, rewritten and traced back to its files.

    Immutable; rewriting gives another prompt.

    Args:
        sources: At least one, in the order of the messages.

    Raises:
        TemplateError: A source does not compile, or misuses annotations.
        SourceError: Two sources have one key.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.label = " + ".join(source.key for source in self.sources)
        keys = [source.key for source in self.sources]
        for key in keys:
            if keys.count(key) > 1:
                raise SourceError(
                    f"prompt source {key!r} is given for two messages",
                    "give each message a source of its own",
                )
        self._renderers = tuple(Renderer(source) for source in self.sources)
        self._placed = place_regions(self.sources)
        self.regions: tuple[Region, ...] = tuple(p.region for p in self._placed)
        self.incumbent = Candidate(texts={r.address: r.text for r in self.regions})
        self.variables: frozenset[str] = frozenset().union(
            *(free_variables(source) for source in self.sources)
        )
        self.fingerprint: str = digest(self.snapshot())

    def __repr__(self) -> str:
        return f"<prompt {self.label}>"

    @property
    def text(self) -> str:
        """The template text, for people; of several sources, one after the other."""
        return "\n".join(source.text for source in self.sources)

    def render(self, inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        """Render the chat messages for one case's inputs.

        Args:
            inputs: The template variables. What they hold is inserted as it is: it is
                never a template and never starts a message.

        Returns:
            At least one message, in the order of the sources.

        Raises:
            TemplateError: At ``file:line``: a variable is missing, the sandbox forbids
                something, or the template fails or renders too much.
        """
        messages: tuple[Message, ...] = ()
        for renderer in self._renderers:
            messages += renderer.render(inputs)
        return messages

    def fitted(self, candidate: Candidate) -> Candidate:
        """Give new texts the white space at their ends that the regions have.

        A model's reply has no line break at its end, but without the region's own
        the next line would be glued to it.

        Raises:
            SourceError: The candidate names a region that does not exist.
        """
        self._check_addresses(candidate)
        return Candidate(
            texts={
                placed.region.address: placed.fit(
                    candidate.texts[placed.region.address]
                )
                for placed in self._placed
                if placed.region.address in candidate.texts
            }
        )

    def replacing(self, candidate: Candidate) -> Prompt:
        """Return the same prompt with other texts in its regions.

        Args:
            candidate: New texts of some or all regions, put in exactly as they are.

        Raises:
            SourceError: The candidate names a region that does not exist.
            TemplateError: The result is no template, or has other regions.
        """
        self._check_addresses(candidate)
        if any("\r" in text for text in candidate.texts.values()):
            raise TemplateError(
                f"{self.label}: the new text has a carriage return",
                "end lines with '\\n'; the file's own line ends are kept",
            )
        rewritten = Prompt(
            [
                replace(
                    source,
                    text=apply_changes(source.text, self._changes(index, candidate)),
                    place=None,
                )
                for index, source in enumerate(self.sources)
            ]
        )
        wanted = {**self.incumbent.texts, **candidate.texts}
        if dict(rewritten.incumbent.texts) != wanted:
            raise TemplateError(
                f"{self.label}: the new text changes where its region begins or ends",
                "leave out annotations, comments and white space in front",
            )
        return rewritten

    def edits(self, candidate: Candidate) -> tuple[Edit, ...]:
        """Return the edits of files that put a candidate's texts into place.

        Returns:
            Edits for the files as they were read; none if nothing differs.

        Raises:
            SourceError: A region does not exist, or its place cannot hold the text.
            TemplateError: The result is no template, or has other regions.
        """
        self.replacing(candidate)
        edits: tuple[Edit, ...] = ()
        for index, source in enumerate(self.sources):
            changes = self._changes(index, candidate)
            if not changes:
                continue
            if source.place is None:
                raise SourceError(
                    f"{source.key}: a recorded or rewritten prompt has no file to edit",
                    "take the edits of the prompt as it was loaded",
                )
            edits += source.place.edits(changes)
        return edits

    def snapshot(self) -> dict[str, Any]:
        """Return all that decides the rendered messages, as built-in types."""
        return {
            "sources": [
                {
                    "role": source.role,
                    "key": source.key,
                    "text": source.text,
                    "includes": {
                        name: include.text for name, include in source.includes.items()
                    },
                }
                for source in self.sources
            ]
        }

    @classmethod
    def from_snapshot(cls, data: Mapping[str, Any]) -> Prompt:
        """Rebuild a recorded prompt; no file is read.

        Raises:
            TemplateError: A recorded text is no template.
        """
        return cls([_recorded_source(entry) for entry in data["sources"]])

    def _changes(self, source: int, candidate: Candidate) -> tuple[Change, ...]:
        return tuple(
            Change(start=placed.span.start, end=placed.span.end, text=text)
            for placed in self._of_source(source)
            if (text := candidate.texts.get(placed.region.address)) is not None
            and text != placed.region.text
        )

    def _of_source(self, source: int) -> list[PlacedRegion]:
        return [placed for placed in self._placed if placed.source == source]

    def _check_addresses(self, candidate: Candidate) -> None:
        known = self.incumbent.texts
        for address in candidate.texts:
            if address not in known:
                close = difflib.get_close_matches(address, known, n=1, cutoff=0.0)
                raise SourceError(
                    f"{self.label} has no region {address!r}",
                    f"did you mean {close[0]!r}?" if close else "use its regions only",
                )


def _recorded_source(entry: Mapping[str, Any]) -> Source:
    key = entry["key"]
    return Source(
        role=entry["role"],
        key=key,
        path=Path(re.sub(r":\w+(\.\w+)*$", "", key)),
        text=entry["text"],
        includes={
            name: Include(path=Path(name), text=text)
            for name, text in entry["includes"].items()
        },
    )


def load_prompt(
    specs: Mapping[str, str], *, roots: Sequence[Path], files: Files = DISK
) -> Prompt:
    """Read a prompt.

    Args:
        specs: Message role to place: ``{"": "prompts/triage.j2"}`` for one source,
            ``{"system": "a.j2", "user": "b.j2"}`` for several; a place is a path or
            a Python constant, ``"myapp.prompts:TRIAGE"``, which is read and never
            imported. A system message comes first.
        roots: Folders that relative paths and modules are tried in, in order.
        files: Where they are read: the disk, or a commit.

    Raises:
        SettingError: A role is unknown, or no source is given.
        SourceError: A source does not exist or cannot be read.
        TemplateError: A source is no template.
    """
    if not specs:
        raise SettingError("no prompt source is given", "name a template file")
    for role in specs:
        if role not in _ROLES:
            close = difflib.get_close_matches(role, _ROLES[1:], n=1)
            raise SettingError(
                f"unknown message role {role!r}",
                f"did you mean {close[0]!r}?"
                if close
                else "use system, user or assistant",
            )
    in_order = sorted(specs.items(), key=lambda spec: spec[0] != "system")
    return Prompt(
        [
            _load_source(cast("SourceRole", role), key, roots, files)
            for role, key in in_order
        ]
    )


def _load_source(
    role: SourceRole, key: str, roots: Sequence[Path], files: Files
) -> Source:
    read = read_constant if is_constant(key) else read_jinja_file
    source = read(role, key, roots, files)
    tree = parse_template(source.text, source.path, source.line_in_file)
    folders = search_folders(source.path, roots, files)
    includes = read_includes(tree, source.path, folders, source.line_in_file, files)
    return replace(source, includes=includes)
