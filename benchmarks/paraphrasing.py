"""Two baselines, written as strategies: paraphrase the start, or the best so far.

They show the optimizer a text and nothing else, no score, no example, no reason, and
ask for the same in other words; what a real strategy is worth shows in how much better
it is. The second one climbs: it selects, and nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize import NextStep
from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.drafts import TAG, Drafts
from pytest_promptopt.optimize.evidence import indented
from pytest_promptopt.optimize.history import History

if TYPE_CHECKING:
    from pytest_promptopt.optimize import Moves, Task

PER_STEP = 8
_REQUEST = """\
<current>
text:
{text}
</current>

Rewrite the text in other words, so that it means the same. It has at most {limit}
words. Put it between <{tag}> and </{tag}>.
"""


class Paraphrase:
    """Asks for paraphrases of one text in every step.

    Args:
        climbs: Whether it is the best text so far; else the start.
    """

    def __init__(self, *, climbs: bool) -> None:
        self.name = f"paraphrase the {'best' if climbs else 'start'}"
        self._climbs = climbs

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        asker, drafts = Asker(task, temperature=1.0), Drafts(task)
        history = History(task)
        yield from history.score([task.incumbent])
        for step in range(task.steps):
            yield NextStep()
            region = task.regions[step % len(task.regions)]
            base = history.best if self._climbs else task.incumbent
            content = _REQUEST.format(
                text=indented(base.texts[region.address].strip()),
                limit=task.word_limit[region.address],
                tag=TAG,
            )
            replies = yield asker.ask(content, times=PER_STEP)
            found = yield from drafts.read(replies, region, prose="")
            yield from history.score(
                [task.rewritten(base, region.address, draft.text) for draft in found]
            )
