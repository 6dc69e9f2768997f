"""The regions of a prompt: what the optimiser may rewrite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.prompts.annotations import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.annotations import RegionKind
    from pytest_promptopt.prompts.source import Source
    from pytest_promptopt.prompts.syntaxes import Syntax


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a prompt that the optimiser may rewrite.

    Attributes:
        address: Source key, ``#`` and name, e.g. ``"prompts/triage.j2#instructions"``.
        kind: ``"instructions"``; ``"examples"`` holds whole example cases; ``"whole"``
            is all of a source without region annotations.
        text: What stands there, white space at its ends included.
        fixed: What of it a rewrite has to keep, as it is written, each once.
    """

    address: str
    kind: RegionKind
    text: str
    fixed: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRegion:
    """A region and where it stands.

    Attributes:
        region: The region.
        source: Index of its source.
        span: Its place in the source's text.
        own_line: Whether its end comment stands at the start of a line.
    """

    region: Region
    source: int
    span: Span
    own_line: bool

    def fit(self, text: str) -> str:
        """Give a text the white space at both ends that the region has."""
        old = self.region.text
        core = text.replace("\r\n", "\n").strip()
        if not core:
            return ""
        if core == old.strip():
            return old
        if old.strip() and self.span.filled and core != self.span.head:
            before = old[: len(old) - len(old.lstrip())]
            return before + core + old[len(old.rstrip()) :]
        if not self.own_line:
            return core
        if core == self.span.head:  # an empty line behind it would not be seen
            return core + "\n"
        # Examples are set off from what follows them.
        return core + ("\n\n" if self.region.kind == "examples" else "\n")


def place_regions(
    sources: Sequence[Source], syntaxes: Sequence[Syntax]
) -> tuple[PlacedRegion, ...]:
    """Find the regions of all sources, in order.

    Without any annotation in a prompt each source of it that has text of its own is one
    region. A source that two prompts share has one only if both leave it one.

    Args:
        sources: The sources.
        syntaxes: The syntax of each.

    Raises:
        TemplateError: Annotations are misused, or a source is empty.
    """
    read = list(zip(sources, syntaxes, strict=True))
    spans = [syntax.spans(source) for source, syntax in read]
    for name in dict.fromkeys(source.name for source in sources):
        members = [at for at, source in enumerate(sources) if source.name == name]
        if not any(spans[at] for at in members):
            own = [read[at][1].has_own_text(sources[at].text) for at in members]
            whole = _whole_spans([sources[at] for at in members], own)
            for at, found in zip(members, whole, strict=True):
                spans[at] = found
    fixed = {source.key for at, source in enumerate(sources) if not spans[at]}
    return tuple(
        _placed(source, syntaxes[index], index, span)
        for index, source in enumerate(sources)
        for span in spans[index]
        if source.key not in fixed
    )


def _placed(source: Source, syntax: Syntax, index: int, span: Span) -> PlacedRegion:
    text = source.text[span.start : span.end]
    region = Region(
        address=f"{source.key}#{span.name}",
        kind=span.kind,
        text=text,
        fixed=tuple(dict.fromkeys(syntax.fixed(text))),
    )
    own_line = span.kind != "whole" and source.text[: span.end].endswith("\n")
    return PlacedRegion(region=region, source=index, span=span, own_line=own_line)


def _whole_spans(
    sources: Sequence[Source], with_text: Sequence[bool]
) -> list[tuple[Span, ...]]:
    spans: list[tuple[Span, ...]] = [
        (Span(name="whole", kind="whole", start=0, end=len(source.text)),)
        for source in sources
    ]
    if not any(with_text):
        return spans
    return [span if own else () for span, own in zip(spans, with_text, strict=True)]
