"""GPO: change the text in use by fewer and fewer words, with its likes in sight.

Each step shows the text in use and the earlier ones most like it, each with its score,
what somebody says is wrong with the text in use, and 3 train cases; it asks 8 times for
a new text that differs by so many words at most, and has the new ones scored on all
train cases. The best one joins the trajectory.

Source:
    Tang, Wang, Zhao, Lu, Li, Wen, "Unleashing the Potential of Large Language Models as
    Prompt Optimizers: Analogical Analysis with Gradient-based Model Optimizers",
    arXiv:2402.17564, AAAI 2025: Table 1 (direction, momentum, edit distance as the
    learning rate, editing or generation), Tables 2 and 3 (their variants; relevance,
    no reflection, cosine decay without warm-up and generation came out best).
    Numbers, the order of the parts and the choice of the winner: the authors' released
    code.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
no reflection, which made       reflection: with a stronger optimizer model it helps
small models worse              (Yan et al., arXiv:2411.07446, Tables 1 and 3); not in
                                ``gpo-paper``
the number of words that may    it is measured, and a text beyond it is turned away;
change is only a wish           not in ``gpo-paper``
50 to 10 words for every        at least that; a longer text may change wholly at
prompt                          first and by a fifth at last; not in ``gpo-paper``
the best new text is used       the best text of all is used next; the step's winner
next, however bad it is         joins the trajectory all the same; not in
                                ``gpo-paper``
a plateau ends it (paper) or    six steps in a row without a better score end it;
nothing does (code)             nothing does in ``gpo-paper``
every text is scored on all     a text that is clearly worse than the best one leaves
cases                           the race early; not in ``gpo-paper``
relevance by BGE vectors on a   TF-IDF, or the vectors of ``promptopt_embeddings``
GPU
scores of 0 to 1 under a text   0 to 100 as the text says
that says 0 to 100 (code)
most alike first (code), last   last, as in the paper
(paper)
best first with importance      last; the text in use is always shown, with every
(code)                          momentum
a summary bears the score of    it is scored like any text, and may win
the text in use (code)
reflection on the wrong ones    on up to 8 train cases that the text in use gets
of the next 8 cases, wrong      wrong, drawn anew, partly wrong ones too: their
being a score of 0              answers are known already
an untagged reply is taken      it is counted as unparsable and never scored
whole, ``**`` is removed
8 completions for each of the   8 requests
8 requests (code)
512 tokens for each reply       nobody sets a limit; ``optimizer_request`` can
three exemplars for all steps,  three train cases, drawn anew for each step, since a
from a file of their own        text may be in use for long; once in ``gpo-paper``
3 epochs, whatever the budget   as many steps as are set and paid for; at most 3
                                epochs in ``gpo-paper``
one instruction                 several regions take turns: step s rewrites region
                                s mod R
scored on the test split, too   the hold-out is nobody's but the loop's
selected on the cases searched  confirmed on hold-out by the loop
==============================  =====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import TAG, Draft, Drafts
from pytest_promptopt.optimize.evidence import prose_of
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.parsing import Unparsable, read_completion, same_text
from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.optimize.strategies.edit_budget import differ_by_more
from pytest_promptopt.optimize.strategies.gpo_options import GpoOptions
from pytest_promptopt.optimize.strategies.gpo_requests import (
    PROBLEMS_TAG,
    PROPOSAL,
    SUMMARY,
    GpoRequests,
)
from pytest_promptopt.optimize.strategies.trajectory import Passed, Trajectory
from pytest_promptopt.optimize.strategy import Evaluated, NextStep, Tally
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategy import Move, Moves, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Completion

    Replies = Sequence[Completion | None]

OVER_BUDGET = "beyond the edit budget"
MOST_WORDS = 400
"""Of a reflection: it is sent with each of the requests that follow."""


class Gpo:
    """Gradient-inspired prompt optimization, on the regions of a prompt.

    Args:
        options: What is set about it.
        name: What reports call it.
    """

    def __init__(self, options: GpoOptions | None = None, *, name: str = "gpo") -> None:
        self.options = options or GpoOptions()
        self._name = name

    @property
    def name(self) -> str:
        """What settings and reports call it."""
        return self._name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        options = self.options
        steps = options.most_steps(scope.steps, scope.cases)
        merged = options.momentum == "summary"
        proposals = scope.affordable(options.per_step) + merged
        return Bound(
            proposals=steps * proposals,
            requests=steps * (proposals + options.reflection),
            embeddings=steps * (options.momentum == "relevance"),
        )

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it, or nothing gets better."""
        descent = Descent(task, self.options)
        if not (yield from descent.start()):
            return
        patience, barren = self.options.plateau * len(task.regions), 0
        for step in range(self.options.steps(task)):
            before = descent.best.mean
            yield NextStep()
            yield from descent.take(step)
            barren = 0 if descent.best.mean > before + 1e-9 else barren + 1
            if 0 < patience <= barren:
                return


