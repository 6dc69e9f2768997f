"""Handlebars templates as Dotprompt uses them, put into Jinja line by line.

What has an exact counterpart is put into it, the rest is refused: a prompt that only
looks alike would be scored as if it were the one that the application sends.

Source:
    https://google.github.io/dotprompt/reference/template
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TAG = re.compile(
    r"\\*\{\{!--.*?--~?\}\}|\\*\{\{\{(?P<bare>.*?)\}\}\}|\\*\{\{(?P<inner>.*?)\}\}",
    re.DOTALL,
)
_ROLE = re.compile(r"""role\s+(?:"(?P<double>\w+)"|'(?P<single>\w+)')""")
_NAME = re.compile(r"(?P<up>(?:\.\./)*)(?P<name>@?[^\W\d]\w*(?:\.\w+)*)")
_OPENED = re.compile(r"#(?P<word>if|unless|each)\s+(?P<what>\S+)")
_JINJA = re.compile(r"\{\{|\{%|\{#|%\}|#\}")
_LOOP = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_ROLES = {"system": "system", "user": "user", "model": "assistant"}
_READ = "{{name}}, {{#if}}, {{#unless}}, {{#each}}, {{role}} and comments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a template.

    Attributes:
        role: ``"system"``, ``"user"`` or ``"assistant"``; empty if none is given.
        line: Line of the template on which it starts, from 1.
        text: The same in Jinja; a line stays a line.
    """

    role: str
    line: int
    text: str


@dataclass(slots=True)
class _Reader:
    path: Path
    text: str
    line_in_file: Callable[[int], int]
    blocks: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    role: str = ""
    line: int = 1

    def read(self) -> tuple[Turn, ...]:
        position = 0
        for match in _TAG.finditer(self.text):
            start, end = self._lone_line(match)
            self.parts.append(_escaped(self.text[position:start]))
            written = self._converted(match)
            breaks = self.text.count("\n", start, end)
            self.parts.append(_with_lines(written, breaks))
            position = end
        self.parts.append(_escaped(self.text[position:]))
        if self.blocks:
            self._refuse(len(self.text), f"{{{{#{self.blocks[-1]}}}}} is not closed")
        self._finish_turn()
        return tuple(self.turns)

    def _finish_turn(self) -> None:
        text = "".join(self.parts)
        if text.strip():
            self.turns.append(Turn(role=self.role, line=self.line, text=text))
        self.parts = []

    def _lone_line(self, match: re.Match[str]) -> tuple[int, int]:
        """Return the span of a tag, with its line if it is alone on one.

        Handlebars leaves nothing of a line that has only a block's tag or a comment.
        """
        start, end = match.span()
        if match["bare"] is not None or not _leaves_no_line(match["inner"]):
            return start, end
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end + 1
        if self.text[line_start:start].strip() or self.text[end:line_end].strip():
            return start, end
        return line_start, line_end

    def _converted(self, match: re.Match[str]) -> str:
        inner = match["bare"] if match["bare"] is not None else match["inner"]
        if match[0].startswith("\\"):
            self._refuse(match.start(), f"{match[0][:40]!r} is escaped")
        if inner is None or inner.lstrip("~").startswith("!"):
            return "{# #}"
        left, right = inner.startswith("~"), inner.endswith("~")
        word = inner.strip("~").strip()
        written = self._tag(match.start(), word)
        if written is None:
            role = _ROLE.fullmatch(word)
            return "" if role is None else self._next_turn(match, role)
        opener, body, closer = written
        dashes = ("-" if left else "", "-" if right else "")
        return f"{opener}{dashes[0]} {body} {dashes[1]}{closer}"

    def _next_turn(self, match: re.Match[str], role: re.Match[str]) -> str:
        name = role["double"] or role["single"]
        if name not in _ROLES:
            self._refuse(match.start(), f"the role {name!r} is none of a text message")
        if self.blocks:
            self._refuse(match.start(), "a message starts inside a block")
        self._finish_turn()
        self.role = _ROLES[name]
        self.line = self.text.count("\n", 0, match.end()) + 1
        return ""

    def _tag(self, at: int, word: str) -> tuple[str, str, str] | None:
        """Return the Jinja tag for one of Handlebars; ``None`` for a message's."""
        opened = _OPENED.fullmatch(word)
        if opened is not None:
            what = self._expression(at, opened["what"])
            self.blocks.append(opened["word"])
            if opened["word"] == "each":
                depth = self.blocks.count("each")
                return "{%", f"for item{depth} in {what}", "%}"
            negation = "not " if opened["word"] == "unless" else ""
            return "{%", f"if {negation}{what}", "%}"
        if word == "else" and self.blocks:
            return "{%", "else", "%}"
        if word.startswith("/"):
            if not self.blocks or word[1:].strip() != self.blocks[-1]:
                self._refuse(at, f"{{{{{word}}}}} closes nothing that is open")
            ended = "for" if self.blocks.pop() == "each" else "if"
            return "{%", f"end{ended}", "%}"
        if _ROLE.fullmatch(word):
            return None
        return "{{", self._expression(at, word), "}}"

    def _expression(self, at: int, word: str) -> str:
        match = _NAME.fullmatch(word)
        depth = self.blocks.count("each")
        if match is None or word in ("else", "history"):
            self._refuse(at, f"{'{{' + word + '}}'!r:.60} is not read")
        else:
            name, up = match["name"], len(match["up"]) // 3
            if name in _LOOP and depth and not up:
                return _LOOP[name]
            first, _, rest = name.partition(".")
            if up <= depth and not name.startswith("@"):
                owner = f"item{depth - up}" if depth > up else ""
                path = rest if first == "this" else name
                if owner or path:
                    return ".".join(part for part in (owner, path) if part)
        self._refuse(at, f"{'{{' + word + '}}'!r:.60} is not read")
        return ""

    def _refuse(self, at: int, problem: str) -> None:
        line = self.text.count("\n", 0, at) + 1
        raise TemplateError.at(
            self.path,
            self.line_in_file(line),
            f"Dotprompt: {problem}",
            f"only {_READ} are; keep the prompt in a .j2 file to use more",
        )


def read_handlebars(
    path: Path, text: str, line_in_file: Callable[[int], int]
) -> tuple[Turn, ...]:
    r"""Put a Handlebars template into Jinja, one text a message.

    Args:
        path: Its file, for messages.
        text: The template, with ``\n`` line ends.
        line_in_file: Turns a line of the text into one of the file.

    Raises:
        TemplateError: It has something that has no exact counterpart.
    """
    return _Reader(path, text, line_in_file).read()


def _leaves_no_line(inner: str | None) -> bool:
    word = (inner or "!").strip("~ ")  # the long comments have no inner
    return word[:1] in ("#", "/", "!") or word == "else"


def _escaped(text: str) -> str:
    """Return plain text as Jinja renders it unchanged."""
    return _JINJA.sub(lambda match: "{{ '" + match[0] + "' }}", text)


def _with_lines(tag: str, breaks: int) -> str:
    """Put line breaks into a Jinja tag, where they render as nothing."""
    if not breaks or not tag:
        return tag
    return f"{tag[:-2].rstrip(' ')}{chr(10) * breaks}{tag[-2:]}"
