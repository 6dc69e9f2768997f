"""What text goes onto: how wide it is, whether lines are broken, what it can show."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pytest_promptopt.report.plain import plain

HANGING = 4
"""Columns by which the rest of a broken line stands further right."""

_LEAST = 40
"""Columns below which lines are not broken any more."""

# A command is copied as a whole, so that it stays on one line.
_COMMAND = re.compile(
    r" *(?:to|or|apply|open)\b[^:]*: +(?:pytest|git|promptopt|python)\b"
)

# What reads badly in two pieces: an interval, "p = 0.03", "80 cases", "step 3".
_TOGETHER = re.compile(
    r"\[[^\[\] ]+, [^\[\] ]+\]"
    r"|(?:\bp )?[=<] [0-9.]+"
    r"|\blimit [0-9.]+"
    r"|[-+]?[0-9][0-9.,%]* (?:points?|cases?|trials?|calls?(?: so far)?|looks?)\b"
    r"|\S+ -> \S+"
    r"|(?<= )[-+] '"
    r"|\b(?:expected|got|before|because) '"
)
_KEPT = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A terminal, or a log.

    Attributes:
        width: Columns, from 1.
        wraps: Whether long lines are broken at the width; a log keeps them whole.
        encoding: In which text is written.
    """

    width: int = 80
    wraps: bool = False
    encoding: str = "utf-8"

    def shown(self, text: str) -> str:
        """Return text that steers nothing, with escapes for what cannot be written."""
        safe = plain(text)
        if safe.isascii():
            return safe
        return safe.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def lines(self, text: str) -> list[str]:
        """Return the lines that a text takes, none of which steers anything."""
        # What no encoding knows, a NUL among it, is an escape by now.
        whole = self.shown(text).split("\n")
        if not self.wraps or self.width < _LEAST:
            return whole
        broken = [part for line in whole for part in _broken(line, self.width)]
        return [plain(line) for line in broken]


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _broken(line: str, width: int) -> list[str]:
    """Break a line at spaces, the rest further to the right."""
    if columns(line) <= width or _COMMAND.match(line):
        return [line]
    text = line.lstrip(" ")
    indent = " " * (len(line) - len(text))
    together = _TOGETHER.sub(lambda found: found[0].replace(" ", _KEPT), text)
    lines, now = [], indent
    free = True  # whether nothing but the indent stands on the line
    for word in together.split(" "):
        if not free and columns(now) + 1 + columns(word) > width:
            lines.append(now.rstrip())
            now, free = " " * (len(indent) + HANGING), True
        now += word if free else f" {word}"
        free = False
    return [part.replace(_KEPT, " ") for part in [*lines, now]]
