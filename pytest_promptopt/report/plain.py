r"""Text of models, cases and endpoints made fit for a terminal and a CI log."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    # Controls, bidirectional marks, line ends of other sorts, lone surrogates.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff"
    # What takes no room at all, so that it hides in ids and paths.
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Joiners are part of many scripts and of emoji; one alone, and not beside ASCII.
_JOINERS = re.compile(
    "(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]"
    "|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])"
)
# GitHub takes "::error::" at the start of a line, also behind spaces; Azure and older
# runners take "##[error]" and "##vso[...]" anywhere.
_LINE_COMMAND = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
_COMMAND = re.compile(r"##(?=\[|vso\[)")


def plain(text: str) -> str:
    r"""Return text that steers neither a terminal nor a CI job.

    Control characters, bidirectional marks, lone surrogates and characters that take no
    room become escapes such as ``\x1b``; what a CI runner would read as a command gets
    a backslash. Line ends and tabs stay. Doing it twice changes nothing.
    """
    shown = _CONTROLS.sub(lambda found: _escape(found[0]), text)
    shown = _JOINERS.sub(lambda found: _escape(found[0]), shown)
    return _COMMAND.sub(r"#\\#", _LINE_COMMAND.sub(r"\1\\::", shown))


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
