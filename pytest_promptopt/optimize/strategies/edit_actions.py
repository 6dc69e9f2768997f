"""The edits that ICPI chooses among: a name, and what the optimizer model is told."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "add-a-rule": (
            "Add one sentence with a rule that these answers would have needed. Leave "
            "every other sentence as it is."
        ),
        "forbid-a-mistake": (
            "Add one sentence that forbids the mistake these answers have in common. "
            "Leave every other sentence as it is."
        ),
        "state-the-form": (
            "Say exactly what form an answer has: what stands in it, and what does "
            "not. Leave the rest as it is."
        ),
        "add-an-illustration": (
            "Add one short illustration that you make up, with its right answer. Leave "
            "the rest as it is."
        ),
        "think-first": (
            "Have the model go through the problem step by step in its mind before it "
            "answers. Leave the rest as it is."
        ),
        "restate-the-task": (
            "Say anew, in one plain sentence at the beginning, what the task is. Leave "
            "the rest as it is."
        ),
        "split-a-rule": (
            "Take the sentence that asks for most at once, and make several short ones "
            "of it. Leave the rest as it is."
        ),
        "reorder": (
            "Put what matters most to the beginning and to the end. Change nothing but "
            "the order of the sentences."
        ),
        "shorten": (
            "Say the same with a third of the words less. Leave no demand out that "
            "matters."
        ),
    }
)
"""Name to the instruction, in a fixed order."""