class Descent:
    """One search: where it stands, and the way it has come.

    Args:
        task: The search.
        options: What is set about it.

    Attributes:
        current: The prompt in use: what the next step changes.
        best: The best prompt so far.
    """

    current: Evaluated
    best: Evaluated

    def __init__(self, task: Task, options: GpoOptions) -> None:
        self._task = task
        self._options = options
        self._history = History(task, race=options.race)
        self._drafts = Drafts(task)
        self._asker = Asker(task, temperature=options.temperature)
        self._requests = GpoRequests(task, options)

    def start(self) -> Generator[Move, Any, bool]:
        """Begin with the incumbent; return whether it could be scored."""
        (answer,) = yield from self._history.score([self._task.incumbent])
        if not isinstance(answer, Evaluated):
            return False
        self.current = self.best = answer
        self._way = Trajectory(answer)
        return True

    def take(self, step: int) -> Moves:
        """Take one step: ask, score, move on.

        Args:
            step: From 0.
        """
        task, options = self._task, self._options
        region = task.regions[step % len(task.regions)]
        here = self._text(region)
        planned = options.planned_steps(task)
        words = options.budget_of(here).words(step + 1, planned)
        shown = yield from self._shown(region)
        problems = yield from self._problems(region, step)
        content = self._requests.proposal(
            region, here, step, shown=shown, problems=problems, words=words
        )
        times = min(options.per_step, task.proposals or options.per_step)
        replies = yield self._asker.ask(content, times=times)
        again = self._again(replies, region)

        def fault(text: str) -> str | None:
            beyond = options.enforce and words and differ_by_more(here, text, words)
            return OVER_BUDGET if beyond else None

        drafts = yield from self._drafts.read(
            replies, region, prose=prose_of(PROPOSAL), fault=fault
        )
        operator = "edit" if options.refinement == "editing" else "rewrite"
        parents = (self.current.candidate.key,)
        new = yield from self._scored(drafts, replies, region, operator, parents)
        self._move([*new, *again])

    def _text(self, region: Region) -> str:
        return self.current.candidate.texts[region.address].strip()

    def _scored(
        self,
        drafts: Sequence[Draft],
        replies: Replies,
        region: Region,
        operator: str,
        parents: tuple[str, ...],
    ) -> Generator[Move, Any, list[Evaluated]]:
        """Have texts scored in the place of the one in use."""
        base = self.current.candidate
        candidates, origins = [], []
        for draft in drafts:
            reply = replies[draft.reply]
            candidates.append(self._task.rewritten(base, region.address, draft.text))
            origins.append(
                Origin(
                    operator=operator,
                    parents=parents,
                    region=region.address,
                    reply=reply.text if reply is not None else "",
                )
            )
        answers = yield from self._history.score(candidates, origins)
        return [answer for answer in answers if isinstance(answer, Evaluated)]

    def _again(self, replies: Replies, region: Region) -> list[Evaluated]:
        """Return what was scored before and is proposed again; it may win this time.

        Where the best text is always the one in use, it could not.
        """
        if self._options.elitist:
            return []
        read = (read_completion(reply, TAG) for reply in replies)
        texts = {same_text(text) for text in read if not isinstance(text, Unparsable)}
        rest = self.current.candidate.replacing(region.address, "")
        return [
            entry
            for entry in self._history.entries
            if same_text(entry.candidate.texts[region.address]) in texts
            and entry.candidate.replacing(region.address, "") == rest
        ]

    def _move(self, found: Sequence[Evaluated]) -> None:
        """Let the best of a step join the trajectory, and choose what is used next."""
        won = {winner.candidate.key for winner in self._way.winners}
        fresh = [entry for entry in found if entry.candidate.key not in won]
        # The one in use never wins against another one that was proposed with it.
        others = [e for e in found if e.candidate.key != self.current.candidate.key]
        winner = _best(fresh or others)
        if winner is not None:
            self._way.winners.append(winner)
        self.best = self._history.ranked()[0]
        self.current = self.best if self._options.elitist else winner or self.current

    def _shown(self, region: Region) -> Generator[Move, Any, list[Passed]]:
        """Return the texts that a meta-prompt shows with their scores."""
        options = self._options
        shown = yield from self._way.shown(
            self.current, region.address, options.momentum, options.shown
        )
        if options.momentum == "summary":
            return [*(yield from self._summary(region)), *shown]
        return shown

    def _summary(self, region: Region) -> Generator[Move, Any, list[Passed]]:
        """Have the trajectory merged into one text; none where there is nothing to."""
        passed = self._way.passed(region.address)
        if len(passed) < 2:
            return []
        content = self._requests.summary(region, passed)
        replies = yield self._asker.ask(content, temperature=0.0)
        drafts = yield from self._drafts.read(replies, region, prose=prose_of(SUMMARY))
        own = self.current.candidate.key
        won = [winner.candidate.key for winner in self._way.winners]
        parents = tuple(dict.fromkeys([own, *won]))
        found = yield from self._scored(drafts, replies, region, "merge", parents)
        return [
            Passed(text=entry.candidate.texts[region.address].strip(), mean=entry.mean)
            for entry in found
        ]

    def _problems(self, region: Region, step: int) -> Generator[Move, Any, str]:
        """Ask what is wrong with the text in use; empty if nobody says."""
        if not self._options.reflection:
            return ""
        content = self._requests.reflection(region, self.current, step)
        if content is None:
            return ""
        (reply,) = yield self._asker.ask(content, temperature=0.0)
        text = read_completion(reply, PROBLEMS_TAG)
        if isinstance(text, Unparsable):
            yield Tally(f"reflection: {text.reason}")
        elif len(text.split()) > MOST_WORDS:
            yield Tally("reflection: too long")
        else:
            return text
        return ""


def _best(entries: Sequence[Evaluated]) -> Evaluated | None:
    """Return the best of what was proposed in one step; ``None`` of nothing."""
    found = {entry.candidate.key: entry for entry in entries}
    order = best_first(
        Ranked(candidate=entry.candidate, mean=entry.mean, age=age)
        for age, entry in enumerate(found.values())
    )
    return found[order[0].candidate.key] if order else None
