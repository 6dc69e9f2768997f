"""Letters that look like Latin ones and are none, and other ways to spell one word.

A reviewer reads a word with a Cyrillic letter in it as the plain one, a model and a
search for quotations do not.
"""

from __future__ import annotations

import re
import unicodedata

_PAIRS = {
    # Cyrillic
    "\u0430": "a", "\u0432": "b", "\u0435": "e", "\u0455": "s", "\u0456": "i",
    "\u0458": "j", "\u043a": "k", "\u043c": "m", "\u043d": "h", "\u043e": "o",
    "\u0440": "p", "\u0441": "c", "\u0442": "t", "\u0443": "y", "\u0445": "x",
    "\u0501": "d", "\u04bb": "h", "\u051b": "q", "\u051d": "w", "\u0451": "e",
    "\u0457": "i", "\u04cf": "l",
    # Greek
    "\u03b1": "a", "\u03b2": "b", "\u03b5": "e", "\u03b7": "n", "\u03b9": "i",
    "\u03ba": "k", "\u03bd": "v", "\u03bf": "o", "\u03c1": "p", "\u03c4": "t",
    "\u03c5": "u", "\u03c7": "x", "\u03b6": "z", "\u03b3": "y",
    # Armenian
    "\u0585": "o", "\u057d": "u", "\u0570": "h", "\u0578": "n", "\u0581": "g",
    "\u0566": "q",
}  # fmt: skip
_FOLDED = str.maketrans(_PAIRS)
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_MARKS = re.compile("[\u0300-\u036f]")


def folded(text: str) -> str:
    """Return a text as it reads: without case, accents and widths, in Latin letters.

    It is for comparisons only: other scripts lose letters of theirs to it.
    """
    if text.isascii():
        return text.casefold()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", plain).casefold().translate(_FOLDED)


def mixed_words(text: str) -> frozenset[str]:
    """Return the words with letters of another script that look like Latin ones."""
    if text.isascii():
        return frozenset()
    return frozenset(
        word
        for word in _WORD.findall(text)
        if _LATIN.search(word) and any(letter in _PAIRS for letter in word.casefold())
    )
