"""A scripted optimizer model for edits: it goes by what stands nearest in its prompt.

It knows no process. An edit it carries out by adding the mark of its kind; what an edit
brings it takes from the entry whose state is most like the one asked about, and which
edit comes next from the nearest state of the courses shown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from edit_process import marked

from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS
from pytest_promptopt.optimize.strategies.edit_states import (
    Outcome,
    State,
    read_outcome,
    read_state,
)
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

_ENTRY = re.compile(r"^before: (.*)\nedit: (.*)\noutcome: (.*)$", re.MULTILINE)
_DONE = re.compile(r"^before: (.*)\nedit: (.*)\nreward: .*$", re.MULTILINE)
_ASKED = re.compile(r"^before: (.*)\nedit: (.*)\n</entry>", re.MULTILINE)
_WHERE = re.compile(r"^before: (.*)\n</course>", re.MULTILINE)
_TEXT = re.compile(r"<current>\ntext:\n(.*?)\n</current>", re.DOTALL)


def edit_reply(request: Request) -> Completion:
    """Answer a request: a pure function of its messages and its seed."""
    content = request.messages[-1].content
    return Completion(text=_reply(content, request.seed or 0))


def _reply(content: str, seed: int) -> str:
    if asked := _ASKED.search(content):
        return f"<outcome>{_foretold(content, asked[1], asked[2])}</outcome>"
    if where := _WHERE.search(content):
        return f"<edit>{_next(content, where[1], seed)}</edit>"
    (action,) = (name for name, told in ACTIONS.items() if told in content)
    (text,) = _TEXT.findall(content)
    return f"<new_text>{marked(text, action, seed % 1_000_000)}</new_text>"


def _foretold(content: str, before: str, action: str) -> Outcome:
    state = _state(before)
    entries = [
        (_state(there), outcome)
        for there, _, line in _ENTRY.findall(content)
        if (outcome := read_outcome(line)) is not None
    ]
    near, came = max(entries, key=lambda entry: _likeness(entry[0], state))
    score = state.score + came.after.score - near.score
    return Outcome(
        reward=came.reward,
        kept=came.kept,
        after=State(
            score=min(10, max(0, score)),
            length=state.length,
            holds=tuple(sorted({*state.holds, action})),
        ),
    )


def _next(content: str, before: str, seed: int) -> str:
    state, luck = _state(before), Random(seed)
    done = [(_state(there), name) for there, name in _DONE.findall(content)]
    luck.shuffle(done)
    return max(done, key=lambda entry: _likeness(entry[0], state))[1]


def _likeness(one: State, other: State) -> float:
    """Return how near two scores are, and then how much of what the texts hold."""
    held, there = set(one.holds), set(other.holds)
    shared = len(held & there) / max(1, len(held | there))
    return shared / 100 - abs(one.score - other.score)


@lru_cache(maxsize=4096)
def _state(line: str) -> State:
    found = read_state(line)
    if found is None:
        raise ValueError(line)
    return found
