"""String literals that stand side by side and join by themselves."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.prompts.literal import Literal, write_on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NARROWEST = 40
_WORDS = re.compile(r"\S*\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the literals.

    Attributes:
        start: Where it starts in what is written, in characters.
        end: Where it ends.
        text: The string that it stands for.
    """

    start: int
    end: int
    text: str


def rewritten_parts(written: str, text: str) -> str | None:
    r"""Write a text as literals side by side, as it was, changing as few as possible.

    Args:
        written: The literals as they stand, line ends as ``\n``, comments included.
        text: The new text.

    Returns:
        The new literals; those at both ends that still fit, and the comments between
        them, stay as they are. ``None`` if there is only one literal, or none can be
        written so.
    """
    parts = _parts(written)
    if len(parts) < 2:
        return None
    first, last, middle = _changed(parts, text)
    like = Literal.read(written[parts[first].start :])
    gap = written[parts[0].end : parts[1].start]
    if like.triple or "\\" in gap:
        return None
    separator = "\n" + gap.rpartition("\n")[2] if "\n" in gap else " "
    width = max(_NARROWEST, *(part.end - part.start - 2 for part in parts))
    literals = [
        write_on_one_line(piece, like=like)
        for piece in (_pieces(middle, width) if "\n" in gap else [middle])
    ]
    if any(literal is None for literal in literals):
        return None
    new = separator.join(filter(None, literals))
    return written[: parts[first].start] + new + written[parts[last].end :]


def _parts(written: str) -> list[Part]:
    # In parentheses, so that it may run over several lines.
    readline = io.StringIO(f"({written}\n)").readline
    starts = [0]
    for line in written.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    parts = []
    try:
        for token in tokenize.generate_tokens(readline):
            if token.type == tokenize.STRING:
                start, end = (
                    starts[row - 1] + column - (row == 1)
                    for row, column in (token.start, token.end)
                )
                parts.append(
                    Part(start=start, end=end, text=ast.literal_eval(token.string))
                )
    except (tokenize.TokenError, SyntaxError, ValueError):
        return []
    return parts


def _changed(parts: Sequence[Part], text: str) -> tuple[int, int, str]:
    """Return the first and last part that do not fit any more, and their new text."""
    first, start = 0, 0
    while first < len(parts) - 1 and text.startswith(parts[first].text, start):
        start += len(parts[first].text)
        first += 1
    last, end = len(parts) - 1, len(text)
    while last > first and text.endswith(parts[last].text, start, end):
        end -= len(parts[last].text)
        last -= 1
    if start == end and first > 0:  # only deleted: an empty literal would be left
        first -= 1
        start -= len(parts[first].text)
    return first, last, text[start:end]


def _pieces(text: str, width: int) -> Iterator[str]:
    """Cut a text behind its line breaks, and long lines behind a space."""
    for line in text.splitlines(keepends=True) or [""]:
        piece = ""
        for word in _WORDS.findall(line):
            if piece and len(piece) + len(word.rstrip()) > width:
                yield piece
                piece = ""
            piece += word
        yield piece
