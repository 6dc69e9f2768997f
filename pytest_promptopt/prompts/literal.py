"""String literals of Python: their look, and new ones that look alike."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<prefix>[rRuU]?)(?P<quotes>'''|\"\"\"|'|\")")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """How a string literal is written.

    Attributes:
        prefix: ``""``, or ``r`` or ``u`` in either case.
        quote: ``'`` or ``"``.
        triple: Whether the quotes are tripled.
        continued: Whether a backslash joins the first line to the opening quotes.
        line_by_line: Whether line n of the string is line n of the literal.
    """

    prefix: str
    quote: str
    triple: bool
    continued: bool = False
    line_by_line: bool = False

    @classmethod
    def read(cls, written: str) -> Literal:
        """Read the look of a literal; of several joined ones, of the first."""
        match = _OPENING.match(written)
        if match is None:  # the syntax tree found a string, so this is not reached
            raise ValueError(f"not a string literal: {written[:20]!r}")
        quotes = match["quotes"]
        triple = len(quotes) == 3
        body = written[match.end() :]
        continued = (
            triple
            and match["prefix"] not in ("r", "R")
            and re.match(r"\\(\r\n|\r|\n)", body) is not None
        )
        value = ast.literal_eval(f"({written}\n)")
        lines = len(re.findall(r"\r\n|\r|\n", written)) - continued
        return cls(
            prefix=match["prefix"],
            quote=quotes[0],
            triple=triple,
            continued=continued,
            line_by_line=triple and lines == value.count("\n"),
        )


def write_literal(text: str, *, like: Literal) -> str | None:
    r"""Write a string as a literal.

    Args:
        text: The string.
        like: The look to keep where it can be kept: text of several lines gets triple
            quotes, a raw string stays raw if it can hold the text.

    Returns:
        A literal that reads as the text, with ``\n`` line ends; ``None`` if the text
        has lone surrogates, which no UTF-8 file holds.
    """
    if _has_surrogates(text):
        return None
    triple = like.triple or "\n" in text
    quotes = like.quote * 3 if triple else _better_quote(text, like.quote)
    raw = like.prefix in ("r", "R")
    if raw and not _CONTROL.search(text):
        written = f"{like.prefix}{quotes}{text}{quotes}"
        if _reads_as(written, text):
            return written
    opening = ("" if raw else like.prefix) + quotes
    if like.continued and "\n" in text:
        opening += "\\\n"
    body = _escape_triple(text, like.quote) if triple else _escape_plain(text, quotes)
    written = f"{opening}{body}{quotes}"
    return written if _reads_as(written, text) else None


def write_on_one_line(text: str, *, like: Literal) -> str | None:
    r"""Write a string as a literal of one line, line breaks as ``\\n``.

    Returns:
        The literal, in the quotes of ``like`` where they do for the text; ``None`` if
        the text has lone surrogates.
    """
    quotes = _better_quote(text, like.quote)
    raw = like.prefix in ("r", "R")
    for prefix in (like.prefix, ""):
        body = text if prefix and raw else _escape_plain(text, quotes)
        written = f"{prefix}{quotes}{body}{quotes}"
        if _reads_as(written, text) and "\n" not in written:
            return None if _has_surrogates(text) else written
    return None


def _has_surrogates(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _better_quote(text: str, quote: str) -> str:
    other = "'" if quote == '"' else '"'
    return other if quote in text and other not in text else quote


def _escape_plain(text: str, quote: str) -> str:
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    return _escape_controls(escaped.replace(quote, f"\\{quote}"))


def _escape_triple(text: str, quote: str) -> str:
    closing = re.compile(rf"{quote}{{3,}}|{quote}+\Z")
    escaped = closing.sub(
        lambda match: f"\\{quote}" * len(match[0]), text.replace("\\", "\\\\")
    )
    return _escape_controls(escaped)


def _escape_controls(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _reads_as(written: str, text: str) -> bool:
    try:
        return bool(ast.literal_eval(written) == text)
    except (SyntaxError, ValueError):
        return False
