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
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.effects import Complete
from pytest_promptopt.optimize.evidence import (
    HERE,
    expected_text,
    meta_prompt,
    shown_score,
)
from pytest_promptopt.optimize.parsing import (
    Unparsable,
    read_completion,
    same_text,
)
from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated, NextStep, Tally
from pytest_promptopt.records import Message, Request

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from pytest_promptopt.optimize.strategy import Moves, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Candidate, Completion

TAG = "new_text"

_OWN_TAGS = re.compile(r"</?(?:new_text|attempt|example)\b|<HERE>", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_ECHO_WORDS = 6
_LOWEST = MappingProxyType(
    {"shown": 1, "per_step": 1, "exemplars": 0, "buckets": 1, "temperature": 0}
)


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
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            kind = (int, float) if name == "temperature" else int
            if not isinstance(value, kind) or not value >= lowest:  # also refuses NaN
                raise SettingError(
                    f"strategy opro: {name} is {value!r}",
                    f"set it to {lowest} or more"
                    if kind is not int
                    else f"set it to a whole number, {lowest} or more",
                )


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
        history: list[Evaluated] = []
        yield from _score([task.incumbent], task, history)
        seen = {
            region.address: {same_text(task.incumbent.texts[region.address])}
            for region in task.regions
        }
        per_step = min(self.options.per_step, task.proposals or self.options.per_step)
        for step in range(task.steps):
            yield NextStep()
            region = task.regions[step % len(task.regions)]
            prose, requests = self._ask(task, history, region, step, per_step)
            replies = yield Complete(requests=requests)
            known = seen[region.address]
            texts = yield from self._read(replies, region, prose, known)
            base = _best(history)
            drafts = [task.rewritten(base, region.address, text) for text in texts]
            yield from _score(drafts, task, history)

    def _ask(
        self,
        task: Task,
        history: Sequence[Evaluated],
        region: Region,
        step: int,
        per_step: int,
    ) -> tuple[str, tuple[Request, ...]]:
        """Return the meta-prompt's own prose, and the step's requests."""
        values: dict[str, Any] = {
            "here": "" if region.kind == "whole" else HERE,
            "word_limit": task.word_limit[region.address],
            "tag": TAG,
            "steps": ", ".join(task.names.get(region.address, ())),
        }
        content = meta_prompt(
            "opro.j2",
            attempts=_attempts(history, region.address, self.options),
            examples=_examples(task, region, step, self.options.exemplars),
            keep=", ".join(region.fixed),
            **values,
        )
        message = Message(role="user", content=content)
        settings = {"temperature": self.options.temperature, **task.settings}
        # Draws differ between steps too: a step that brought nothing new could
        # otherwise ask the same again and be answered from the cache for ever.
        first = task.seed * 1_000_000 + step * per_step
        requests = tuple(
            Request(messages=(message,), settings=settings, seed=first + draw)
            for draw in range(per_step)
        )
        no_data: dict[str, Any] = {"input": "", "expected": ""}
        prose = meta_prompt(
            "opro.j2", attempts=(), examples=[no_data], keep="", **values
        )
        return prose, requests

    def _read(
        self,
        replies: Sequence[Completion | None],
        region: Region,
        prose: str,
        known: set[str],
    ) -> Generator[Tally, None, tuple[str, ...]]:
        """Return the new texts of a step's replies; everything else is counted."""
        texts: list[str] = []
        for reply in replies:
            text = read_completion(reply, TAG)
            if isinstance(text, Unparsable):
                yield Tally(f"unparsable: {text.reason}")
            elif same_text(text) in known:
                yield Tally("repeat")
            else:
                # As in the authors' code a filtered text is never considered again.
                known.add(same_text(text))
                fault = self._fault(text, region, prose)
                if fault:
                    yield Tally(fault)
                else:
                    texts.append(text)
        return tuple(texts)

    def _fault(self, text: str, region: Region, prose: str) -> str | None:
        # What the incumbent has is not ours: prompts may well use <example>.
        if not _own_tags(text) <= _own_tags(region.text):
            return "own tag"
        if not self.options.digits and _DIGIT.search(text):
            return "digit"
        if (_runs(text) & _runs(prose)) - _runs(region.text):
            return "echo of the meta-prompt"
        return None


def _score(
    candidates: Sequence[Candidate], task: Task, history: list[Evaluated]
) -> Moves:
    """Have candidates scored on all train cases; what is scored joins the history."""
    if candidates:
        answers = yield Evaluate(candidates=tuple(candidates), cases=task.cases)
        history.extend(entry for entry in answers if isinstance(entry, Evaluated))


def _best(history: Sequence[Evaluated]) -> Candidate:
    return best_first(
        Ranked(candidate=entry.candidate, mean=entry.mean, age=age)
        for age, entry in enumerate(history)
    )[0].candidate


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


def _own_tags(text: str) -> set[str]:
    return {tag.casefold() for tag in _OWN_TAGS.findall(text)}


def _runs(text: str) -> set[tuple[str, ...]]:
    """Return the runs of words that are long enough to be an echo."""
    words = re.findall(r"\w+", text.casefold())
    last = len(words) - _ECHO_WORDS
    return {tuple(words[at : at + _ECHO_WORDS]) for at in range(last + 1)}
