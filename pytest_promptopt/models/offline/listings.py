"""Lists in a text: entries with a name and what is said about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_promptopt.models.offline.lines import LIST_ITEM, OPTION_LINE
from pytest_promptopt.models.offline.text import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a list: a name and what is said about it."""

    name: str
    description: str


_QUOTED_NAME = re.compile(
    r"^(?:\*\*|__)?[\"'`\u201c\u2018](?P<name>[^\"'`\u201d\u2019]{1,60})"
    r"[\"'`\u201d\u2019](?:\*\*|__)?\s*(?:[:=(,]|[-\u2013\u2014]+>?|=>|"
    r"\u2192)?\s*(?P<rest>.*)$"
)


_BOLD_NAME = re.compile(
    r"^(?:\*\*|__|\*)(?P<name>[^*]{1,60}?):?(?:\*\*|__|\*)\s*"
    r"(?:[:=(]|[-\u2013\u2014]+>?|\u2192)?\s*(?P<rest>.*)$"
)


_PLAIN_NAME = re.compile(
    r"^(?P<name>[^:=(]{1,60}?)\s*(?::\s|:$|=>\s|=\s|->\s|\u2192\s|"
    r"\s[-\u2013\u2014]{1,2}\s|"
    r"\s\()\s*(?P<rest>.*)$"
)


LIST_HEAD = re.compile(
    r"(?i)\b(?:labels?|categor(?:y|ies)|class(?:es)?|options?|choices?|intents?|"
    r"answers?|"
    r"one of|topics?|tags?|types?|queues?|buckets?|teams?|groups?|departments?|"
    r"classif\w+|sort|assign|choose|pick|select|into|meanings?|definitions?|"
    r"they mean|as follows|possible|allowed|valid)\b"
)


OTHER_HEAD = re.compile(
    r"(?i)\b(?:rules?|notes?|hints?|guidelines?|steps?|keys?|fields?|examples?|tips?|"
    r"remember|important|format|schema|instructions?|reminders?)\b"
)


SENTENCE_START = re.compile(
    r"(?i)^(?:if|when|always|never|do|don't|use|only|reply|answer|respond|return|"
    r"output|"
    r"make|be|ignore|consider|think|look|read|pay|the|a|an|for|in|on|choose|pick|"
    r"select|"
    r"you|your|it|this|note|remember|focus|keep|give|write|avoid|prefer|where|treat)\b"
)

MOST_NAME_WORDS = 6


def clean_name(name: str) -> str:
    """Take quotes, brackets and final punctuation off a name."""
    return (
        name.strip()
        .strip("\"'`*\u201c\u201d\u2018\u2019[]<>")
        .strip()
        .rstrip(".,;:")
        .strip()
    )


def is_name(name: str) -> bool:
    """Whether a text is short and plain enough for the name of an answer."""
    count = len(name.split()) if words(name) else 0
    return 0 < count <= MOST_NAME_WORDS and len(name) <= 60 and "{" not in name


def read_item(body: str) -> Item | None:
    """Read ``name: description`` in any common dress; ``None`` if it is none."""
    text = body.strip()
    for pattern in (_QUOTED_NAME, _BOLD_NAME, _PLAIN_NAME):
        match = pattern.match(text)
        if match:
            name = clean_name(match["name"])
            if is_name(name):
                rest = match["rest"].strip()
                return Item(
                    name=name,
                    description=rest.removesuffix(")") if "(" not in rest else rest,
                )
    name = clean_name(text)
    if (
        is_name(name)
        and len(name.split()) <= 4
        and text[-1:] not in "?!"
        and ("." not in text.rstrip("."))
    ):
        return Item(name=name, description="")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Consecutive list entries with the line that announces them.

    Attributes:
        head: The announcing line; empty if there is none.
        items: The entries; continuation lines are part of their description.
        bodies: The entries as they were written, without bullet.
    """

    head: str
    items: tuple[Item | None, ...]
    bodies: tuple[str, ...]

    @property
    def named(self) -> tuple[Item, ...]:
        """The entries that have a name."""
        return tuple(item for item in self.items if item is not None)


def _grouped(text: str) -> list[tuple[str, list[str]]]:
    """Collect runs of list lines, bulleted or bare, with their heads."""
    groups: list[tuple[str, list[str]]] = []
    current: list[str] | None = None
    head, bulleted, blank = "", False, False
    for line in text.split("\n"):
        bare = line.strip()
        is_item = bool(LIST_ITEM.match(line)) and not OPTION_LINE.match(line)
        if not bare:
            blank = True
            continue
        if is_item:
            if current is None or not bulleted:
                current = []
                groups.append((head, current))
            current.append(LIST_ITEM.sub("", line, count=1))
            bulleted = True
        elif current is not None and bulleted and line[0] in " \t" and not blank:
            current[-1] += " " + bare
        elif not bulleted and current is not None and not blank and _bare_item(bare):
            current.append(bare)
        elif (head.endswith(":") and current is None and _bare_item(bare)) or (
            _definition(bare) and not bare.endswith(":")
        ):
            current, bulleted = [bare], False
            groups.append((head, current))
        else:
            head, current, bulleted = bare, None, False
        blank = False
    return groups


def _bare_item(line: str) -> bool:
    if line.endswith(":") or OPTION_LINE.match(line):
        return False
    return _definition(line) or (
        len(line.split()) <= 4 and "," not in line and line[-1] not in ".!?"
    )


def _definition(line: str) -> bool:
    item = read_item(line)
    return bool(
        item is not None
        and item.description
        and not SENTENCE_START.match(item.name)
        and not LIST_HEAD.search(item.name)
        and not OTHER_HEAD.search(item.name)
        and len(item.name.split()) <= 4
    )


def listings(text: str) -> list[Listing]:
    """Return the lists of a text, in order; each has at least one entry."""
    return [
        Listing(head=head, items=tuple(map(read_item, bodies)), bodies=tuple(bodies))
        for head, bodies in _grouped(text)
    ]


def split_list(text: str) -> list[str]:
    """Split ``a, b or c`` into names; slashes, bars, quotes and brackets work too."""
    bare = text.strip().strip("[](){}").strip().rstrip(".")
    for separator in ("|", ";", ",", " / ", "/"):
        if separator in bare:
            parts = bare.split(separator)
            break
    else:
        parts = re.split(r"\s+(?:or|and|vs\.?|versus)\s+", bare)
    last = re.sub(r"(?i)^\s*(?:or|and)\s+", "", parts[-1])
    longest = max((len(part.split()) for part in parts[:-1]), default=1)
    halves = re.split(r"\s+(?:or|and)\s+", last)
    if (
        len(halves) == 2
        and last == parts[-1]
        and max(len(h.split()) for h in halves) <= longest
    ):
        parts = [*parts[:-1], *halves]
    else:
        parts = [*parts[:-1], last]
    names = [clean_name(re.sub(r"\s*\([^)]*\)?", "", part)) for part in parts]
    return [name for name in names if name]
