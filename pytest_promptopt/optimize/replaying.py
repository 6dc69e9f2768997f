"""A candidate of an earlier search, rebuilt from its journal without a model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import JournalError
from pytest_promptopt.records import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def rebuilt(journal: str, key: str = "") -> Candidate:
    """Return the texts of a candidate as the search had them.

    Args:
        journal: The text of a ``journal.jsonl``; a last line that was not written to
            its end is left out.
        key: Identity of the candidate; empty: what the search proposed, else its best.

    Returns:
        The candidate; its texts are those that its key stands for.

    Raises:
        JournalError: A line is none of a journal, there is no such candidate, or its
            texts are others than its key says.
    """
    lines = list(_lines(journal))
    wanted = key or _winner(lines)
    for number, line in lines:
        if line["what"] not in ("plan", "candidate"):
            continue
        if wanted != line.get("start", line.get("key")):
            continue
        try:
            found = Candidate.from_json(line["candidate"])
        except (KeyError, TypeError) as error:
            raise _unreadable(number) from error
        if found.key != wanted:
            raise JournalError(
                f"line {number} of the journal: the texts of candidate {wanted!r} were "
                "changed by hand",
                "run the search again: replies that came are not paid for twice",
            )
        return found
    raise JournalError(
        f"the journal has no candidate {wanted!r}",
        "take the key of one of its lines with what: candidate",
    )


def _winner(lines: list[tuple[int, Mapping[str, Any]]]) -> str:
    for _, line in reversed(lines):
        if line["what"] == "end" and (line.get("proposed") or line.get("best")):
            return str(line.get("proposed") or line["best"])
    raise JournalError(
        "the journal tells of no better candidate: the search found none, or it did "
        "not end",
        "give the key of a candidate",
    )


def _lines(journal: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    *whole, _ = journal.split("\n")
    for number, text in enumerate(whole, start=1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise _unreadable(number) from error
        if not isinstance(line, dict) or "what" not in line:
            raise _unreadable(number)
        yield number, line


def _unreadable(number: int) -> JournalError:
    return JournalError(
        f"line {number} of the journal is none that a search wrote",
        "give the text of a journal.jsonl below .promptopt/runs/",
    )
