"""The search for better prompts: one loop, strategies, confirmation.

:func:`search` is a generator that yields :class:`Complete` and :class:`Measure` and
returns a :class:`~pytest_promptopt.records.SearchResult`; a strategy is a generator
too, see :mod:`pytest_promptopt.optimize.strategy`.
"""

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound, Scope
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.effects import Complete, Effect, Embed, Measure
from pytest_promptopt.optimize.evidence import field
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.loop import search
from pytest_promptopt.optimize.plan import SearchPlan
from pytest_promptopt.optimize.registry import strategy_named
from pytest_promptopt.optimize.strategy import (
    Evaluate,
    Evaluated,
    Moves,
    NextStep,
    Note,
    Rejected,
    Strategy,
    Tally,
    Task,
)

__all__ = [
    "Asker",
    "Bound",
    "Complete",
    "Drafts",
    "Effect",
    "Embed",
    "Evaluate",
    "Evaluated",
    "History",
    "Measure",
    "Moves",
    "NextStep",
    "Note",
    "Rejected",
    "Scope",
    "SearchPlan",
    "Strategy",
    "Tally",
    "Task",
    "field",
    "search",
    "strategy_named",
]
