"""Characters that a reviewer cannot see, and that a model reads all the same."""

from __future__ import annotations

import unicodedata

# Controls, formats such as bidi marks and zero-width ones, not assigned, private,
# surrogates, and line ends that most editors do not show.
_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SYMBOLS = frozenset({"So", "Sk", "Sm"})
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"


def hidden_characters(text: str) -> frozenset[str]:
    """Return the invisible characters of a text.

    Line feeds and tabs are visible enough; a joiner or a style selector behind a
    symbol is part of an emoji.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return frozenset()
    return frozenset(
        character
        for at, character in enumerate(text)
        if _is_hidden(character) and not _belongs_to_emoji(text, at)
    )


def _is_hidden(character: str) -> bool:
    if character in "\n\t":
        return False
    return (
        unicodedata.category(character) in _CATEGORIES
        or character in _BLANKS
        or "\ufe00" <= character <= "\ufe0f"
        or "\u180b" <= character <= "\u180f"
        or "\U000e0000" <= character <= "\U000e0fff"
    )


def _belongs_to_emoji(text: str, at: int) -> bool:
    character, before, behind = (
        text[at],
        text[max(at - 1, 0) : at],
        text[at + 1 : at + 2],
    )
    after_symbol = bool(before) and unicodedata.category(before) in _SYMBOLS
    if character == _EMOJI_STYLE:
        return after_symbol or behind == "\u20e3"
    if character != _JOINER:
        return False
    joins_symbol = bool(behind) and unicodedata.category(behind) in _SYMBOLS
    return (after_symbol or before == _EMOJI_STYLE) and joins_symbol
