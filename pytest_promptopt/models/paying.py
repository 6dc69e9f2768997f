"""Waiting for what other calls leave of a budget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_promptopt.errors import BudgetExhausted

if TYPE_CHECKING:
    from pytest_promptopt.models.account import Cost
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.call import Call

AGAIN_S = 0.02
"""How often it is tried again, in seconds."""

PATIENCE_S = 180.0
"""How long at most: a process that was killed never settles what it took."""


async def taken_from(budget: Budget, call: Call) -> Cost:
    """Take one attempt from a budget, as soon as there is enough.

    The most that calls can take is nearly always more than they do take: what does not
    fit in beside those on their way may well fit in once they have ended.

    Raises:
        BudgetExhausted: There is not as much left, and will not be.
        SettingError: Dollars are limited, and nobody knows what the model costs.
    """
    waited_s = 0.0
    while True:
        try:
            return budget.take(call)
        except BudgetExhausted as error:
            if not error.passing or waited_s >= PATIENCE_S:
                raise
        await asyncio.sleep(AGAIN_S)
        waited_s += AGAIN_S
