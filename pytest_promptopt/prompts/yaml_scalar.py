r"""Texts of YAML files: their five looks, and new ones that look alike.

A text of several lines becomes a literal block where one can stand, since a reviewer
reads its lines in the diff; else it is written in ``"..."`` with ``\n``. What is
written here is a proposal: whoever uses it reads the file again and takes the first
that holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Style = Literal["plain", "'", '"', "|", ">"]

_HEADER = re.compile(r"[|>](?P<signs>[-+0-9]*)(?P<rest>[^\n]*)\n")
_WORDS_READ_AS_OTHERS = frozenset(
    {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}
)
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
}
_ESCAPED = re.compile(
    '[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]'
)
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)
_STEP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    r"""A text as it is written.

    Attributes:
        style: Its look.
        written: What is written, line ends as ``\n``.
        column: Column of the table or list that it is an entry of, from 0.
        in_flow: Whether that is written in ``{}`` or ``[]``.
        ends_line: Whether nothing follows on its last line.
    """

    style: Style
    written: str
    column: int
    in_flow: bool
    ends_line: bool

    @property
    def first_line(self) -> int:
        """Lines between its start and the start of its text."""
        return 1 if self.style in ("|", ">") else 0

    def writings(self, text: str) -> Iterator[str]:
        """Yield ways to write a text in its stead, the most alike first."""
        several = "\n" in text and not _UNWRITABLE.search(text)
        if self.style in ("|", ">"):
            if not _UNWRITABLE.search(text):
                yield from self._blocks(text)
            yield _quoted_double(text) + self._behind()
            return
        if several and self.ends_line and not self.in_flow:
            yield from self._new_blocks(text)
        if self.style == "plain" and _may_be_plain(text):
            yield text
        if self.style == "'" and not several and not _UNWRITABLE.search(text):
            yield "'" + text.replace("'", "''") + "'"
        yield _quoted_double(text)

    def _blocks(self, text: str) -> Iterator[str]:
        header = _HEADER.match(self.written)
        if header is None:  # a block without a line
            return
        indent = self._indent(header.end())
        ending = _chomping(text)
        behind = self._behind() if ending != "+" else "\n"
        bodies = {"|": _lines(text, indent), ">": _folded(text, indent)}
        for style in dict.fromkeys((self.style, "|")):
            for sign in self._signs(header["signs"], text, indent):
                yield (
                    f"{style}{sign}{ending}{header['rest']}\n{bodies[style]}{behind}"
                )

    def _signs(self, signs: str, text: str, indent: int) -> Iterator[str]:
        given = re.sub(r"[-+]", "", signs)
        relative = str(indent - self.column)
        if not given and not text.lstrip("\n").startswith((" ", "\t")):
            yield ""
        yield relative

    def _indent(self, start: int) -> int:
        body = self.written[start:].split("\n")
        texts = [line for line in body if line.strip(" ")]
        least = self.column + 1
        signs = re.sub(r"\D", "", self.written[: self.written.find("\n")][:3])
        if signs:
            return self.column + int(signs)
        if texts:
            return max(least, len(texts[0]) - len(texts[0].lstrip(" ")))
        return self.column + _STEP

    def _behind(self) -> str:
        """Return the blank lines that a block's span ends with, not part of its text.

        The line break of its last line is among them.
        """
        kept = self.written.rstrip(" \n")
        return self.written[len(kept) :].lstrip(" ")

    def _new_blocks(self, text: str) -> Iterator[str]:
        indent = self.column + _STEP
        ending = _chomping(text)
        body = _lines(text, indent)
        starts_with_space = text.lstrip("\n").startswith((" ", "\t"))
        sign = str(_STEP) if starts_with_space else ""
        # The line break behind the old text is that of the last line.
        yield f"|{sign}{ending}\n{body}"


def _chomping(text: str) -> str:
    """Return how a block says which line breaks at its end are text."""
    breaks = len(text) - len(text.rstrip("\n"))
    return {0: "-", 1: ""}.get(breaks, "+")


def _lines(text: str, indent: int) -> str:
    """Return a literal block's lines, without the line break of the last."""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join(" " * indent + line if line else "" for line in lines)


def _folded(text: str, indent: int) -> str:
    """Return a folded block's lines: a line break of the text takes a blank one."""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    parts = re.split(r"(\n+)", body)
    for at in range(1, len(parts) - 1, 2):
        # Beside an indented line nothing is folded.
        if not parts[at - 1].startswith((" ", "\t")) and not parts[at + 1].startswith(
            (" ", "\t")
        ):
            parts[at] += "\n" if at > 1 or parts[0] else ""
    return _lines("".join(parts) + "\n" * max(ends, 1), indent)


def _may_be_plain(text: str) -> bool:
    return (
        text[:1].isalpha()
        and "\n" not in text
        and text.strip() == text
        and not _UNWRITABLE.search(text)
        and text.lower() not in _WORDS_READ_AS_OTHERS
    )


def _quoted_double(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda match: _escape(match[0]), text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return _ESCAPES.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    )
