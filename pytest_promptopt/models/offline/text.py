"""Words, stems and draws: what every other part of the offline model counts in."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\u201d]?\s+|\s*[;\n]\s*")

# Words that say nothing about a subject, in tasks and in inputs alike.
_STOP_TEXT = """
    a able about above after afternoon again ago all already also always am an and
    another any anybody anyone anything are around as asked asking asks at available
    away back be because been being below best better big bit but by came can can't
    cannot cheers come coming could couldn't day days dear did didn't different do
    does doesn't doing don't done during each early either else end enough etc even
    evening ever every everyone far few find first for found friday from further
    gave get gets getting give given go going good got great had happen happened
    happening happens has hasn't have haven't having he he'd hello help helpful her
    here hi him his hope hour hours how however i i'd i'll i'm i've if in instead
    into is isn't it it's its just keep keeps kind know known last late later least
    left less let like little long look looking lot made make makes making many may
    maybe me mean means might minute minutes moment monday month months more morning
    most much must my near need needs never next nice night no nor not nothing now
    number of off often okay old on once one only or other others our out over own
    part past perhaps place please point possible probably put quite rather reach
    real really reason regards right same saturday say says see seem seems seen
    several she should show since small so some somebody someone something soon
    sorry start stay still such sunday sure take taken takes taking tell than thank
    thanks that that's the their them then there these they thing things think this
    those thought through thursday time times to today together told tomorrow
    tonight too took toward try trying tuesday turn twice two under understand until
    up us use used user users using usually very want wanted wants was wasn't way we
    we're wednesday week weeks went were weren't what what's whatever when where
    whether which while who whole whom whose why will wish with within without won't
    wonder work working worse would year years yes yesterday yet you you're your
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())

_INFLECTIONS: tuple[tuple[str, str], ...] = (
    ("ies", "y"),
    ("ied", "y"),
    ("sses", "ss"),
    ("ings", ""),
    ("ing", ""),
)
_INFLECTIONS += (("ments", ""), ("ment", ""), ("ed", ""), ("es", "e"), ("s", ""))
_DERIVATIONS_TEXT = """
    ications ication ifying ifies ified ify ations ation ities ity ness
    ences ence ances ance ions ion ables able ible fully ful less ally ely ly
    ery ers er ors or als al est ed
"""
_DERIVATIONS = tuple(_DERIVATIONS_TEXT.split())
_STEM_LENGTH = 6
# Forms that no rule finds, each with the form that it counts as.
_IRREGULAR = {
    form: base
    for base, forms in {
        "pay": "paid", "send": "sent", "buy": "bought", "break": "broke broken",
        "steal": "stole stolen", "lose": "lost", "choose": "chose chosen",
        "write": "wrote written", "pick": "picked", "sell": "sold", "build": "built",
        "fall": "fell fallen", "drive": "drove driven", "fly": "flew flown",
        "freeze": "froze frozen", "forget": "forgot forgotten", "hide": "hid hidden",
        "bring": "brought", "catch": "caught", "teach": "taught", "feel": "felt",
        "hold": "held", "hurt": "hurts", "leak": "leaks", "lend": "lent",
        "light": "lit", "meet": "met", "ring": "rang rung", "shake": "shook shaken",
        "shut": "shuts", "sing": "sang sung", "sink": "sank sunk", "sit": "sat",
        "sleep": "slept", "speak": "spoke spoken", "spend": "spent", "stick": "stuck",
        "swim": "swam swum", "tear": "tore torn", "throw": "threw thrown",
        "wear": "wore worn", "win": "won", "withdraw": "withdrew withdrawn",
        "eat": "ate eaten", "drink": "drank drunk", "run": "ran", "bend": "bent",
        "bleed": "bled", "burn": "burnt", "child": "children", "grow": "grew grown",
        "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
        "say": "said", "draw": "drew drawn", "blow": "blew blown", "cut": "cuts",
    }.items()
    for form in forms.split()
}  # fmt: skip


def _uninflected(low: str) -> str:
    for ending, instead in _INFLECTIONS:
        if low.endswith(ending) and not low.endswith("ss"):
            kept = low[: -len(ending)] + instead
            return kept if len(kept) >= 3 else low
    return low


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return what a word shares with its other forms: at most six letters.

    Made for overlap, not for linguistics: "arrive", "arrived" and "arrival" meet, and
    so do a few words that should not.
    """
    low = word.lower().replace("\u2019", "'").split("'", 1)[0]
    low = _uninflected(_IRREGULAR.get(low, low))
    for ending in _DERIVATIONS:
        if low.endswith(ending) and len(low) - len(ending) >= 4:
            low = low[: -len(ending)]
            break
    if len(low) > 3 and low[-1] in "eyi":
        low = low[:-1]
    if len(low) > 5 and low.endswith("at"):
        low = low[:-2]
    if len(low) > 3 and low[-1] == low[-2]:
        low = low[:-1]
    return low[:_STEM_LENGTH]


def words(text: str) -> list[str]:
    """Return the words and whole numbers of a text, in order, as they are written."""
    return WORD.findall(text)


def is_stop_word(word: str) -> bool:
    """Whether a word says nothing about a subject."""
    low = word.lower().replace("\u2019", "'")
    return low in STOP_WORDS or (len(low) == 1 and not low.isdigit())


@lru_cache(maxsize=8192)
def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text's telling words, in order, repeats included."""
    return tuple(stem(word) for word in words(text) if not is_stop_word(word))


@lru_cache(maxsize=4096)
def all_stems(text: str) -> frozenset[str]:
    """Return the stems of every word of a text, filler included."""
    return frozenset(map(stem, words(text)))


@lru_cache(maxsize=4096)
def name_stems(name: str) -> tuple[str, ...]:
    """Return the stems of an answer's or key's name, split at ``_`` and camel humps.

    A name made of stop words alone keeps them, for they are all that it has.
    """
    parts = words(_CAMEL.sub(" ", name))
    telling = [stem(part) for part in parts if not is_stop_word(part)]
    return tuple(telling or [stem(part) for part in parts])


def clipped(text: str, longest: int = 2000) -> str:
    """Cut every line after so many characters: patterns need not survive novels."""
    if len(text) <= longest:
        return text
    return "\n".join(line[:longest] for line in text.split("\n"))


def sentences(text: str) -> list[str]:
    """Split a text at sentence ends, semicolons and line ends; no empty parts."""
    return [part for part in (p.strip() for p in _SENTENCE.split(text)) if part]


def draw(*keys: object) -> float:
    """Return a number in [0, 1) that depends on the keys alone, on every machine."""
    text = "\x1f".join(str(key) for key in keys).encode("utf-8", "surrogatepass")
    top = hashlib.blake2b(text, digest_size=7).digest()
    return int.from_bytes(top, "big") / 2.0**56


def pick(options: Sequence[str], *keys: object) -> str:
    """Return one of several options, decided by the keys alone."""
    return options[int(draw(*keys) * len(options))]


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return what two spellings of one name share: letters and digits, lower case."""
    return " ".join(WORD.findall(text.lower()))


def join_list(parts: Iterable[str], word: str = "and") -> str:
    """Return ``"a, b and c"``."""
    listed = list(parts)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {word} {listed[-1]}"
