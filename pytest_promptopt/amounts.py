"""What a run may spend, in calls, tokens, dollars and time, and how that is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import TypeVar

from pytest_promptopt.errors import SettingError
from pytest_promptopt.wording import count, duration, money

T = TypeVar("T", int, float)

FORMS = (
    "write 500-calls, 200k-tokens, 2.50usd or 10m (also 90s, 2h), several with a comma "
    "between them, or none"
)

_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_NUMBER = r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)"
_COUNTED = re.compile(rf"{_NUMBER}(?P<times>[km]?)[- ]?(?P<unit>call|token)s?")
_MONEY = re.compile(rf"{_NUMBER}[- ]?usd")
_TIME = re.compile(rf"{_NUMBER}[- ]?(?P<unit>[smh])")
_PLAIN = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Limits on what calls take; ``None`` is no limit.

    Attributes:
        calls: Model calls, from 0.
        tokens: Tokens of prompts and replies, from 0.
        dollars: US dollars, from 0.
        seconds: Time on the wall, in seconds, from 0.
    """

    calls: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value is not None and not value >= 0:
                raise SettingError(
                    f"a budget of {value!r} {entry.name} cannot be kept",
                    "give a number from 0 up",
                )

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self != Amounts()

    def within(self, other: Amounts) -> Amounts:
        """Return both limits at once: of each unit the smaller one."""
        return Amounts(
            calls=_smaller(self.calls, other.calls),
            tokens=_smaller(self.tokens, other.tokens),
            dollars=_smaller(self.dollars, other.dollars),
            seconds=_smaller(self.seconds, other.seconds),
        )

    def followed_by(self, later: Amounts) -> Amounts:
        """Return these limits where ``later`` does not say another one.

        Without any limit in it, it takes all of them away.
        """
        told = {
            entry.name: value
            for entry in fields(later)
            if (value := getattr(later, entry.name)) is not None
        }
        return replace(self, **told) if told else later

    def less(self, calls: int = 0, *, tokens: int = 0, dollars: float = 0.0) -> Amounts:
        """Return what is left of it when so much is taken off, and never below 0."""
        return replace(
            self,
            calls=None if self.calls is None else max(0, self.calls - calls),
            tokens=None if self.tokens is None else max(0, self.tokens - tokens),
            dollars=None if self.dollars is None else max(0.0, self.dollars - dollars),
        )

    def share(self, parts: int) -> Amounts:
        """Return one of so many equal parts, from 1; all parts fit into the whole."""
        return Amounts(
            calls=None if self.calls is None else self.calls // parts,
            tokens=None if self.tokens is None else self.tokens // parts,
            dollars=None if self.dollars is None else self.dollars / parts,
            seconds=None if self.seconds is None else self.seconds / parts,
        )

    def told(self, unit: str) -> str:
        """Write one limit: ``"500 model calls"``, ``"$2.50"``, ``"10 minutes"``."""
        return written(unit, getattr(self, unit))

    def __str__(self) -> str:
        limits = [
            self.told(entry.name)
            for entry in fields(self)
            if getattr(self, entry.name) is not None
        ]
        return " and ".join(filter(None, [", ".join(limits[:-1]), *limits[-1:]])) or (
            "no limit"
        )


def _smaller(one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def written(unit: str, value: float) -> str:
    """Write so much of a unit of :class:`Amounts`."""
    if unit == "dollars":
        return money(value)
    if unit == "seconds":
        return duration(value)
    return count(int(value), "model call" if unit == "calls" else "token")


def read_amounts(text: str) -> Amounts:
    """Read what a run may spend.

    Args:
        text: ``"500-calls"`` or ``"500"``, ``"200k-tokens"``, ``"2.50usd"``, ``"10m"``,
            several of them with commas or line ends between, or ``"none"``. Large and
            small letters are alike.

    Raises:
        SettingError: It is none of that, or limits a unit twice.
    """
    parts = [part.strip().lower() for part in re.split(r"[,\n]", text)]
    parts = [part for part in parts if part]
    if parts == ["none"]:
        return Amounts()
    found: dict[str, float] = {}
    for part in parts:
        unit, value = _amount(part, text)
        if unit in found:
            raise SettingError(
                f"{text!r} limits {unit} twice",
                "write each limit once, and large numbers without a comma in them",
            )
        found[unit] = value
    if not found:
        raise _no_budget(text)
    return Amounts(**found)  # type: ignore[arg-type]


def _amount(part: str, text: str) -> tuple[str, float]:
    """Return the unit and the number of one limit."""
    if _PLAIN.fullmatch(part):
        return "calls", _whole(Decimal(part), text)
    if match := _COUNTED.fullmatch(part):
        number = Decimal(match["number"]) * _TIMES[match["times"]]
        return f"{match['unit']}s", _whole(number, text)
    if match := _MONEY.fullmatch(part):
        return "dollars", _above_zero(float(match["number"]), text)
    if match := _TIME.fullmatch(part):
        seconds = float(Decimal(match["number"]) * _SECONDS[match["unit"]])
        return "seconds", _above_zero(seconds, text)
    raise _no_budget(text)


def _whole(number: Decimal, text: str) -> int:
    if number != number.to_integral_value():
        raise _no_budget(text)
    return int(_above_zero(int(number), text))


def _above_zero(value: float, text: str) -> float:
    if not value > 0:
        raise _no_budget(text)
    return value


def _no_budget(text: str) -> SettingError:
    return SettingError(f"{text!r} is no budget", FORMS)
