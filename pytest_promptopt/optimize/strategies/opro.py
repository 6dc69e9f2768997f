"""OPRO: show the best texts so far in rising order and ask for a better one.

Each step builds one meta-prompt from the 20 best texts, worst first, and 3 train cases
drawn anew, sends it 8 times at temperature 1.0, reads one text from each reply, and
has the new ones scored on all train cases. Nothing is ever dropped from the history.

Source:
    Yang, Wang, Lu, Liu, Le, Zhou, Chen, "Large Language Models as Optimizers",
    arXiv:2309.03409v3, ICLR 2024: section 4.2 (meta-prompt), 5.1 (20 shown, 8 asked,
    3 examples, temperature 1.0), 5.3 (ablations: ascending order, integer scores).
    Filters and the order of history and examples: the authors' released code.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
a reply without tags becomes    it is counted as unparsable and never scored
an instruction
seeds are not among the         they are, so that an echo of the start costs nothing
repeats
exact text, first letter        texts that differ in blank space or case only are
upper-cased, ``**`` removed     repeats; what goes into the file is not touched
more than 500 characters        a limit in words, told to the model and enforced by
                                the guards: a template passage may be long
a score threshold can leave     there is none: the history always holds the start
the history empty
exemplars seeded by the step    by the step, the seed of the run and the prompt, so
alone                           that runs with another seed differ
a new text is any string        guards: same variables and blocks, no verbatim case
                                text, none of our own tags, no echo of the meta-prompt
20 buckets are shown as 0-20    any number of buckets is shown on the scale of 0-100
one instruction                 several regions take turns: step s rewrites region
                                s mod R of the best candidate
selected on train               confirmed on hold-out by the loop
==============================  =====================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.drafts import TAG, Drafts
from pytest_promptopt.optimize.evidence import (
    HERE,
    expected_text,
    meta_prompt,
    prose_of,
    shown_score,
)
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.options import check_number, check_switch
from pytest_promptopt.optimize.strategy import NextStep
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pytest_promptopt.optimize.strategy import Evaluated, Moves, Task
    from pytest_promptopt.prompts import Region

META_PROMPT = "opro.j2"

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class OproOptions:
    """What can be set about OPRO; the defaults are the paper's.

    Attributes:
        shown: How many of the best texts a meta-prompt lists, at least 1.
        per_step: How many replies a step asks for, at least 1.
        exemplars: How many train cases a meta-prompt shows, at least 0.
        temperature: Of the requests to the optimizer model, 0 or more.
        buckets: Steps of the score scale, at least 1.
        digits: Whether new texts may contain digits; the authors' code forbids them
            where the answers are numbers.
    """

    shown: int = 20
    per_step: int = 8
    exemplars: int = 3
    temperature: float = 1.0
    buckets: int = 100
    digits: bool = True

    def __post_init__(self) -> None:
        lowest = {"shown": 1, "per_step": 1, "exemplars": 0, "buckets": 1}
        for name, least in lowest.items():
            check_number("opro", name, getattr(self, name), lowest=least)
        check_number("opro", "temperature", self.temperature, lowest=0, whole=False)
        check_switch("opro", "digits", self.digits)


class Opro:
    """Optimization by prompting, on the regions of a prompt.

    Args:
        options: Its numbers; the paper's if left out.
    """

    name = "opro"

    def __init__(self, options: OproOptions | None = None) -> None:
        self.options = options or OproOptions()

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        history, drafts = History(task), Drafts(task)
        asker = Asker(task, temperature=self.options.temperature)
        yield from history.score([task.incumbent])
        per_step = min(self.options.per_step, task.proposals or self.options.per_step)
        for step in range(task.steps):
            yield NextStep()
            region = task.regions[step % len(task.regions)]
            content = self._meta_prompt(task, history.entries, region, step)
            replies = yield asker.ask(content, times=per_step)
            new = yield from drafts.read(
                replies, region, prose=prose_of(META_PROMPT), fault=self._fault
            )
            base = history.best
            yield from history.score(
                [task.rewritten(base, region.address, draft.text) for draft in new],
                [
                    Origin(
                        operator="rewrite",
                        parents=(base.key,),
                        region=region.address,
                        reply=replies[draft.reply].text,
                    )
                    for draft in new
                ],
            )

    def _meta_prompt(
        self, task: Task, history: Sequence[Evaluated], region: Region, step: int
    ) -> str:
        return meta_prompt(
            META_PROMPT,
            attempts=_attempts(history, region.address, self.options),
            examples=_examples(task, region, step, self.options.exemplars),
            keep=", ".join(region.fixed),
            here="" if region.kind == "whole" else HERE,
            word_limit=task.word_limit[region.address],
            tag=TAG,
            steps=", ".join(task.names.get(region.address, ())),
        )

    def _fault(self, text: str) -> str | None:
        return "digit" if not self.options.digits and _DIGIT.search(text) else None


def _attempts(
    history: Sequence[Evaluated], address: str, options: OproOptions
) -> list[dict[str, Any]]:
    """Return the best texts of one region, best last; equal scores by age."""
    best: dict[str, float] = {}
    for entry in history:
        text = entry.candidate.texts[address].strip()
        best[text] = max(best.get(text, 0.0), entry.mean)
    rising = sorted(best.items(), key=lambda attempt: attempt[1])
    return [
        {"text": text, "score": shown_score(mean, options.buckets)}
        for text, mean in rising[-options.shown :]
    ]


def _examples(
    task: Task, region: Region, step: int, count: int
) -> list[dict[str, Any]]:
    """Return this step's exemplars: drawn without replacement, in case order."""
    draws = task.draws("exemplars", step)
    drawn = draws.sample(range(len(task.cases)), min(count, len(task.cases)))
    return [
        {
            "input": task.exemplar(task.cases[index], region.address),
            "expected": expected_text(task.cases[index]),
        }
        for index in sorted(drawn)
    ]
