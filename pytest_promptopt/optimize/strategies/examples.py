"""Examples alone: no text is rewritten, only other train cases are shown.

What chooses them is :mod:`pytest_promptopt.optimize.few_shot`, which goes with every
strategy; this one adds nothing to it, so that no optimizer model is asked.

Source:
    As for :mod:`pytest_promptopt.optimize.few_shot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.few_shot import NAME, FewShotOptions
from pytest_promptopt.optimize.strategy import Evaluate

if TYPE_CHECKING:
    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategy import Moves, Task


class Examples:
    """Leaves the texts as they are.

    Args:
        options: How examples regions are filled.
    """

    name = NAME

    def __init__(self, options: FewShotOptions | None = None) -> None:
        self.options = options or FewShotOptions()

    def most(self, scope: Scope) -> Bound:
        """Return how much this itself can try: nothing."""
        del scope
        return Bound(proposals=0, requests=0)

    def search(self, task: Task) -> Moves:
        """Have the start scored; the rest is done beside this."""
        yield Evaluate(candidates=(task.incumbent,), cases=task.cases)
