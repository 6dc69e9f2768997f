"""The prompt under test: sources, regions, messages."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError, TemplateError
from pytest_promptopt.prompts.dialect import Dialect
from pytest_promptopt.prompts.example_region import example_region
from pytest_promptopt.prompts.named import check_keys, label_of
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.prompts.recorded import from_record, to_record
from pytest_promptopt.prompts.regions import place_regions
from pytest_promptopt.prompts.source import Change, apply_changes
from pytest_promptopt.prompts.syntaxes import syntax_of
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.example_region import ExampleRegion
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.regions import PlacedRegion, Region
    from pytest_promptopt.prompts.source import Source
    from pytest_promptopt.records import Candidate, Edit, Message


class Prompt:
    """A prompt that can be rendered, rewritten and traced back to its files.

    It may be several, each with a name, that are searched and recorded together and
    rendered one by one. Immutable; rewriting gives another prompt.

    Args:
        sources: At least one, in the order of the messages.
        environment: The project's Jinja environment.

    Raises:
        TemplateError: A source does not compile, or misuses annotations.
        SourceError: Two messages of one prompt have one key, or two syntaxes have it.
    """

    def __init__(
        self, sources: Sequence[Source], environment: ProjectEnvironment = PLAIN
    ) -> None:
        self.sources = tuple(sources)
        self.environment = environment
        self.names: tuple[str, ...] = tuple(
            dict.fromkeys(source.name for source in self.sources if source.name)
        )
        self.label = label_of(self.sources)
        check_keys(self.sources)
        self._syntaxes = [syntax_of(source, environment) for source in self.sources]
        read = list(zip(self.sources, self._syntaxes, strict=True))
        self._renderers = [syntax.renderer(source) for source, syntax in read]
        self._placed = place_regions(self.sources, self._syntaxes)
        self.regions: tuple[Region, ...] = tuple(
            {placed.region.address: placed.region for placed in self._placed}.values()
        )
        self.variables: frozenset[str] = frozenset().union(
            *(syntax.variables(source) for source, syntax in read)
        )
        self.fingerprint: str = digest(self.snapshot())
        self._last: tuple[Mapping[str, str], Prompt] | None = None

    def __repr__(self) -> str:
        return f"<prompt {self.label}>"

    @cached_property
    def incumbent(self) -> Candidate:
        """The texts of its regions, as a search starts from them."""
        from pytest_promptopt.records import Candidate

        return Candidate(texts={r.address: r.text for r in self.regions})

    @property
    def text(self) -> str:
        """The template text, for people; of several sources, one after the other."""
        return "\n".join(source.text for source in self.sources)

    @property
    def code(self) -> tuple[Path, ...]:
        """The files of the project's code that decides what is rendered."""
        jinja = any(source.is_jinja for source in self.sources)
        return self.environment.files() if jinja else ()

    @cached_property
    def named(self) -> Mapping[str, Prompt]:
        """The prompts by their names; empty if it is one, without a name."""
        return {
            name: Prompt(
                [replace(each, name="") for each in self.sources if each.name == name],
                self.environment,
            )
            for name in self.names
        }

    @cached_property
    def example_regions(self) -> tuple[ExampleRegion, ...]:
        """The regions that whole cases can be written into."""
        found = {
            placed.region.address: example_region(
                placed.region.address,
                self.sources[placed.source].text,
                placed.span,
                self.environment,
            )
            for placed in self._placed
            if placed.region.kind == "examples"
        }
        return tuple(region for region in found.values() if region is not None)

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
            SourceError: It is several prompts, of which one has to be named.
        """
        if self.names:
            raise SourceError(
                f"{self.label} are prompts that are rendered one by one",
                f"render one of them: named[{self.names[0]!r}]",
            )
        messages: tuple[Message, ...] = ()
        for render in self._renderers:
            messages += render(inputs)
        return messages

    def compare(self, region: Region, text: str) -> str | None:
        """Say how a new text of a region breaks what has to survive in it.

        Returns:
            A short reason, such as ``"lost a variable"``, or ``None``.
        """
        for placed in self._placed:
            if placed.region.address == region.address:
                return self._syntaxes[placed.source].compare(region.text, text)
        return "unknown region"

    def fitted(self, candidate: Candidate) -> Candidate:
        """Give new texts the white space at their ends that the regions have.

        A model's reply has no line break at its end, but without the region's own
        the next line would be glued to it.

        Raises:
            SourceError: The candidate names a region that does not exist.
        """
        self._check_addresses(candidate)
        return replace(
            candidate,
            texts={
                placed.region.address: placed.fit(
                    candidate.texts[placed.region.address]
                )
                for placed in self._placed
                if placed.region.address in candidate.texts
            },
        )

    def replacing(self, candidate: Candidate) -> Prompt:
        """Return the same prompt with other texts in its regions.

        Args:
            candidate: New texts of some or all regions, put in exactly as they are.

        Raises:
            SourceError: The candidate names a region that does not exist.
            TemplateError: The result is no template, or has other regions.
        """
        if self._last is not None and self._last[0] == candidate.texts:
            return self._last[1]  # guards, edits and requests ask one after the other
        rewritten = self._rewritten(candidate)
        self._last = (dict(candidate.texts), rewritten)
        return rewritten

    def _rewritten(self, candidate: Candidate) -> Prompt:
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
            ],
            self.environment,
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
            Edits for the files as they were read; none if nothing differs, and none
            of texts that a hook supplied: see :meth:`supplied_texts`.

        Raises:
            SourceError: A region does not exist, or its place cannot hold the text.
            TemplateError: The result is no template, or has other regions.
        """
        self.replacing(candidate)
        edits: tuple[Edit, ...] = ()
        done: set[str] = set()
        for index, source in enumerate(self.sources):
            changes = self._changes(index, candidate)
            if not changes or source.label or source.key in done:
                continue
            done.add(source.key)  # two prompts may share it
            if source.place is None:
                raise SourceError(
                    f"{source.key}: a recorded or rewritten prompt has no file to edit",
                    "take the edits of the prompt as it was loaded",
                )
            edits += source.place.edits(changes)
        return edits

    def supplied_texts(self, candidate: Candidate) -> dict[str, str]:
        """Return the new texts of the sources that a hook supplied, by their labels.

        Raises:
            SourceError: A region does not exist.
            TemplateError: The result is no template, or has other regions.
        """
        rewritten = self.replacing(candidate)
        return {
            new.label: new.text
            for old, new in zip(self.sources, rewritten.sources, strict=True)
            if new.label and new.text != old.text
        }

    def names_with(self, address: str) -> tuple[str, ...]:
        """Return the names of the prompts that a region stands in; none without any."""
        found = [
            self.sources[placed.source].name
            for placed in self._placed
            if placed.region.address == address
        ]
        return tuple(filter(None, found))

    @property
    def unwritable(self) -> SourceError | None:
        """Why a search could not be written back; ``None`` if it could."""
        return self.unwritable_beside(())

    def unwritable_beside(self, closed: Collection[str]) -> SourceError | None:
        """Say the same of a search that leaves some regions alone.

        Args:
            closed: Their addresses.
        """
        from pytest_promptopt.prompts.splice import ReadOnly

        for index, source in enumerate(self.sources):
            addresses = {placed.region.address for placed in self._of_source(index)}
            if isinstance(source.place, ReadOnly) and addresses.difference(closed):
                return source.place.refusal
        return None

    @property
    def request_defaults(self) -> dict[str, Any]:
        """Model settings that stand beside the text, e.g. in a ``.prompt.yml``."""
        settings: dict[str, Any] = {}
        for source in self.sources:
            settings.update(source.request)
        return settings

    @property
    def model_hint(self) -> str:
        """Name of the model that stands beside the text; empty if none does."""
        return next((source.model for source in self.sources if source.model), "")

    def snapshot(self) -> dict[str, Any]:
        """Return all that decides the rendered messages, as built-in types."""
        data: dict[str, Any] = {
            "sources": [to_record(source) for source in self.sources]
        }
        options = self.environment.dialect.to_json()
        if options and any(source.is_jinja for source in self.sources):
            data["environment"] = options
        return data

    @classmethod
    def from_snapshot(
        cls, data: Mapping[str, Any], environment: ProjectEnvironment = PLAIN
    ) -> Prompt:
        """Rebuild a recorded prompt; no file is read.

        Args:
            data: What :meth:`snapshot` returned. Without a word on syntax, it is Jinja.
            environment: The project's Jinja environment: its filters and all else that
                is code; its options are the recorded ones.

        Raises:
            TemplateError: A recorded text is no template, or of an unknown syntax.
        """
        dialect = Dialect.from_json(data.get("environment", {}))
        sources = [from_record(entry) for entry in data["sources"]]
        try:
            return cls(sources, environment.with_dialect(dialect))
        except TemplateError as error:
            if not environment.name:
                raise
            raise TemplateError(
                f"the recorded prompt cannot be read with {environment.name} as it is "
                f"now: {error.problem}",
                "keep there what it uses until its baseline is recorded anew",
            ) from error

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
