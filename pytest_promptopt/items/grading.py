"""Questions to a judge, from sending them to the score that their replies give.

The questions about a reply are sent as soon as its body has run, and the replies are
waited for once all bodies of the batch have, so that many are on their way at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError
from pytest_promptopt.items.body import own_copy
from pytest_promptopt.items.sending import awaited
from pytest_promptopt.models.engine import Call
from pytest_promptopt.models.prices import FREE
from pytest_promptopt.report.exchanges import exchange_lines
from pytest_promptopt.scorers.asking import SECOND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Future

    from pytest_promptopt.items.judge import Judge
    from pytest_promptopt.items.pending import Draw, Pending
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.records import Case, Completion, Score
    from pytest_promptopt.scorers.asking import Question

TRIAL = 1000
"""What a trial's number adds to the seeds of its questions, times that number."""


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """Questions to a judge on their way, with what they are about.

    Attributes:
        judge: Who asks.
        case: The case of the reply; ``None`` where the questions are about the judge.
        completion: The reply they are about; ``None`` in the same way.
        confirming: Whether the second opinion is asked for, too.
        questions: What is asked.
        models: Whom, one for each question.
        coming: The replies to come, one for each question.
        answers: The replies, once they have come; ``None`` where none did.
        lost: Why there is no score, if a reply did not come.
    """

    judge: Judge
    case: Case | None = None
    completion: Completion | None = None
    confirming: bool = False
    questions: tuple[Question, ...]
    models: tuple[NamedModel, ...]
    coming: list[Future[Reply]]
    answers: tuple[Completion | None, ...] = ()
    lost: ModelError | None = None

    def collect(self, draw: Draw) -> None:
        """Take the replies, and count them; waits in the calling thread."""
        __tracebackhide__ = True
        answers: list[Completion | None] = []
        for model, coming in zip(self.models, self.coming, strict=True):
            try:
                reply = awaited(coming, model)
            except ModelError as error:
                self.lost = self.lost or error
                answers.append(None)
            else:
                free = model.costs_nothing
                price = FREE if free else self.judge.prices.get(model.name)
                answers.append(draw.tally.count_judge(reply, price))
        self.answers = tuple(answers)

    def shown(self) -> list[str]:
        """Return what was asked and answered, for a look at one case."""
        rows = zip(self.questions, self.models, self.answers, strict=True)
        return [
            line
            for question, model, answer in rows
            if answer is not None
            for line in exchange_lines(
                [(question.request.messages, answer, f"judge {model.name}")]
            )
        ]

    def score(self) -> Score:
        """Return the score that the replies give.

        Raises:
            ScorerError: The scorer cannot be used on the case.
            ValueError: The questions are about no case.
        """
        if self.case is None or self.completion is None:
            raise ValueError("there is nothing to score")
        return self.judge.asking.compare(
            own_copy(self.case),
            self.completion,
            self.answers,
            confirming=self.confirming,
        )


def _wrong_twice(score: Score, judge: Judge) -> Score:
    """Let a reply that is wrong without asking be wrong by the second opinion too."""
    if score.value != 0.0 or not judge.asking.confirms:
        return score
    return replace(score, parts={**score.parts, SECOND: 0.0})


def begin(pending: Pending, engine: Engine) -> None:
    """Ask about a reply whose body has run, if that leaves something to ask.

    Raises:
        PromptOptError: The scorer, or its rubric, cannot be used on the case.
    """
    judge, judged = pending.draw.judge, pending.judged
    if judge is None or judged is None or pending.lost is not None:
        return
    confirming = pending.draw.purpose == "holdout"
    if judged.ungraded is None:
        if confirming:
            score = _wrong_twice(judged.score, judge)
            pending.judged = replace(judged, score=score)
        return
    questions = judge.asking.questions(
        own_copy(pending.case), judged.ungraded, confirming=confirming
    )
    drawn = [_of_trial(question, pending.index) for question in questions]
    inquiry = ask(judge, drawn, pending.draw, engine)
    inquiry.case, inquiry.completion = pending.case, judged.ungraded
    inquiry.confirming = confirming
    pending.inquiry = inquiry


def _of_trial(question: Question, index: int) -> Question:
    """Return a question as a draw of one trial's own.

    Trials with one text would else share one verdict. Its error would count as often as
    there are trials, and the gate's tests, which take trials for independent, would see
    a drop in it: a model that repeats itself, and a judge that errs in 10 of 100
    verdicts, would fail up to 11 of 100 unchanged prompts instead of 3.
    """
    request = question.request
    seed = (request.seed or 0) + TRIAL * index
    return replace(question, request=replace(request, seed=seed))


def ask(
    judge: Judge, questions: Sequence[Question], draw: Draw, engine: Engine
) -> Inquiry:
    """Send questions to the models that they name.

    Equal questions in one run are asked once: where a reply is the same in both arms,
    its verdict is, and tells nothing about the edit.

    Args:
        judge: Who asks.
        questions: What is asked.
        draw: Which run it belongs to, and what it is charged to.
        engine: Answers requests.

    Raises:
        SettingError: Nobody supplies a model.
    """
    models = tuple(judge.model_named(question.model) for question in questions)
    calls = [
        Call(
            model=model,
            request=question.request,
            purpose="judge",
            run=draw.run,
            budget=draw.budget,
        )
        for question, model in zip(questions, models, strict=True)
    ]
    return Inquiry(
        judge=judge,
        questions=tuple(questions),
        models=models,
        coming=engine.start_all(calls),
    )


def finish(pending: Pending) -> None:
    """Wait for the judge's replies and score the trial, in the calling thread."""
    __tracebackhide__ = True
    inquiry, judged = pending.inquiry, pending.judged
    if inquiry is None:
        return
    inquiry.collect(pending.draw)
    if judged is None:
        return
    if inquiry.lost is not None:
        pending.lost = inquiry.lost
        return
    pending.judged = replace(judged, score=inquiry.score(), ungraded=None)


async def finish_async(
    pending: Pending, reply: Callable[[Future[Reply]], Awaitable[None]]
) -> None:
    """Do the same without blocking the event loop that runs here."""
    for coming in pending.inquiry.coming if pending.inquiry is not None else ():
        if not coming.done():
            await reply(coming)
    finish(pending)
