"""OPRO: show the best texts so far in rising order and ask for a better one.

Each step builds one meta-prompt from the 20 best texts, worst first, and 3 train cases
drawn anew, sends it 8 times at temperature 1.0, reads one text from each reply, and
has the new ones scored on all train cases. Nothing is ever dropped from the history.

Source:
    Yang, Wang, Lu, Liu, Le, Zhou, Chen, "Large Language Models as Optimizers",
    arXiv:2309.03409v3, ICLR 2024: section 4.2 (meta-prompt), 5.1 (20 shown, 8 asked,
    3 examples, temperature 1.0), 5.3 (ablations: ascending order, integer scores).
    Filters, the choice of exemplars, the threshold and the temperature's schedule: the
    authors' released code.

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
a score threshold can leave     the best text is shown, whatever its score
the history empty
20 buckets are shown as 0-20    any number of buckets is shown on the scale of 0-100
exemplars seeded by the step    by the step, the seed of the run and the prompt, so
alone                           that runs with another seed differ
"accumulative most frequent"    called ``ever-missed``, for what it does
draws evenly from whatever
was ever missed
four named positions of the     the region stands where the template has it, and the
instruction                     exemplars show the place
a new text is any string        guards: same variables and blocks, no verbatim case
                                text, none of our own tags, no echo of the meta-prompt
one instruction                 several regions take turns: step s rewrites region
                                s mod R of the best candidate
every text is scored on all     a text that is clearly worse than the best one leaves
train cases                     the race early; not in ``opro-paper``
selected on train               confirmed on hold-out by the loop
==============================  =====================================================
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import TAG, Drafts
from pytest_promptopt.optimize.evidence import (
    HERE,
    expected_text,
    meta_prompt,
    prose_of,
    shown_score,
)
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.options import (
    check_choice,
    check_number,
    check_switch,
)
from pytest_promptopt.optimize.strategy import NextStep
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategy import Evaluated, Moves, Task
    from pytest_promptopt.prompts import Region

META_PROMPT = "opro.j2"
FOR_SOLUTIONS = "opro_solution.j2"
ORDERS = ("rising", "falling", "random")
SELECTIONS = ("random", "constant", "most-missed", "ever-missed")
LAYOUTS = ("attempts-first", "examples-first")

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class OproOptions:
    """What can be set about OPRO; the defaults are the paper's, but for the race.

    Attributes:
        shown: How many of the best texts a meta-prompt lists, at least 1.
        order: How they are listed: ``"rising"``, ``"falling"`` or ``"random"`` scores.
        buckets: Steps of the score scale; 0: no scores are shown, only the order.
        threshold: A text with a lower score is not listed, from 0 to 1; the best one
            always is.
        per_step: How many replies a step asks for, at least 1.
        exemplars: How many train cases a meta-prompt shows, at least 0.
        select: Which ones: ``"random"`` draws them anew for each step, ``"constant"``
            once, ``"ever-missed"`` from those that any text got wrong, and
            ``"most-missed"`` takes those that most of the listed texts got wrong.
        layout: ``"attempts-first"`` or ``"examples-first"``.
        temperature: Of the requests to the optimizer model, 0 or more.
        end_temperature: The temperature moves evenly towards this one, which the step
            behind the last one would have; ``None``: it stays.
        digits: Whether new texts may contain digits; the authors' code forbids them
            where the answers are numbers.
        race: Whether a text that is clearly worse than the best one need not be scored
            on all train cases.
    """

    shown: int = 20
    order: str = "rising"
    buckets: int = 100
    threshold: float = 0.0
    per_step: int = 8
    exemplars: int = 3
    select: str = "random"
    layout: str = "attempts-first"
    temperature: float = 1.0
    end_temperature: float | None = None
    digits: bool = True
    race: bool = True

    def __post_init__(self) -> None:
        lowest = {"shown": 1, "buckets": 0, "per_step": 1, "exemplars": 0}
        for name, least in lowest.items():
            check_number("opro", name, getattr(self, name), lowest=least)
        for name in ("temperature", "end_temperature"):
            if getattr(self, name) is not None:
                value = getattr(self, name)
                check_number("opro", name, value, lowest=0, whole=False)
        check_number(
            "opro", "threshold", self.threshold, lowest=0, highest=1, whole=False
        )
        check_choice("opro", "order", self.order, ORDERS)
        check_choice("opro", "select", self.select, SELECTIONS)
        check_choice("opro", "layout", self.layout, LAYOUTS)
        check_switch("opro", "digits", self.digits)
        check_switch("opro", "race", self.race)


class Opro:
    """Optimization by prompting, on the regions of a prompt.

    Args:
        options: Its numbers; the paper's if left out.
        name: What reports call it.

    Attributes:
        states_problem: Its requests say themselves what a text is a solution to.
    """

    states_problem = True

    def __init__(
        self, options: OproOptions | None = None, *, name: str = "opro"
    ) -> None:
        self.options = options or OproOptions()
        self._name = name

    @property
    def name(self) -> str:
        """What settings and reports call it."""
        return self._name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        asked = scope.steps * scope.affordable(self.options.per_step)
        return Bound(proposals=asked, requests=asked)

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        history = History(task, race=self.options.race)
        drafts, asker = Drafts(task), Asker(task)
        # Of a prompt only the start is given; of solutions OPRO shows all there are.
        seeds = task.earlier if task.problem else ()
        yield from history.score([task.incumbent, *seeds])
        own = FOR_SOLUTIONS if task.problem else META_PROMPT
        per_step = min(self.options.per_step, task.proposals or self.options.per_step)
        for step in range(task.steps):
            yield NextStep()
            region = task.regions[step % len(task.regions)]
            content = self._meta_prompt(task, history.entries, region, step)
            temperature = _temperature(self.options, step, task.steps)
            replies = yield asker.ask(content, times=per_step, temperature=temperature)
            new = yield from drafts.read(
                replies, region, prose=prose_of(own), fault=self._fault
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
        options = self.options
        listed = _listed(history, region.address, options)
        cases = _selected(task, history, listed, step, options)
        if options.order == "falling":
            listed.reverse()
        elif options.order == "random":
            task.draws("order", step).shuffle(listed)
        if task.problem:
            return self._for_solutions(task, history, listed)
        return meta_prompt(
            META_PROMPT,
            attempts=[
                {"text": text, "score": shown_score(mean, options.buckets or 100)}
                for text, mean in listed
            ],
            order=options.order,
            scored=options.buckets > 0,
            examples=[
                {
                    "input": task.exemplar(task.cases[index], region.address),
                    "expected": expected_text(task.cases[index]),
                }
                for index in cases
            ],
            examples_first=options.layout == "examples-first",
            keep=", ".join(region.fixed),
            here="" if region.kind == "whole" else HERE,
            word_limit=task.word_limit[region.address],
            tag=TAG,
            steps=", ".join(task.names.get(region.address, ())),
        )

    def _for_solutions(
        self,
        task: Task,
        history: Sequence[Evaluated],
        listed: Sequence[tuple[str, float]],
    ) -> str:
        (address,), (case,) = task.incumbent.texts, task.cases
        values = {
            entry.candidate.texts[address].strip(): entry.outputs[case.id]
            for entry in history
        }
        return meta_prompt(
            FOR_SOLUTIONS,
            problem=task.problem,
            attempts=[{"text": text, "value": values[text]} for text, _ in listed],
            order=self.options.order,
            scored=self.options.buckets > 0,
            word_limit=task.word_limit[address],
            tag=TAG,
        )

    def _fault(self, text: str) -> str | None:
        return "digit" if not self.options.digits and _DIGIT.search(text) else None


def _temperature(options: OproOptions, step: int, steps: int) -> float:
    end = options.end_temperature
    if end is None:
        return options.temperature
    return options.temperature + step / steps * (end - options.temperature)


def _listed(
    history: Sequence[Evaluated], address: str, options: OproOptions
) -> list[tuple[str, float]]:
    """Return the best texts of one region, best last; equal scores by age.

    As in the authors' code the threshold is held against the best ones only.
    """
    best: dict[str, float] = {}
    for entry in history:
        text = entry.candidate.texts[address].strip()
        best[text] = max(best.get(text, 0.0), entry.mean)
    rising = sorted(best.items(), key=lambda attempt: attempt[1])[-options.shown :]
    passing = [attempt for attempt in rising if attempt[1] >= options.threshold]
    return passing or rising[-1:]


def _selected(
    task: Task,
    history: Sequence[Evaluated],
    listed: Sequence[tuple[str, float]],
    step: int,
    options: OproOptions,
) -> list[int]:
    """Return the numbers of a step's exemplars, in case order."""
    every = range(len(task.cases))
    count = min(options.exemplars, len(every))
    draws = task.draws("exemplars", 0 if options.select == "constant" else step)
    if options.select in ("random", "constant"):
        return sorted(draws.sample(every, count))
    if options.select == "ever-missed":
        missed = _missed(task, history)
        pool: Sequence[int] = [index for index in every if missed[index]]
        return sorted(draws.sample(pool if len(pool) >= count else every, count))
    texts = {text for text, _ in listed}
    shown = [
        entry
        for entry in history
        if any(text.strip() in texts for text in entry.candidate.texts.values())
    ]
    missed = _missed(task, shown)
    # Drawn first: the order of the cases must not decide between equal numbers.
    shuffled = draws.sample(every, len(every))
    return sorted(sorted(shuffled, key=lambda index: -missed[index])[:count])


def _missed(task: Task, entries: Sequence[Evaluated]) -> Counter[int]:
    """Return how many of some candidates got each train case wrong.

    Who left a race has seen its first cases only, which would count for more.
    """
    return Counter(
        index
        for entry in entries
        if entry.is_whole
        for index, case in enumerate(task.cases)
        if (score := entry.scores.get(case.id)) is not None and score < 1.0
    )
