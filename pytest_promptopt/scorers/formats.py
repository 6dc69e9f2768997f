"""The formats of JSON Schema that are checked the same on every machine.

The schema library checks more or fewer of them, as other libraries are installed; a
score must not depend on that.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = (
    r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    r"(z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_DATE_ONLY = re.compile(_DATE)
_TIME_ONLY = re.compile(_TIME, re.IGNORECASE)
_BOTH = re.compile(rf"{_DATE}[t ]{_TIME}", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _is_date(text: str) -> bool:
    if not _DATE_ONLY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    return bool(_BOTH.fullmatch(text)) and _is_date(text[:10])


def _is_address(kind: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    return check


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_date_time,
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "ipv4": _is_address(ipaddress.IPv4Address),
    "ipv6": _is_address(ipaddress.IPv6Address),
    "time": lambda text: bool(_TIME_ONLY.fullmatch(text)),
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
}
"""Name of a format to whether a text has it."""
