"""What texts are worth: the caller's function, asked once for each text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.solving.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

Objective: TypeAlias = "Callable[[str], float | tuple[float, str]]"
"""Returns what a text is worth; higher is better. With a reason if it likes."""


class Valuing:
    """Asks an objective, and keeps what it said.

    Args:
        objective: The objective.

    Attributes:
        history: The attempts, in their order.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._known: dict[str, Attempt] = {}
        self.history: list[Attempt] = []

    def attempt(self, text: str, step: int) -> Attempt:
        """Return what a text is worth.

        Args:
            text: The text, without outer blank space.
            step: The step that tries it.

        Raises:
            SettingError: The objective gave no finite number.
        """
        if text not in self._known:
            answer = self._objective(text)
            value, reason = answer if isinstance(answer, tuple) else (answer, "")
            self._known[text] = Attempt(
                text=text, value=_finite(value, text), step=step, reason=str(reason)
            )
            self.history.append(self._known[text])
        return self._known[text]

    @property
    def best(self) -> Attempt:
        """The best attempt; of equal ones the first.

        Raises:
            ValueError: There is none.
        """
        return max(self.history, key=lambda attempt: attempt.value)


def _finite(value: object, text: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    raise SettingError(
        f"the objective gave {value!r:.80} for {text!r:.80}",
        "return a finite number, or a pair of it and a reason; turn texts away that "
        "are no solutions with check=",
    )
