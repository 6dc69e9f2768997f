"""Worked examples inside an instruction text, taken apart from the rest."""

from __future__ import annotations

import re

_PAIR = re.compile(
    r"(?im)^[ \t]*(?:[-*\u2022]\s+|\d+[.)]\s+)?(?:#+\s*)?(?:example \d*:?\s*)?"
    r"(?P<cue>input|text|message|question|q|ticket|mail|e-?mail|sentence|review|"
    r"customer|user|query|case|document|utterance)[ \t]*:[ \t]*"
    r"(?P<input>.+(?:\n(?![ \t]*(?:[\w ]{1,20}:|\n)).+)*)\n"
    r"[ \t]*(?:answer|label|output|category|class|expected|a|assistant|result|intent|"
    r"reply|response|sentiment|json)[ \t]*:[ \t]*(?P<answer>.+)$"
)
_ARROW = re.compile(
    r"(?m)^[ \t]*(?:[-*\u2022]\s+|\d+[.)]\s+)?"
    r"[\"\u201c](?P<input>[^\"\u201d\n]{8,})[\"\u201d]\s*"
    r"(?:->|=>|\u2192|:|=|\bis\b)\s*"
    r"[\"'`]?(?P<answer>[^\"'`\n]{1,60}?)[\"'`]?\.?[ \t]*$"
)
_PLAIN_ARROW = re.compile(
    r"(?m)^[ \t]*(?:[-*\u2022]\s+|\d+[.)]\s+)?(?P<input>(?:[^\s]+ ){3,60}[^\s]+) "
    r"(?:->|=>|\u2192) [\"'`]?(?P<answer>[^\"'`\n]{1,60}?)[\"'`]?\.?[ \t]*$"
)
_ARROWS = ("->", "=>", "\u2192")


def find_examples(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Find worked examples: ``Input: ... / Label: ...`` pairs and ``"..." -> label``.

    Returns:
        The (input, answer) pairs in order, and the text without them.
    """
    found: list[tuple[str, str]] = []
    rest = text
    patterns = [_PAIR, _ARROW]
    if any(arrow in text for arrow in _ARROWS):
        patterns.append(_PLAIN_ARROW)
    for pattern in patterns:
        found += [
            (match["input"].strip(), match["answer"].strip().strip("\"'`"))
            for match in pattern.finditer(rest)
        ]
        rest = pattern.sub("", rest)
    return tuple(found), rest
