r"""Text of others within Markdown, where it must not become structure.

GitHub looks for mentions, issue numbers and links in the text that it has rendered, so
escaping their first character does not help. It leaves code alone; and so whatever
could mean something to it is written as code.
"""

from __future__ import annotations

import re

from pytest_promptopt.report.plain import plain as steerless

MARK = "<!-- pytest-promptopt report -->"
"""The first line of a report, by which its comment is found again."""

_WORD = r"[^\W\d_]+(?:['-][^\W\d_]+)*"
# Seven digits and more may be the id of a commit, which GitHub links.
_NUMBER = r"\d{4}-\d\d-\d\d|[+-]?\$?\d{1,6}(?:[.,]\d{1,6})*%?|[^\W\d_]{1,3}\d{1,3}"
_UNTOUCHED = re.compile(
    # "www." begins a link, whatever stands behind it.
    rf"""[(\['"]*(?!(?i:www)\.)(?:{_WORD}|{_NUMBER})[)\]'".,;:?!%]*"""
)
_OPERATORS = frozenset({"->", "=", "<", ">", "<=", ">=", "/", "x", "+", "-"})
_ESCAPED = re.compile(r"([\\`*_{}\[\]<>|#!$~])")
_LINE_START = re.compile(rf"""[(\['"]*{_WORD}|[+-]?\$?\d[\d.,]*\d%?(?![.)\d])|\d%?$""")


def visible(text: str) -> str:
    r"""Return text in which nothing hides, and that cannot pass for a report's start.

    Invisible characters become escapes; line ends and tabs stay, and ``\r\n`` is a line
    end.
    """
    shown = steerless(text.replace("\r\n", "\n"))
    return shown.replace(MARK[:12], f"<!\\{MARK[2:12]}")


def cut(text: str, most: int) -> str:
    """Return a text, or its first characters and three dots: at most ``most``."""
    return text if len(text) <= most else f"{text[: max(0, most - 3)]}..."


def code(text: str, *, cell: bool = False, most: int = 1_000) -> str:
    """Return a text as a code span, on one line.

    Args:
        text: The text.
        cell: Whether it stands in a cell of a table.
        most: Characters that are shown of it.
    """
    shown = " ".join(cut(visible(text[: most + 1]), most).split())
    return _span(shown, cell=cell) if shown else "*empty*"


def _span(shown: str, *, cell: bool = False) -> str:
    """Return visible text on one line, not empty, as a code span."""
    if cell:  # renderers do not agree on a backslash before an escaped bar
        shown = re.sub(r"(\\*)\|", lambda bar: f"{bar[1] and bar[1] + ' '}\\|", shown)
    runs = {len(run) for run in re.findall("`+", shown)}
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    space = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{space}{shown}{space}{fence}"


def plain(text: str, *, most: int = 2_000) -> str:
    """Return a text as prose on one line.

    Ordinary words and numbers stand for themselves; anything else in it, such as a
    path, a name with an underscore or a link, is a code span.

    Args:
        text: The text.
        most: Characters that are shown of it.
    """
    words = cut(visible(text[: most + 1]), most).split()
    told = []
    for index, word in enumerate(words):
        if _is_ordinary(word) and (index or _LINE_START.match(word)):
            told.append(_ESCAPED.sub(r"\\\1", word))
        else:
            told.append(_as_code(word))
    return " ".join(told)


def _as_code(word: str) -> str:
    """Return a word as a code span; what encloses it stays outside."""
    found = re.fullmatch(r"(\(*)(.*?)([),.;:]*)", word)
    if found is None or not found[2]:
        return _span(word)
    return f"{found[1]}{_span(found[2])}{found[3]}"


def _is_ordinary(word: str) -> bool:
    return word in _OPERATORS or _UNTOUCHED.fullmatch(word) is not None


def fenced(text: str, language: str, *, most: int) -> str:
    """Return a text as a block of code.

    Args:
        text: The text.
        language: What is written beside the fence.
        most: Characters that are shown of it.
    """
    shown = visible(text[: most + 1])
    if len(shown) > most:
        shown = f"{shown[:most]}\n(shortened)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown.rstrip()}\n{fence}"


def indented(text: str) -> str:
    """Return commands as a block of code without a fence, whatever is quoted in them.

    A paragraph must not stand right above it.
    """
    return "\n".join(f"    {line}" for line in visible(text).split("\n"))
