"""Which tracebacks are worth their memory: the first of each kind.

A traceback keeps every local variable of the body, about 10 kB. Reports show where the
first wrong reply of an arm was checked; of the others they tell the reason alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_promptopt.items.pending import Pending


class Tracebacks:
    """Keeps the first traceback of each arm and each kind of outcome of one batch."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, bool, bool], BaseException] = {}

    def thin(self, pending: Pending) -> None:
        """Drop what a body's exception holds beside its message, unless it is shown.

        Args:
            pending: A trial whose body has run; the trials come in their order.
        """
        judged = pending.judged
        if judged is None or judged.raised is None:
            return
        kind = id(pending.arm), judged.broken, judged.score.value is None
        self._kept.setdefault(kind, judged.raised)
        error: BaseException | None = judged.raised
        # A body may raise one and the same exception for every case.
        while error is not None and not self._keeps(error):
            behind = error.__cause__ or error.__context__
            error.__traceback__ = error.__cause__ = error.__context__ = None
            error = behind

    def _keeps(self, error: BaseException) -> bool:
        return any(error is kept for kept in self._kept.values())
