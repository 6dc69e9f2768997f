"""Numbers as people and models write them, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from pytest_promptopt.scorers.answers import answer_parts

LONGEST = 40
"""Characters; longer digit strings are keys, not quantities."""

LARGEST_EXPONENT = 300
"""As in a float; a larger one would make an exact fraction fill the memory."""

_SIGN = r"[-+\u2212\u2013]"
_MONEY = "[$\u20ac\u00a3\u00a5]"
_GAP = "[,._'\u2019\u00a0\u202f\u2009]"

_NUMERAL = re.compile(
    rf"""
    (?<!\w) (?<!\w{_SIGN}) (?<!\d[.,/:^*\u00d7])
    (?P<minus> (?: minus | negative ) \s+ )?
    (?P<sign> {_SIGN} )? (?: {_MONEY} [ ]? )? (?P<inner> {_SIGN} )?
    (?P<digits> [0-9]+ (?: {_GAP} [0-9]+ )* | (?<!\.) \.[0-9]+ )
    (?P<exponent> [eE][-+]?[0-9]+ (?!\w) )?
    (?P<over> / (?P<under> [0-9]+ ) (?! [/0-9] | [.,][0-9] ) )?
    (?P<joined>
        (?: (?: [/:^*x\u00d7] | {_SIGN} ) {_MONEY}? [0-9]+ (?: [.,][0-9]+ )* )+
    )?
    (?: (?P<kilo> k ) | [ ]? (?P<scale> thousand | million | billion | trillion ) )?
    (?(kilo) \b ) (?(scale) \b )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SCALES = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}

_HEDGE = re.compile(r"[\s,]*\b(?:or|and|to|through|versus|vs)\b[\s,]*", re.IGNORECASE)


def number_in(text: str) -> Fraction | str | None:
    """Return the number that a reply gives as its answer.

    After the last answer mark it is the first number, or the first behind the last
    equals sign; without a mark it is the last number of the reply.

    Args:
        text: A reply.

    Returns:
        The number; or, as text, the numeral that cannot be read as one number (a range,
        a date, "1,2,3", "3 or 5"); or ``None`` if there is none.
    """
    parts = answer_parts(text)
    if len(parts) == 1:
        found = list(_NUMERAL.finditer(text))
        return _value(found[-1]) if found else None
    for part in parts:
        found = list(_NUMERAL.finditer(part, part.rfind("=") + 1)) or list(
            _NUMERAL.finditer(part)
        )
        if not found:
            continue
        if len(found) > 1 and _HEDGE.fullmatch(part, found[0].end(), found[1].start()):
            return part[found[0].start() : found[1].end()].strip()
        return _value(found[0])
    return None


def whole_number(text: str) -> Fraction | None:
    """Return the number that a text is, with currency, percent and separators."""
    found = _NUMERAL.match(text.strip())
    if found is None or text.strip()[found.end() :].strip(" %.") != "":
        return None
    value = _value(found)
    return value if isinstance(value, Fraction) else None


def _value(found: re.Match[str]) -> Fraction | str:
    shown = found[0].strip()
    if found["joined"] or len(shown) > LONGEST:
        return shown
    digits = _plain_digits(found["digits"])
    exponent = found["exponent"] or ""
    if digits is None or abs(int(exponent[1:] or 0)) > LARGEST_EXPONENT:
        return shown
    value = Fraction(digits + exponent)
    if found["under"]:
        if int(found["under"]) == 0:
            return shown
        value /= int(found["under"])
    if found["kilo"]:
        value *= _SCALES["thousand"]
    if found["scale"]:
        value *= _SCALES[found["scale"].lower()]
    signs = f"{found['sign'] or ''}{found['inner'] or ''}".replace("+", "")
    return -value if signs or found["minus"] else value


def _plain_digits(digits: str) -> str | None:
    """Return digits with a point at most: thousands separators read and removed.

    "1,234.5", "1.234,5", "1 234" and "1'234" are one number, and so is "3,5", where
    the comma cannot separate thousands; "1,2,3" is none.
    """
    marks = re.findall(_GAP, digits)
    if not marks:
        return digits
    groups = re.split(_GAP, digits)
    last = marks[-1]
    only = marks.count(last) == 1
    not_thousands = (
        last == "."
        or len(marks) > 1
        or len(groups[-1]) != 3
        or groups[0].startswith("0")
    )
    decimal = last in ".," and only and not_thousands
    fraction = groups.pop() if decimal else ""
    separators = marks[:-1] if decimal else marks
    if len(set(separators)) > 1 or (decimal and last in separators):
        return None
    if separators and (
        not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])
    ):
        return None
    return "".join(groups) + (f".{fraction}" if fraction else "")
