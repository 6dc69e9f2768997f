"""GI: genetic improvement, a prompt as a program that patches are made of.

A patch is a list of edits against the prompt as it is. A local search starts with the
empty one; each try takes an edit out or puts one in, and the new patch stays if it is
strictly better. Some edits are mechanical: delete, copy, move and swap sentences, list
items or blocks. Others a model writes: a block anew, a sentence that was blanked out,
a block with the answers that went wrong in sight.

There are two aims. ``gi`` looks for a better score. ``gi-shrink`` looks for fewer
tokens with the same behaviour, which is what run time is to a program: no case that the
start gets right may be lost, and what cannot be shorter is never scored.

Source:
    Brownlee et al., "Enhancing Genetic Improvement Mutations Using Large Language
    Models", SSBSE 2023, arXiv:2310.19813, and Gin, the authors' toolbox: the edit
    classes, several variants of which the first that parses is used, local search with
    removal at 1/2 and 99 evaluations after the original's. Predicting edits without
    effect before they are run: arXiv:2508.18089.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
a method of a Java program      the sentences, items and blocks of the regions; what
                                the template needs is never edited
a patch has to compile          the guards of every search, before a call is made
all unit tests have to pass     ``gi``: the mean score, and no ``must_pass`` case is
                                lost; ``gi-shrink``: no case that was right is lost,
                                by two trials, since replies vary
run time is what improves       ``gi``: the score; ``gi-shrink``: the tokens
five variants in one reply      three replies of one variant each, as every request
                                here asks for one text
an edit is asked for again      what was written stays in the patch, so that it can
whenever it is applied          be applied without a model
all tests are run               the cases that were failed most often come first, and
                                who cannot get in any more is dropped
==============================  =====================================================

Lost are what makes a program a program: a compiler, and tests that always say the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import TAG, Drafts
from pytest_promptopt.optimize.evidence import prose_of
from pytest_promptopt.optimize.objective import tokens_in
from pytest_promptopt.optimize.parsing import Unparsable, read_completion
from pytest_promptopt.optimize.strategies.edit_operators import mechanical, written
from pytest_promptopt.optimize.strategies.gi_options import GiOptions, ShrinkOptions
from pytest_promptopt.optimize.strategies.local_search import Judged, Trials
from pytest_promptopt.optimize.strategies.patches import Program
from pytest_promptopt.optimize.strategies.reflection import examples
from pytest_promptopt.optimize.strategy import NextStep, Tally
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    import random
    from collections.abc import Generator

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.edit_operators import Written
    from pytest_promptopt.optimize.strategies.patches import PatchEdit
    from pytest_promptopt.optimize.strategy import Evaluated, Move, Moves, Task
    from pytest_promptopt.records import Candidate, Completion

    Trying = Generator[Move, Any, bool]
    """Tells whether a patch was scored."""

DRAWS = 25
"""Edits that are drawn for one try, until one is worth scoring; they cost nothing."""


class Gi:
    """Genetic improvement of the regions of a prompt.

    Args:
        options: Its numbers; :class:`ShrinkOptions` for fewer tokens.
        name: What it is called.
    """

    def __init__(self, options: GiOptions | None = None, *, name: str = "gi") -> None:
        self.options = options or GiOptions()
        self.name = name
        self.shrinks = isinstance(self.options, ShrinkOptions)

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        tries = scope.steps * self.options.per_step
        asked = tries * self.options.variants if self.options.written else 0
        scored = min(self.options.evaluations, tries)
        return Bound(
            proposals=scored,
            requests=asked if scope.regions else 0,
            repeats=(1 + scored) * scope.cases if self.shrinks else 0,
        )

    def search(self, task: Task) -> Moves:
        """Search patch by patch until the loop ends it."""
        if not task.regions:
            return
        margin = getattr(self.options, "margin", None)
        trials = Trials(task=task, first=self.options.first, margin=margin)
        start = yield from trials.begin()
        if start is None:
            return
        local = _Local(task=task, options=self.options, trials=trials, current=start)
        tries = 0
        for _ in range(task.steps):
            yield NextStep()
            for _ in range(self.options.per_step):
                if local.scored >= self.options.evaluations:
                    return
                yield from local.tried(tries)
                tries += 1


@dataclass(slots=True, kw_only=True)
class _Local:
    """A local search under way.

    Attributes:
        task: The search.
        options: Its numbers.
        trials: Say whether a patch gets in.
        current: The best patch so far, as it was scored.
        patch: Its edits.
        scored: Patches scored.
    """

    task: Task
    options: GiOptions
    trials: Trials
    current: Evaluated
    patch: tuple[PatchEdit, ...] = ()
    scored: int = 0
    program: Program = field(init=False)
    drafts: Drafts = field(init=False)
    asker: Asker = field(init=False)
    seen: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.program = Program.of(self.task)
        self.drafts = Drafts(self.task)
        self.asker = Asker(self.task, temperature=self.options.temperature)
        self.seen = {self.task.incumbent.key, self.current.candidate.key}

    @property
    def shrinks(self) -> bool:
        """Whether a shorter text is wanted."""
        return self.trials.margin is not None

    def tried(self, number: int) -> Trying:
        """Draw edits until one is worth scoring, and have the patch scored."""
        draws = self.task.draws("edit", number)
        turned: Counter[str] = Counter()
        done = False
        for _ in range(DRAWS):
            takes_out = bool(self.patch) and draws.random() < self.options.removal
            if not takes_out and draws.random() < self.options.written:
                done = yield from self._written(draws)
                break
            drawn = self._removed(draws) if takes_out else self._added(draws)
            if drawn is None:
                break
            operator, edits = drawn
            candidate = self.program.patched(edits)
            if why := self._needless(candidate):
                turned[f"{operator}: {why}"] += 1
                continue
            judged = yield from self._judged(candidate, edits, operator)
            done = not judged.rejected
            break
        for reason, count in sorted(turned.items()):
            yield Tally(reason, count)
        return done

    def _removed(self, draws: random.Random) -> tuple[str, tuple[PatchEdit, ...]]:
        at = draws.randrange(len(self.patch))
        return "remove", (*self.patch[:at], *self.patch[at + 1 :])

    def _added(self, draws: random.Random) -> tuple[str, tuple[PatchEdit, ...]] | None:
        edit = mechanical(self.program, self.patch, draws, shrinks=self.shrinks)
        return None if edit is None else (edit.operator, (*self.patch, edit))

    def _needless(self, candidate: Candidate) -> str:
        """Say why a patch need not be scored; empty if it should be."""
        if candidate.texts == self.current.candidate.texts:
            return "no effect"
        if any(not text.strip() for text in candidate.texts.values()) and all(
            text.strip() for text in self.task.incumbent.texts.values()
        ):
            return "nothing left"
        if self.shrinks and tokens_in(candidate) >= tokens_in(self.current.candidate):
            return "not shorter"
        return "repeat" if candidate.key in self.seen else ""

    def _written(self, draws: random.Random) -> Trying:
        """Ask for an edit in several variants, and try the first that is valid."""
        wanted = written(
            self.program,
            self.patch,
            draws,
            shrinks=self.shrinks,
            examples=self._failures(draws),
        )
        if wanted is None:
            return False
        replies: tuple[Completion | None, ...] = yield self.asker.ask(
            wanted.content, times=self.options.variants
        )
        for reply in replies:
            why, edits = self._read(wanted, reply)
            if why:
                yield Tally(why)
                continue
            judged = yield from self._judged(
                self.program.patched(edits),
                edits,
                wanted.operator,
                reply="" if reply is None else reply.text,
            )
            if not judged.rejected:
                return True
        return False

    def _read(
        self, wanted: Written, reply: Completion | None
    ) -> tuple[str, tuple[PatchEdit, ...]]:
        """Return why a reply is turned away, or the patch with its edit."""
        text = read_completion(reply, TAG)
        if isinstance(text, Unparsable):
            return f"unparsable: {text.reason}", ()
        edits = (*self.patch, wanted.edit(text))
        candidate = self.program.patched(edits)
        region = wanted.target.region
        why = self.drafts.fault(
            candidate.texts[region.address], region, prose=prose_of(wanted.meta_prompt)
        )
        why = why or self._needless(candidate).replace("no effect", "repeat")
        return why or "", edits

    def _failures(self, draws: random.Random) -> list[dict[str, Any]]:
        """Return answers of the best patch that are wrong, to be shown."""
        failing = [
            case
            for case in self.task.cases
            if (score := self.current.scores.get(case.id)) is not None and score < 1.0
        ]
        shown = draws.sample(failing, min(self.options.shown, len(failing)))
        region = self.task.regions[draws.randrange(len(self.task.regions))]
        return examples(self.task, self.current, region, shown)

    def _judged(
        self,
        candidate: Candidate,
        edits: tuple[PatchEdit, ...],
        operator: str,
        *,
        reply: str = "",
    ) -> Generator[Move, Any, Judged]:
        self.seen.add(candidate.key)
        origin = Origin(
            operator=operator,
            parents=(self.current.candidate.key,),
            region=edits[-1].region if operator != "remove" and edits else "",
            reply=reply,
            detail={"patch": [edit.to_json() for edit in edits]},
        )
        judged = yield from self.trials.judge(candidate, origin)
        self.scored += not judged.rejected
        if judged.accepted and judged.entry is not None:
            self.current, self.patch = judged.entry, edits
        return judged
