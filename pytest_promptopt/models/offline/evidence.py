"""Reading a request to an optimizer model: blocks of evidence between free prose.

A block is a tag pair, each tag alone on an unindented line. Inside, a field is an
unindented ``name:`` with its value behind it or on lines indented by two spaces. What
a block is follows from its fields alone, never from its tag or its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Verb = Literal["write", "rewrite", "merge", "fill", "explain", "choose"]

FIELDS = frozenset({"score", "text", "input", "expected", "got", "why"})
HERE = "<HERE>"
_SHOWN = frozenset({"input", "expected", "got", "why"})
_OPEN = re.compile(r"^<([A-Za-z][\w.-]*)>\s*$")
_CLOSE = re.compile(r"^</([A-Za-z][\w.-]*)>\s*$")
_FIELD = re.compile(r"^([a-z]+):[ \t]*(.*)$")
_TAG_PAIR = re.compile(r"<([A-Za-z][\w.-]*)>[^<>\n]*</\1>")
_LIMIT = re.compile(
    r"(?i)\b(?:at most|no more than|up to|within|maximum(?: of)?) (\d+) words\b"
)
_SCORE = re.compile(r"-?\d+")
BLANK = re.compile(
    r"<(?:BLANK|blank|FILL|GAP|MASK|mask|INS)>|\[(?:blank|fill|gap|\.\.\.)\]|_{4,}"
)
_ABOUT_TEXTS = re.compile(
    r"(?i)\b(?:prompts?|instructions?|texts?|wording|versions?|drafts?|candidates?)\b"
)
# A verb asks if it opens a clause.
_CLAUSE = (
    r"(?:^|[.!?:;,]\s+|\n\s*|\b(?:and|then|now|please|to|you (?:should|must|will|"
    r"are to)|"
    r"task is to)\s+)[-*\s]*(?:\d+[.)]\s*)?"
)
_FILL = re.compile(
    rf"(?i){_CLAUSE}(?:fill|complete|replace|guess|find|say|write|give)\b[^.\n]{{0,80}}"
    r"\b(?:blank|gap|missing|hole|placeholder)\b"
)
_MERGE = re.compile(
    rf"(?i){_CLAUSE}(?:merge|combine|cross|crossover|blend|mix|unite|fuse|recombine|"
    rf"join)\b"
)
_CHOOSE = re.compile(
    rf"(?i){_CLAUSE}(?:choose|pick|select|decide|say|tell|name|judge)\b[^.\n]{{0,60}}"
    r"\b(?:which|best|better|winner|strongest|most promising|number of)\b"
)
_REWRITE = re.compile(
    rf"(?i){_CLAUSE}(?:rewrite|re-write|improve|revise|edit|mutate|paraphrase|vary|fix|"
    r"repair|correct|change|modify|shorten|reword|update|adapt|refine|rephrase)\b"
)
_WRITE = re.compile(
    rf"(?i){_CLAUSE}(?:write|compose|create|propose|generate|produce|draft|formulate|"
    rf"come up "
    r"with|suggest|invent|give|return|reply with|output)\b[^.\n]{0,60}"
    r"\b(?:prompts?|instructions?|texts?|wording|versions?|drafts?|candidates?)\b"
)
_EXPLAIN = re.compile(
    rf"(?i){_CLAUSE}(?:explain|say (?:why|what)|tell (?:me )?(?:why|what)|diagnose|"
    rf"analy[sz]e|"
    r"reflect|criticise|criticize|describe|summari[sz]e|list (?:the )?(?:reasons|"
    r"problems|"
    r"faults|mistakes)|give (?:\w+ ){0,3}(?:reasons|feedback|advice|critique|hints?)|"
    r"write (?:\w+ ){0,4}(?:reasons|feedback|advice|critique|hints?|explanation|"
    r"lessons?|"
    r"notes?|reflections?))\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A text that was tried, with its score 0..100 if that was shown."""

    text: str
    score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case that was shown, as far as it was shown.

    Attributes:
        input: What was asked, maybe with ``<HERE>`` where the text stands.
        expected: The right answer; empty if it was not shown.
        got: The reply that was given; empty if it was not shown.
        why: Why that reply is wrong; empty if it was not shown.
    """

    input: str
    expected: str = ""
    got: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an optimizer request shows and asks for.

    Attributes:
        attempts: Scored texts, in the order shown.
        examples: Cases, in the order shown.
        currents: Texts without a score, in the order shown.
        word_limit: Most words that the new text may have; ``None`` without a limit.
        reply_tag: Tag that the answer goes into, without brackets; empty without one.
        verb: What is asked for.
        prose: Everything outside the blocks.
    """

    attempts: tuple[Attempt, ...] = ()
    examples: tuple[Example, ...] = ()
    currents: tuple[str, ...] = ()
    word_limit: int | None = None
    reply_tag: str = ""
    verb: Verb = "write"
    prose: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text shown, attempts first."""
        return tuple(attempt.text for attempt in self.attempts) + self.currents


def read_evidence(text: str) -> Evidence | None:
    """Read an optimizer request; ``None`` if the text is none."""
    blocks, prose = _blocks(text.split("\n"))
    attempts: list[Attempt] = []
    examples: list[Example] = []
    currents: list[str] = []
    for fields in blocks:
        if "input" in fields:
            kept = {name: text for name, text in fields.items() if name in _SHOWN}
            examples.append(Example(**kept))
        elif "text" in fields and "score" in fields:
            score = _SCORE.search(fields["score"])
            attempts.append(
                Attempt(
                    text=fields["text"], score=int(score.group()) if score else None
                )
            )
        elif "text" in fields:
            currents.append(fields["text"])
    tag = _reply_tag(prose)
    if not blocks and not (tag and _asks_for_text(prose)):
        return None
    limit = _LIMIT.search(prose)
    shown = [entry.text for entry in attempts] + currents
    shown += [prose, *(entry.input for entry in examples)]
    return Evidence(
        attempts=tuple(attempts),
        examples=tuple(examples),
        currents=tuple(currents),
        word_limit=int(limit.group(1)) if limit else None,
        reply_tag=tag,
        verb=_verb(
            prose,
            blank=any(BLANK.search(part) for part in shown),
            attempts=bool(attempts),
            currents=bool(currents),
        ),
        prose=prose,
    )


def _blocks(lines: list[str]) -> tuple[list[dict[str, str]], str]:
    """Take the innermost blocks that hold fields out of the prose around them."""
    blocks: list[dict[str, str]] = []
    outside: list[str] = []
    index = 0
    while index < len(lines):
        opened = _OPEN.match(lines[index])
        end = _closing(lines, index, opened.group(1)) if opened else None
        if end is not None:
            fields = _fields(lines[index + 1 : end])
            if fields:
                blocks.append(fields)
            else:
                inner, prose = _blocks(lines[index + 1 : end])
                blocks += inner
                outside.append(prose)
            index = end + 1
            continue
        outside.append(lines[index])
        index += 1
    return blocks, "\n".join(outside)


def _closing(lines: list[str], start: int, tag: str) -> int | None:
    depth = 0
    for index in range(start, len(lines)):
        opened, closed = _OPEN.match(lines[index]), _CLOSE.match(lines[index])
        if opened and opened.group(1) == tag:
            depth += 1
        elif closed and closed.group(1) == tag:
            depth -= 1
            if depth == 0:
                return index
    return None


def _fields(lines: list[str]) -> dict[str, str]:
    """Read the fields of one block; empty if it is no block of evidence."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        field = _FIELD.match(line)
        if field and field.group(1) in FIELDS:
            name = field.group(1)
            found[name] = [field.group(2)] if field.group(2) else []
        elif name and (line.startswith("  ") or not line.strip()):
            found[name].append(line[2:])
        elif line.strip():
            # A tag or prose inside: a wrapper around blocks, not a block.
            return {}
    return {key: "\n".join(value).strip("\n") for key, value in found.items()}


def _reply_tag(prose: str) -> str:
    tags = [match.group(1) for match in _TAG_PAIR.finditer(prose)]
    return tags[-1] if tags else ""


def _asks_for_text(prose: str) -> bool:
    asks = (_FILL, _MERGE, _CHOOSE, _REWRITE, _WRITE, _EXPLAIN)
    return any(pattern.search(prose) for pattern in asks) and bool(
        _ABOUT_TEXTS.search(prose)
    )


def _verb(prose: str, *, blank: bool, attempts: bool, currents: bool) -> Verb:
    """Decide what is asked for: narrow asks first, then a new text, then reasons."""
    if blank and _FILL.search(prose):
        return "fill"
    if _MERGE.search(prose):
        return "merge"
    if _CHOOSE.search(prose) and not _WRITE.search(prose):
        return "choose"
    if _REWRITE.search(prose) and (currents or not attempts):
        return "rewrite"
    if _EXPLAIN.search(prose) and not (_WRITE.search(prose) or _REWRITE.search(prose)):
        return "explain"
    return "rewrite" if currents and not attempts else "write"
