"""Saying the same otherwise: paraphrase, and changes that change nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.draft import has_template
from pytest_promptopt.models.offline.lines import LIST_ITEM

if TYPE_CHECKING:
    import random

# Groups of words that may stand for one another in an instruction.
SWAPS = (
    ("classify", "sort", "categorise"),
    ("decide", "determine", "work out"),
    ("choose", "pick", "select"),
    ("answer", "reply", "respond"),
    ("read", "look at", "go through"),
    ("extract", "pull out", "take out"),
    ("return", "output", "give"),
    ("carefully", "closely", "with care"),
    ("following", "given", "present"),
)
_OPENERS = (
    "Read the text closely before you decide.",
    "Take your time with the text.",
    "Look at what the text is really about.",
    "Go by what the writer needs.",
)


def _swapped(line: str, rng: random.Random) -> str:
    for group in SWAPS:
        pattern = re.compile(rf"(?i)\b({'|'.join(group)})\b")
        match = pattern.search(line)
        if match and rng.random() < 0.6:
            others = [word for word in group if word != match.group(1).lower()]
            instead = others[int(rng.random() * len(others))]
            if match.group(1)[0].isupper():
                instead = instead[0].upper() + instead[1:]
            return line[: match.start()] + instead + line[match.end() :]
    return line


def paraphrased(text: str, rng: random.Random) -> str:
    """Swap a word of every other sentence outside lists; add an opener if none fits."""
    lines = text.split("\n")
    changed = [
        line if LIST_ITEM.match(line) or has_template(line) else _swapped(line, rng)
        for line in lines
    ]
    fresh = "\n".join(changed)
    if fresh == text or rng.random() < 0.3:
        opener = _OPENERS[int(rng.random() * len(_OPENERS))]
        if opener not in fresh:
            fresh = f"{opener}\n{fresh}" if fresh.strip() else opener
    return fresh


def retouched(text: str, rng: random.Random) -> str:
    """Return the same text with at most a trivial change."""
    luck = rng.random()
    lines = text.split("\n")
    last = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].strip()), 0)
    if has_template(lines[last]) or luck < 0.4:
        return text
    if luck < 0.7:
        lines[last] = (
            lines[last].rstrip(".") if lines[last].endswith(".") else lines[last] + "."
        )
    else:
        first = next((i for i, line in enumerate(lines) if line.strip()), 0)
        if not has_template(lines[first]) and not lines[first].startswith("Please"):
            low = lines[first][:1].lower() + lines[first][1:]
            lines[first] = f"Please {low}"
    return "\n".join(lines)
