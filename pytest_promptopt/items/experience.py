"""What a strategy noted in earlier searches of a prompt test, from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases import split_cases
from pytest_promptopt.optimize.experience import experience

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.optimize import SearchPlan, Strategy

LARGEST = 50_000_000
"""Bytes of a journal that is read; a search writes a hundredth of that."""


def experience_of(
    journal: Path | None, plan: SearchPlan, strategy: Strategy
) -> tuple[Mapping[str, Any], ...]:
    """Return what earlier searches left for one that is about to begin.

    Args:
        journal: The file that this search is going to replace; ``None``: none is kept.
        plan: What is searched.
        strategy: The algorithm; only one with ``wants_experience`` gets any.

    Returns:
        See :func:`pytest_promptopt.optimize.experience.experience`; nothing where there
        is no journal, or none that can be read: a search does not depend on it.

    Raises:
        CaseFileError: The cases cannot be split.
    """
    if journal is None or not getattr(strategy, "wants_experience", False):
        return ()
    try:
        if journal.stat().st_size > LARGEST:
            return ()
        text = journal.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return experience(text, plan, split_cases(plan.cases), strategy.name)
