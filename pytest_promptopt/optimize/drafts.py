"""New texts as the optimizer model writes them: read, and turned away if no good.

What is turned away here was never a text to try: a reply that cannot be read, a text
that was there before, one with our own tags in it or an echo of the meta-prompt. Each
costs budget, is counted by reason and never scored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.parsing import Unparsable, read_completion, same_text
from pytest_promptopt.optimize.strategy import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pytest_promptopt.optimize.strategy import Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Completion

TAG = "new_text"
"""The tag that every meta-prompt asks a new text to be put in."""

_OWN_TAGS = re.compile(
    rf"</?(?:{TAG}|attempt|example|current|crossed|differ|changed|merged|explanation)\b"
    "|<HERE>|<BLANK>",
    re.IGNORECASE,
)
_ECHO_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A new text for one region.

    Attributes:
        text: The text, without outer blank space.
        reply: Index of the reply that it was read from.
    """

    text: str
    reply: int


class Drafts:
    """Reads the replies of one search, and knows every text that was there before.

    Args:
        task: The search; its incumbent's texts and the earlier ones count as known.
    """

    def __init__(self, task: Task) -> None:
        before = (task.incumbent, *task.earlier)
        self._known = {
            region.address: {same_text(entry.texts[region.address]) for entry in before}
            for region in task.regions
        }

    def read(
        self,
        replies: Sequence[Completion | None],
        region: Region,
        *,
        prose: str,
        tag: str = TAG,
        fault: Callable[[str], str | None] | None = None,
    ) -> Generator[Tally, None, tuple[Draft, ...]]:
        """Return the new texts of some replies; everything else is counted.

        Args:
            replies: Replies of the optimizer model, ``None`` where none came.
            region: What the texts are for.
            prose: The meta-prompt's own words, see
                :func:`~pytest_promptopt.optimize.evidence.prose_of`.
            tag: The tag that was asked for.
            fault: Says why the strategy itself turns a text away, ``None`` if not.
        """
        drafts: list[Draft] = []
        for index, reply in enumerate(replies):
            text = read_completion(reply, tag)
            if isinstance(text, Unparsable):
                yield Tally(f"unparsable: {text.reason}")
                continue
            why = self.fault(text, region, prose=prose) or (fault and fault(text))
            if why:
                yield Tally(why)
            else:
                drafts.append(Draft(text=text, reply=index))
        return tuple(drafts)

    def fault(self, text: str, region: Region, *, prose: str = "") -> str | None:
        """Return why a text is turned away; it is known from then on.

        A text that is turned away for what it holds is never considered again.
        """
        known = self._known[region.address]
        if same_text(text) in known:
            return "repeat"
        known.add(same_text(text))
        # What the incumbent has is not ours: prompts may well use <example>.
        if not _own_tags(text) <= _own_tags(region.text):
            return "own tag"
        if (_runs(text) & _runs(prose)) - _runs(region.text):
            return "echo of the meta-prompt"
        return None


def _own_tags(text: str) -> set[str]:
    return {tag.casefold() for tag in _OWN_TAGS.findall(text)}


def _runs(text: str) -> set[tuple[str, ...]]:
    """Return the runs of words that are long enough to be an echo."""
    words = re.findall(r"\w+", text.casefold())
    last = len(words) - _ECHO_WORDS
    return {tuple(words[at : at + _ECHO_WORDS]) for at in range(last + 1)}
