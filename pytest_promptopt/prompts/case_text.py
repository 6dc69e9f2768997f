"""What the cases say, indexed so that a quotation of it is found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_promptopt.prompts.look_alikes import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_promptopt.records import Case

QUOTE_WORDS = 5
"""So many words in a row are a quotation; fewer are how people talk about a case."""

QUOTE_CHARACTERS = 10
"""The same for scripts that put no spaces between words, in characters."""

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)


class CaseText:
    """The texts of eval cases, indexed once and asked for every candidate.

    Args:
        cases: The cases that a prompt must not quote, since one that does would only
            remember them; a search gives its train cases.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        self._runs: frozenset[str] = frozenset().union(
            *(runs(text) for case in self.cases for text in _texts_of(case))
        )

    def quoted(self, text: str, *, known: Iterable[str] = ()) -> str | None:
        """Find a run of words that a text has from a case.

        Args:
            text: The text to look through.
            known: Texts whose words may be used, e.g. the incumbent's.

        Returns:
            The first such run in alphabetical order, in lower case, or ``None``.
        """
        quotations = runs(text) & self._runs
        if not quotations:
            return None
        quotations -= frozenset().union(*(runs(entry) for entry in known))
        return min(quotations, default=None)


def runs(text: str) -> frozenset[str]:
    """Return the runs of words of a text that are long enough to be quotations.

    Words are compared as they read, whatever their letters are.
    """
    plain = folded(text)
    words = _WORD.findall(plain)
    found = {
        " ".join(words[at : at + QUOTE_WORDS])
        for at in range(len(words) - QUOTE_WORDS + 1)
    }
    for stretch in _UNSPACED.findall(plain):
        last = len(stretch) - QUOTE_CHARACTERS
        found.update(stretch[at : at + QUOTE_CHARACTERS] for at in range(last + 1))
    return frozenset(found)


def _texts_of(case: Case) -> Iterator[str]:
    yield from _strings(case.inputs)
    yield from _strings(case.expected)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _strings(entry)
