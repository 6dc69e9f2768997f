"""The search for better prompts: one loop, strategies, confirmation.

:func:`search` is a generator that yields :class:`Complete` and :class:`Measure` and
returns a :class:`~pytest_promptopt.records.SearchResult`; a strategy is a generator
too, see :mod:`pytest_promptopt.optimize.strategy`.
"""

from pytest_promptopt.optimize.effects import Complete, Effect, Embed, Measure
from pytest_promptopt.optimize.loop import search
from pytest_promptopt.optimize.plan import SearchPlan
from pytest_promptopt.optimize.registry import strategy_named
from pytest_promptopt.optimize.strategy import (
    Evaluate,
    Evaluated,
    Moves,
    NextStep,
    Rejected,
    Strategy,
    Tally,
    Task,
)

__all__ = [
    "Complete",
    "Effect",
    "Embed",
    "Evaluate",
    "Evaluated",
    "Measure",
    "Moves",
    "NextStep",
    "Rejected",
    "SearchPlan",
    "Strategy",
    "Tally",
    "Task",
    "search",
    "strategy_named",
]
