"""What the loop does when a strategy asks which texts are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.optimize.effects import Effect, Embed
    from pytest_promptopt.optimize.run import Run


def embedded(run: Run, move: Embed) -> Generator[Effect, Any, Any]:
    """Have texts embedded, if there is a model for it and a call left.

    A strategy has to do without vectors anyway where no model is set, so that nothing
    that goes wrong with them ends a search.

    Returns:
        One vector per text in their order; ``None`` where there are none.

    Raises:
        StrategyError: There is no text, or one without words.
        BudgetExhausted: Thrown in at the yield.
    """
    if not move.texts or not all(text.strip() for text in move.texts):
        raise StrategyError(
            f"a strategy asks for vectors of {list(move.texts)!r}",
            "yield Embed with one text or more, and words in each of them",
        )
    # Vectors of texts for which there is no score any more are worth nothing.
    if not run.plan.embeds or not run.affords(move.calls + run.train_calls):
        return None
    run.calls += move.calls
    return (yield move)
