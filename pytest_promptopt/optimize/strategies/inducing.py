"""From worked cases back to the instruction: forward and infill proposals.

Both show cases with their right answers and no earlier text. *Forward* asks what
instruction gave these answers; *infill* shows the prompt with a blank in it and asks
for what is missing, which a model that writes left to right can do, too.

Source:
    Zhou et al., "Large Language Models Are Human-Level Prompt Engineers",
    arXiv:2211.01910, ICLR 2023, section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_promptopt.optimize.evidence import HERE, as_text, expected_text
from pytest_promptopt.optimize.strategies.children import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pytest_promptopt.optimize.strategy import Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Case

Form = Literal["forward", "infill"]

BLANK = "<BLANK>"
"""Stands in a prompt where the passage is missing."""


def demonstrations(task: Task, count: int, *purpose: str | int) -> tuple[Case, ...]:
    """Draw the cases that one meta-prompt shows, without replacement.

    Args:
        task: The search; cases that say what is expected are drawn if there are any.
        count: How many at most.
        purpose: Names the draw.

    Returns:
        The cases in the order of the case file; at least one.
    """
    telling = [case for case in task.cases if case.has_expected] or list(task.cases)
    draws = task.draws(*purpose)
    drawn = draws.sample(range(len(telling)), min(count, len(telling)))
    return tuple(telling[index] for index in sorted(drawn))


def induced(
    task: Task,
    region: Region,
    cases: Sequence[Case],
    *,
    form: Form,
    reasons: Mapping[str, str],
) -> Wanted:
    """Want a text for one region, to be found from worked cases.

    Args:
        task: The search.
        region: What the text is for.
        cases: The cases to show.
        form: How to ask. Where the prompt cannot be shown with a blank in it, e.g.
            because the region is all of it, the other form is taken.
        reasons: Case id to why a reply failed, shown of a case that says nothing of
            what is expected.
    """
    inputs = [task.exemplar(case, region.address) for case in cases]
    infill = form == "infill" and all(HERE in text for text in inputs)
    if infill:
        inputs = [text.replace(HERE, BLANK) for text in inputs]
    else:
        inputs = [_inputs_of(case) for case in cases]
    examples: list[dict[str, Any]] = [
        {
            "input": text,
            "expected": expected_text(case),
            "why": "" if case.has_expected else reasons.get(case.id, ""),
        }
        for case, text in zip(cases, inputs, strict=True)
    ]
    return Wanted(
        region=region,
        base=task.incumbent,
        operator="infill" if infill else "forward",
        meta_prompt="ape_infill.j2" if infill else "ape_forward.j2",
        values={"examples": examples} | ({"blank": BLANK} if infill else {}),
        parents=(task.incumbent.key,),
    )


def _inputs_of(case: Case) -> str:
    return "\n".join(f"{name}: {as_text(value)}" for name, value in case.inputs.items())
