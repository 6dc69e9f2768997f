"""What models cost, as far as the project says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from pytest_promptopt.records import Usage

TOKENS_PER_PRICE = 1_000_000
_KEYS = ("input", "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model's tokens cost.

    Attributes:
        input: US dollars per million tokens of the prompt, at least 0.
        output: US dollars per million tokens of the reply, at least 0.
    """

    input: float
    output: float

    @property
    def is_any(self) -> bool:
        """Whether it is not free."""
        return self.input > 0 or self.output > 0

    def cost(self, usage: Usage) -> float:
        """Return what a reply cost, in US dollars; discounts are not known."""
        paid = usage.prompt_tokens * self.input + usage.completion_tokens * self.output
        return paid / TOKENS_PER_PRICE


FREE = Price(input=0.0, output=0.0)


class Prices(Mapping[str, Price]):
    """Prices by model name: as the project says, else as a price list does.

    Args:
        table: The prices that the project sets.
        listed: Finds the price of a model that has none there, or ``None``; asked
            once for each model.
    """

    def __init__(
        self, table: Mapping[str, Price], listed: Callable[[str], Price | None]
    ) -> None:
        self._table = dict(table)
        self._listed = listed
        self._found: dict[str, Price | None] = {}

    def __getitem__(self, name: str) -> Price:
        price = self._table.get(name)
        if price is not None:
            return price
        if name not in self._found:
            self._found[name] = self._listed(name)
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def prices_from(table: Mapping[str, Any]) -> dict[str, Price]:
    """Read the ``[tool.promptopt.prices]`` table.

    Args:
        table: Name of a model, as settings and baselines have it, to its table of
            ``input`` and ``output``, in US dollars per million tokens.

    Returns:
        The prices by the model's name. A model that is not there has no price: its
        replies have no cost, which is not the same as a cost of 0.

    Raises:
        SettingError: A name, key or value cannot be used.
    """
    return {name: _price(name, entry) for name, entry in table.items()}


def _price(name: str, entry: Any) -> Price:
    place = f'[tool.promptopt.prices."{name}"]'
    if not name:
        raise SettingError(
            f"{place}: '' names no model",
            'write the model\'s name: [tool.promptopt.prices."openai:gpt-5-mini"]',
        )
    if not isinstance(entry, Mapping):
        raise SettingError(
            f"{place}: {entry!r} is not a table",
            f"write {place} and below it input = 0.25 and output = 2.0",
        )
    for key, value in entry.items():
        _check(place, name, key, value)
    for key in _KEYS:
        if key not in entry:
            raise SettingError(
                f"{place}: {key} is missing",
                f"add {key} = the US dollars per million tokens, 0 if they are free",
            )
    return Price(input=float(entry["input"]), output=float(entry["output"]))


def _check(place: str, name: str, key: str, value: Any) -> None:
    if isinstance(value, Mapping):  # a dot in a bare name starts another table
        raise SettingError(
            f"{place}: {key!r} is a table, not a price",
            "put the whole name of the model in quotes:"
            f' [tool.promptopt.prices."{name}.{key}"]',
        )
    if key not in _KEYS:
        raise SettingError(f"{place}: unknown key {key!r}", did_you_mean(key, _KEYS))
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and value >= 0):
        raise SettingError(
            f"{place}: {key} = {value!r} is no price",
            f"give US dollars per million tokens, such as {key} = 0.25",
        )
