"""What retroformer asks for, and how a lesson comes into a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.drafts import TAG
from pytest_promptopt.optimize.evidence import HERE, meta_prompt, shown_score
from pytest_promptopt.optimize.strategies.children import Child
from pytest_promptopt.optimize.strategies.reflection import EXPLANATION, examples
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.strategies.lessons import Lesson
    from pytest_promptopt.optimize.strategy import Evaluated, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Case

META_PROMPT = "retroformer.j2"
BLANK = "<BLANK>"


def question(
    task: Task,
    entry: Evaluated,
    region: Region,
    case: Case,
    *,
    shown: Sequence[Lesson],
    longest: int,
) -> str:
    """Ask for a reflection on one failed case.

    Args:
        task: The search.
        entry: The prompt as it was scored; the case failed with it.
        region: What the lesson is added to.
        case: The case.
        shown: Rated lessons, the least useful first.
        longest: Most words of a lesson.
    """
    text = entry.candidate.texts[region.address].strip()
    return meta_prompt(
        META_PROMPT,
        current=with_lesson(text, BLANK, region),
        lessons=[
            {"text": each.text, "score": shown_score((1 + each.rating) / 2)}
            for each in shown
        ],
        examples=examples(task, entry, region, [case]),
        here="" if region.kind == "whole" else HERE,
        steps=", ".join(task.names.get(region.address, ())),
        explanation=EXPLANATION,
        word_limit=longest,
        tag=TAG,
    )


def with_lesson(text: str, lesson: str, region: Region) -> str:
    """Return a text with a lesson on a line of its own.

    It stands behind the text; before it where the text is a whole template, which ends
    with the problem more often than not.
    """
    parts = (lesson, text) if region.kind == "whole" else (text, lesson)
    return "\n".join(part.strip() for part in parts if part.strip())


def taught(
    task: Task, entry: Evaluated, region: Region, lesson: str, *, reply: str = ""
) -> Child:
    """Return the candidate that a prompt with a lesson is.

    Args:
        task: The search.
        entry: The prompt.
        region: Where the lesson is added.
        lesson: The lesson.
        reply: What it was read from; empty for one out of the memory.
    """
    address = region.address
    text = with_lesson(entry.candidate.texts[address], lesson, region)
    return Child(
        candidate=task.rewritten(entry.candidate, address, text),
        origin=Origin(
            operator="lesson" if reply else "recall",
            parents=(entry.candidate.key,),
            region=address,
            reply=reply,
            detail={"lesson": lesson},
        ),
    )
