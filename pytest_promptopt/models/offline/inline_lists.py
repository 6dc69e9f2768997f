"""Lists of names inside a sentence: "one of a, b or c", "(a / b)", "is it a or b?"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.listings import (
    MOST_NAME_WORDS,
    SENTENCE_START,
    clean_name,
    is_name,
    split_list,
)
from pytest_promptopt.models.offline.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CUED_LIST = re.compile(
    r"(?i)\b(?:one of|any of|labels?|categor(?:y|ies)|classes|options|choices|intents?|"
    r"answers|topics|tags|types|queues|buckets|teams|groups|departments|values|into)\b"
    r"(?P<gap>[^:\n.,;]{0,48}?)(?::|\bare\b|\bis\b|=)[ \t]*(?P<list>[^\n]+)"
)


_PLAIN_LIST = re.compile(
    r"(?i)\b(?:one of|as|into|between|either|whether|pick|say|answer|reply|respond|"
    r"choose|"
    r"with|return|output|write|is it|be)(?: (?:exactly|only|just|either|with|one of|"
    r"a|an|the|words?|following|these|of))*:? "
    r"(?P<list>[^\n.:;?!]+?(?:,| or | and |/|\|)[^\n.;:?!]*)"
)


_IS_LIST = re.compile(
    r"(?i)\b(?:is|are|was|be|sounds|seems|reads|or not|as)\s+(?:either\s+|an?\s+|"
    r"in\s+)?"
    r"(?P<list>[\w-]+(?:, [\w-]+)*,? or (?:an? )?[\w-]+)(?=\s*(?:[.?!,;:]|$|\())"
)


_ASKED_LIST = re.compile(r"(?i)(?P<list>\b[\w-]+(?:, [\w-]+)*,? or [\w-]+)(?=\s*\?)")


_COLON_LIST = re.compile(
    r"(?m)[\w)][ \t]*:[ \t]+(?P<list>[^:\n.?!]{3,}?(?:[,;/|][^:\n.?!]+){1,}|"
    r"[\w -]+ or [\w -]+)"
    r"(?=[.?!](?:\s|$)|\s*$)"
)


_SLASHED = re.compile(r"\(\s*([^()\n]+?(?:/|\||,| or )[^()\n]+?)\s*\)")


_QUOTES = re.compile(
    r"[\"`\u201c]([^\"`\u201d\n]{1,48})[\"`\u201d]|(?<!\w)'([^'\n]{1,48})'(?!\w)"
)


_BINARY = re.compile(
    r"(?i)\b(yes)\b[^.\n]{0,60}\b(no)\b|\b(true)\b[^.\n]{0,60}\b(false)\b"
)


def _good_list(names: Sequence[str], longest: int = 4) -> bool:
    folded = {fold(name) for name in names}
    return (
        len(names) >= 2
        and len(folded) == len(names)
        and all(is_name(name) and len(name.split()) <= longest for name in names)
    )


def _list_text(text: str) -> str:
    """Cut a list off where its sentence ends."""
    return re.split(
        r"[.!?](?:\s|$)|\s(?:and|then|,)? ?(?:nothing else|only)\b|\s\(",
        text,
        maxsplit=1,
    )[0]


def inline_lists(text: str) -> Iterable[list[str]]:
    """Yield lists written in a line, best cue first."""
    joined = re.sub(r"(,|:|\bor)[ \t]*\n[ \t]*(?=[\w\"'`])(?![^\n]*:\s)", r"\1 ", text)
    for match in _CUED_LIST.finditer(joined):
        names = split_list(_list_text(match["list"]))
        about_keys = re.search(r"(?i)\b(?:keys?|fields?)\b", match[0].split(":")[0])
        if _good_list(names, longest=MOST_NAME_WORDS) and not about_keys:
            yield names
    for match in _SLASHED.finditer(joined):
        names = split_list(match.group(1))
        if _good_list(names):
            yield names
    quoted = _quoted_names(text)
    if len(quoted) >= 2 and all(len(name.split()) <= 3 for name in quoted):
        yield quoted
    yield from _bare_lists(joined)
    for match in _BINARY.finditer(joined):
        yield [part for part in match.groups() if part]


def _bare_lists(text: str) -> Iterable[list[str]]:
    """Yield lists that nothing but the sentence around them announces."""
    for pattern in (_IS_LIST, _ASKED_LIST, _COLON_LIST, _PLAIN_LIST):
        for match in pattern.finditer(text):
            listed = split_list(_list_text(match["list"]))
            names = [re.sub(r"(?i)^an? ", "", name) for name in listed]
            if _good_list(names, longest=3) and not any(
                map(SENTENCE_START.match, names)
            ):
                yield names


def _quoted_names(text: str) -> list[str]:
    names: dict[str, str] = {}
    for match in _QUOTES.finditer(text):
        name = clean_name(match.group(1) or match.group(2))
        if name and is_name(name) and ":" not in name:
            names.setdefault(fold(name), name)
    return list(names.values())
