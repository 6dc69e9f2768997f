"""Finding values by their shape: codes, dates, amounts, names and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.text import WORD, stem

if TYPE_CHECKING:
    from collections.abc import Iterable

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
MONTHS = {
    name: index // 2 + 1
    for index, name in enumerate(
        [
            "jan",
            "january",
            "feb",
            "february",
            "mar",
            "march",
            "apr",
            "april",
            "may",
            "may",
            "jun",
            "june",
            "jul",
            "july",
            "aug",
            "august",
            "sep",
            "september",
            "oct",
            "october",
            "nov",
            "november",
            "dec",
            "december",
        ]
    )
}
MONTHS["sept"] = 9
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*"
_DAY_NAME = r"(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?"
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
E_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
LINK = re.compile(r"https?://[^\s<>\")]+[^\s<>\").,]|www\.[^\s<>\")]+[^\s<>\").,]")
PHONE = re.compile(r"(?<![\w-])\+?\d[\d ()/-]{6,20}\d(?![\w-])")
DATE = re.compile(
    rf"(?i)\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b|"
    rf"\b(?:{_DAY_NAME},? (?:the )?)?{_ORDINAL} (?:of )?{_MONTH}\b(?:,? \d{{4}})?|"
    rf"\b(?:{_DAY_NAME},? (?:the )?)?{_MONTH}\.? (?:the )?{_ORDINAL}\b(?:,? \d{{4}})?|"
    rf"\b(?:today|tomorrow|yesterday|tonight)\b|"
    rf"\b(?:next |this |coming )?(?:{_DAY_NAME})\b(?: \d{{1,2}}(?:st|nd|rd|th)\b)?|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)\b"
)
TIME = re.compile(
    r"(?i)\b\d{1,2}:\d{2}(?: ?[ap]\.?m\b\.?)?|\b\d{1,2}\.\d{2} ?[ap]\.?m\b\.?|"
    r"\b\d{1,2} ?(?:[ap]\.?m\b\.?|o'clock)|\b(?:noon|midnight)\b"
)
AMOUNT = re.compile(
    r"(?:[$\u20ac\u00a3]|\b(?:EUR|USD|GBP|CHF)) ?(\d[\d,]{0,20}(?:\.\d{1,2})?)|"
    r"\b(\d[\d,]{0,20}(?:[.,]\d{1,2})?) ?(?:[$\u20ac\u00a3%]|(?:EUR|USD|GBP|CHF|euros?|"
    r"dollars?|pounds?)\b)|"
    r"\b(\d{1,20}\.\d{1,2})\b(?!\.)"
)
CODE = re.compile(
    r"(?<![\w@.-])#?(?=[\w/-]{0,24}\d)(?:[A-Za-z]{1,12}[-_/]?\d[\w/-]{0,24}|"
    r"\d{1,20}[-_/][\w/-]{0,24}\w|\d{4,24})(?![\w@])"
)
INTEGER = re.compile(
    rf"(?i)(?<![\w.,:/#-])(\d{{1,6}})(?=x?(?![\w:/-])(?![.,]\d))|"
    rf"\b({'|'.join(NUMBER_WORDS)})\b|\b(dozen)\b"
)
CAPITALISED = re.compile(
    r"(?<![\w@])[A-Z][a-z\u00df-\u024f]+(?:[-'][A-Z]?[a-z\u00df-\u024f]+)?"
    r"(?: (?:(?:van|von|de|da|di|le|la|al|bin|O') ?)*[A-Z][\w\u00c0-\u024f'-]*\.?){0,3}"
)
NAME_CUE = re.compile(
    r"(?i)\b(?:my name is|my name's|name:|i am called|this is|i'm|i am|it's|call me|"
    r"signed,?)\s+"
    r"(?-i:([A-Z][\w\u00c0-\u024f'-]+(?: [A-Z][\w\u00c0-\u024f'.-]*){0,3}))"
)
SIGN_OFF = re.compile(
    r"(?i)^(?:\W*(?:many |kind |best |warm )?(?:regards|thanks|thank you|cheers|wishes|"
    r"sincerely|"
    r"best|yours(?: \w+)?|greetings|ta|love|thx)\b[^\n]{0,24}?[,.!\u2013-]?\s*)$"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value with its place in the text, in characters."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def matches(pattern: re.Pattern[str], text: str) -> tuple[Found, ...]:
    """Return what a pattern finds, groups first, with places.

    Kept, as a search asks the same of every input under hundreds of prompts.
    """
    found = []
    for match in pattern.finditer(text):
        group = next(
            (i for i in range(1, (pattern.groups or 0) + 1) if match.group(i)), 0
        )
        found.append(Found(match.group(group), match.start(), match.end()))
    return tuple(found)


_SAMPLE = re.compile(
    r"(?<![\w-])(?=[A-Z#X\d/_-]*[\d#X9])[A-Z#X\d]+(?:[-_/][A-Z#X\d]+)+(?![\w-])|"
    r"(?<![\w.-])[A-Z]{1,5}\d{2,}(?![\w-])|(?<![\w.-])\d{4,}(?![\w-])|"
    r"(?<!\w)#\d{2,}(?!\w)"
)
_COUNTS = (
    r"(?:(\d+|two|three|four|five|six|seven|eight|nine|ten|one)[ -])?"
    r"(?:capital |upper-?case |big )?"
)
_PIECE = re.compile(
    rf"(?i){_COUNTS}(letters?|digits?|numbers?)|\b(dash|hyphen|slash|underscore|dot)\b"
)
_STARTS = re.compile(
    r"(?i)\b(?:starts?|starting|begins?|beginning|prefixed) (?:with|"
    r"by) (?:the letters? )?[\"'`]?([A-Z#][A-Z0-9]*-?)"
)
_GLUE = {"dash": "-", "hyphen": "-", "slash": "/", "underscore": "_", "dot": r"\."}


@lru_cache(maxsize=1024)
def code_patterns(description: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns for the codes that a description gives a sample or recipe of.

    Strict ones come first: the very letters and digits counted, then any count.
    """
    shapes: list[str] = []
    for sample in _SAMPLE.findall(description):
        parts = re.findall(r"[A-Z]+|[\d#]+|[^A-Z\d#]", sample)
        exact = "".join(_piece(part, exact=True) for part in parts)
        loose = "".join(_piece(part, exact=False) for part in parts)
        shapes += [exact, loose]
    start = _STARTS.search(description)
    if start:
        shapes.append(re.escape(start.group(1)) + r"[\w-]*\d[\w-]*")
    pieces = [m.groups() for m in _PIECE.finditer(description)]
    if pieces and not shapes:
        recipe = "".join(_recipe_piece(*piece) for piece in pieces)
        if len(pieces) > 1 or pieces[0][0]:
            shapes.append(recipe)
    return tuple(
        re.compile(rf"(?<![\w@-]){shape}(?![\w@-])") for shape in dict.fromkeys(shapes)
    )


