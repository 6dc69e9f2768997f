r"""Text of models, cases and endpoints made fit for a terminal and a CI log."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
# GitHub takes "::error::" at the start of a line, also behind spaces; Azure and older
# runners take "##[error]" and "##vso[...]" anywhere.
_LINE_COMMAND = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
_COMMAND = re.compile(r"##(?=\[|vso\[)")


def plain(text: str) -> str:
    r"""Return text that steers neither a terminal nor a CI job.

    Control characters, bidirectional marks and lone surrogates become escapes such as
    ``\x1b``; what a CI runner would read as a command gets a backslash. Line ends and
    tabs stay. Doing it twice changes nothing.
    """
    shown = _CONTROLS.sub(lambda found: _escape(found[0]), text)
    return _COMMAND.sub(r"#\\#", _LINE_COMMAND.sub(r"\1\\::", shown))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
