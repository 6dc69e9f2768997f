"""Foreign text made fit to be kept and shown."""

from __future__ import annotations

import re
import unicodedata

_KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|(?<=Bearer )\S+")


def without_keys(text: str) -> str:
    """Return a text without what looks like an API key."""
    return _KEY_LIKE.sub("***", text)


def well_formed(text: str) -> str:
    """Return a text that UTF-8 can encode: lone surrogates become U+FFFD.

    JSON escapes can smuggle half of a surrogate pair into a string; two matching
    halves are joined to the character they stand for.
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def one_line(text: str, *, longest: int = 300) -> str:
    """Return a text for the inside of a message: one line, no control characters."""
    visible = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in well_formed(text[: 10 * longest])
    )
    line = " ".join(visible.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