def _piece(part: str, *, exact: bool) -> str:
    count = f"{{{len(part)}}}" if exact else "+"
    if part.isalpha() and set(part) != {"X"}:
        return f"[A-Z]{count}" if exact else "[A-Za-z]+"
    if re.fullmatch(r"[\d#X]+", part):
        return rf"\d{count}"
    return re.escape(part)


def _recipe_piece(count: str | None, what: str | None, glue: str | None) -> str:
    if glue:
        return _GLUE[glue.lower()]
    spelled = (count or "").lower()
    size = NUMBER_WORDS.get(spelled, int(spelled) if spelled.isdigit() else 0)
    amount = f"{{{size}}}" if size else "+"
    return (
        f"[A-Za-z]{amount}"
        if str(what).lower().startswith("letter")
        else rf"\d{amount}"
    )


def integer_value(text: str) -> int | None:
    """Return a whole number written in digits or as a word up to twenty."""
    low = text.lower().strip()
    if low in NUMBER_WORDS:
        return NUMBER_WORDS[low]
    if low == "dozen":
        return 12
    digits = re.sub(r"[^\d]", "", low)
    return int(digits) if digits and len(digits) < 12 else None


def decimal_value(text: str) -> float | int | None:
    """Return a number with an optional fraction, in the English or continental way."""
    bare = re.sub(r"[^\d.,]", "", text).strip(".,")
    if re.fullmatch(r"\d+,\d{1,2}", bare):
        bare = bare.replace(",", ".")
    bare = bare.replace(",", "")
    try:
        number = float(bare)
    except ValueError:
        return None
    return int(number) if number.is_integer() and "." not in bare else number


def iso_date(text: str) -> str | None:
    """Return a full date as ``YYYY-MM-DD``; ``None`` if day, month or year is open."""
    if match := re.search(r"(\d{4})-(\d{2})-(\d{2})", text):
        return match.group(0)
    if match := re.search(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text):
        day, month, year = (int(part) for part in match.groups())
    else:
        month_word = re.search(rf"(?i)\b{_MONTH}", text)
        day_word = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", text)
        year_word = re.search(r"\b(\d{4})\b", text)
        if not (month_word and day_word and year_word):
            return None
        month = MONTHS.get(month_word.group(0).lower(), 0)
        day, year = int(day_word.group(1)), int(year_word.group(1))
    return (
        f"{year:04d}-{month:02d}-{day:02d}"
        if 1 <= month <= 12 and 1 <= day <= 31
        else None
    )


@lru_cache(maxsize=1024)
def _stems_by_place(text: str) -> tuple[tuple[int, str], ...]:
    return tuple((word.start(), stem(word.group())) for word in WORD.finditer(text))


def nearest(found: Iterable[Found], text: str, cues: frozenset[str]) -> list[Found]:
    """Order values by how near a cue word stands; without any cue by their place."""
    places = [place for place, word in _stems_by_place(text) if word in cues]

    def distance(value: Found) -> tuple[float, int]:
        gaps = []
        for place in places:
            between = text[min(place, value.start) : max(place, value.end)]
            # A cue before its value is the rule; another line or sentence is far away.
            gap = len(between) + 40 * len(re.findall(r"[.!?]\s|\n", between))
            gaps.append(gap + (0 if place <= value.start else 8))
        return (min(gaps) if gaps else 0.0, value.start)

    return sorted(found, key=distance)


def people(text: str) -> list[Found]:
    """Find names of persons: after "my name is", below a sign-off, then elsewhere."""
    found = list(matches(NAME_CUE, text))
    lines = text.rstrip().split("\n")
    offset = 0
    for index, line in enumerate(lines):
        bare = line.strip(" ,.!-\u2013")
        before = lines[index - 1] if index else ""
        inline = re.match(
            r"(?i)^\W*(?:regards|thanks|thank you|cheers|best|sincerely|"
            r"yours)\W+(?-i:([A-Z][\w'-]+(?: [A-Z][\w'.-]*){0,2}))\W*$",
            line,
        )
        if inline:
            found.append(
                Found(inline.group(1), offset + inline.start(1), offset + inline.end(1))
            )
        elif (
            SIGN_OFF.match(before)
            and CAPITALISED.match(bare)
            and len(bare.split()) <= 4
        ) or (index == len(lines) - 1 and index and CAPITALISED.fullmatch(bare)):
            start = offset + line.index(bare)
            found.append(Found(bare, start, start + len(bare)))
        offset += len(line) + 1
    return found
