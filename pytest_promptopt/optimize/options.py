"""The numbers that can be set about a strategy, and their limits."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Options = TypeVar("Options")


def made(kind: type[Options], options: Mapping[str, Any], *, strategy: str) -> Options:
    """Make a strategy's options from what is set.

    Args:
        kind: A dataclass whose fields are the options.
        options: Name to value.
        strategy: Name of the strategy, for messages.

    Raises:
        SettingError: It has no option of that name.
    """
    known = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for name in options:
        if name not in known:
            raise SettingError(
                f"strategy {strategy} has no option {name!r}",
                did_you_mean(name, known),
            )
    return kind(**options)


def check_number(
    strategy: str,
    name: str,
    value: Any,
    *,
    lowest: float,
    highest: float | None = None,
    whole: bool = True,
) -> None:
    """Check one number.

    Raises:
        SettingError: It is no number, or not in its range.
    """
    kind = int if whole else (int, float)
    right = isinstance(value, kind) and not isinstance(value, bool) and value >= lowest
    if right and (highest is None or value <= highest):  # NaN is not >= anything
        return
    what = "a whole number" if whole else "a number"
    limit = f", {lowest} or more" if highest is None else f" from {lowest} to {highest}"
    raise SettingError(
        f"strategy {strategy}: {name} is {value!r}", f"set it to {what}{limit}"
    )


def check_choice(strategy: str, name: str, value: Any, known: Sequence[str]) -> None:
    """Check a word that is one of some.

    Raises:
        SettingError: It is not.
    """
    if value not in known:
        raise SettingError(
            f"strategy {strategy}: {name} is {value!r}",
            did_you_mean(str(value), list(known)),
        )


def check_switch(strategy: str, name: str, value: Any) -> None:
    """Check that something is true or false.

    Raises:
        SettingError: It is not.
    """
    if not isinstance(value, bool):
        raise SettingError(
            f"strategy {strategy}: {name} is {value!r}", "set it to true or false"
        )
