"""From arms and cases to trials: requests out, bodies run, scores kept by case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from pytest_promptopt.errors import (
    BudgetExhausted,
    ModelError,
    PromptOptError,
)
from pytest_promptopt.items.body import first_line
from pytest_promptopt.items.handle import PromptHandle
from pytest_promptopt.items.measures import measures_of
from pytest_promptopt.models.engine import Call
from pytest_promptopt.records import Completion, Message, Request, Trial

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.items.body import Body, Judged
    from pytest_promptopt.items.prompt_test import Arm
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.records import Case, Trials


@dataclass(slots=True)
class Tally:
    """What one prompt test has asked of the models.

    Attributes:
        calls: Requests that went out.
        cached: Replies that came from the cache.
        reported_models: Model ids that providers reported.
    """

    calls: int = 0
    cached: int = 0
    reported_models: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count(self, reply: Reply) -> Completion:
        """Count a reply, from any thread, and return its completion."""
        with self._lock:
            if reply.cached:
                self.cached += 1
            else:
                self.calls += 1
        if reply.completion.model:
            self.reported_models.add(reply.completion.model)
        return reply.completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which draws a measurement makes.

    Attributes:
        purpose: ``"gate"``, ``"baseline"``, ``"search"``, ``"holdout"`` or ``"case"``.
        run: Names the run whose draws these are.
        indices: Numbers of the trials.
        tally: Counts the replies.
        budget: What the calls are charged to; ``None``: no limit.
    """

    purpose: str
    run: str
    indices: range
    tally: Tally
    budget: Budget | None = None


Exchange = tuple[tuple[Message, ...], Completion]
"""Messages that were sent, and the reply to them."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """One trial on its way.

    Attributes:
        arm: The arm it belongs to.
        case: The case.
        index: Number of the trial.
        draw: What it is for.
        reply: The reply to come; ``None`` where the body calls the model itself.
        judged: What the body made of it, once it has run.
        lost: Why no reply came, if none did.
        completion: The reply, once it has come.
        exchanges: What a live handle sent and got back, in the order of arrival.
    """

    arm: Arm
    case: Case
    index: int
    draw: Draw
    reply: Future[Reply] | None = None
    judged: Judged | None = None
    lost: ModelError | None = None
    completion: Completion | None = None
    exchanges: list[Exchange] = field(default_factory=list)

    def trial(self) -> Trial:
        """Return what is kept of it."""
        if self.lost is not None:
            cause = "budget" if isinstance(self.lost, BudgetExhausted) else "provider"
            return Trial.lost(f"{cause}: {self.lost.problem}")
        judged = self.judged
        if judged is None:
            return Trial.lost("not run")
        if judged.broken and judged.score.value is None:
            return Trial.lost(f"test: {judged.score.reason}")
        output = judged.output
        if output is None:
            output = self._last_text()
        finish = (
            self.completion.finish_reason if self.completion is not None else "stop"
        )
        return Trial(
            score=judged.score,
            output=output,
            finish_reason=finish,
            measures=measures_of(
                judged.score, self._completions(), self.arm.price, output=output
            ),
        )

    def _completions(self) -> list[Completion]:
        """Return every reply that the trial took."""
        if self.completion is not None:
            return [self.completion]
        return [completion for _, completion in self.exchanges]

    def _last_text(self) -> str:
        if self.completion is not None:
            return self.completion.text
        return self.exchanges[-1][1].text if self.exchanges else ""


Batch = list[Pending]
Awaiting = Callable[["Future[Reply]"], Awaitable[None]]
"""Waits for a reply without blocking the event loop; tells nothing of its outcome."""


def start(
    engine: Engine,
    arms: Sequence[tuple[Arm, Sequence[Case]]],
    draw: Draw,
    *,
    calls_model: bool,
) -> Batch:
    """Send the requests of all arms, interleaved case by case and trial by trial.

    Args:
        engine: Answers them.
        arms: Each arm with its cases.
        draw: Which draws to make.
        calls_model: Whether the plugin calls the model; the body does otherwise.

    Raises:
        TemplateError: A prompt does not render for a case.
    """
    batch = list(_interleaved(arms, draw))
    if calls_model:
        calls = [
            call_for(
                pending.arm,
                pending.arm.prompt.render(pending.case.inputs),
                pending.index,
                draw,
            )
            for pending in batch
        ]
        for pending, reply in zip(batch, engine.start_all(calls), strict=True):
            pending.reply = reply
    return batch


def _interleaved(
    arms: Sequence[tuple[Arm, Sequence[Case]]], draw: Draw
) -> Iterable[Pending]:
    order = {case.id: case for _, cases in arms for case in cases}
    members = [({case.id for case in cases}, arm) for arm, cases in arms]
    for case in order.values():
        for index in draw.indices:
            for ids, arm in members:
                if case.id in ids:
                    yield Pending(arm=arm, case=case, index=index, draw=draw)


def call_for(arm: Arm, messages: tuple[Message, ...], index: int, draw: Draw) -> Call:
    """Return the call that asks one arm's model."""
    request = Request(messages=messages, settings=arm.settings, seed=index)
    return Call(
        model=arm.model,
        request=request,
        purpose=draw.purpose,
        run=draw.run,
        budget=draw.budget,
    )


def handle_for(pending: Pending, engine: Engine) -> PromptHandle:
    """Return the live handle of one trial."""

    def send(messages: tuple[Message, ...]) -> Completion:
        call = call_for(pending.arm, messages, pending.index, pending.draw)
        try:
            reply = awaited(engine.start(call), call.model)
        except ModelError as error:
            pending.lost = error  # even if the application swallows it
            raise
        completion = pending.draw.tally.count(reply)
        pending.exchanges.append((messages, completion))
        return completion

    return PromptHandle(pending.arm.prompt, send)


def judge(pending: Pending, body: Body, engine: Engine) -> None:
    """Wait for one reply and run the body on it, in the calling thread."""
    __tracebackhide__ = True  # a timeout strikes here, and shows what hangs
    if not arrive(pending):
        return
    handle = handle_for(pending, engine) if body.takes_prompt else None
    try:
        judged = body.judge(pending.case, pending.completion, handle)
    except ModelError as error:
        pending.lost = error
        return
    pending.judged = _checked(judged, handle)


async def judge_async(
    pending: Pending, body: Body, engine: Engine, reply: Awaiting
) -> None:
    """Do the same with an ``async`` body, on the loop that runs it.

    The loop goes on while a reply is on its way: it may be what answers, and the
    bodies that run already may have deadlines.
    """
    if pending.reply is not None and not pending.reply.done():
        await reply(pending.reply)
    if not arrive(pending):
        return
    handle = handle_for(pending, engine) if body.takes_prompt else None
    try:
        judged = await body.judge_async(pending.case, pending.completion, handle)
    except ModelError as error:
        pending.lost = error
        return
    pending.judged = _checked(judged, handle)


def arrive(pending: Pending) -> bool:
    """Wait for a reply; return whether there is something to judge."""
    __tracebackhide__ = True
    if pending.reply is not None:
        try:
            reply = awaited(pending.reply, pending.arm.model)
            pending.completion = pending.draw.tally.count(reply)
        except ModelError as error:
            pending.lost = error
    return pending.lost is None


def awaited(reply: Future[Reply], model: NamedModel) -> Reply:
    """Wait for a reply, in the calling thread.

    Raises:
        ModelError: None came; also where the model tried to end the process.
    """
    __tracebackhide__ = True
    try:
        return reply.result()
    except (PromptOptError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not reply.done() or reply.cancelled() or reply.exception() is not error:
            raise  # it struck this thread, as timeouts do
        raise ModelError(
            f"model {model.name!r} raised {type(error).__name__}: {first_line(error)}",
            "correct the model's complete()",
        ) from error


def _checked(judged: Judged, handle: PromptHandle | None) -> Judged:
    scored = judged.score.value is not None
    if handle is not None and not handle.used and scored and not judged.broken:
        raise PromptOptError(
            "the body takes 'prompt' but never uses it",
            "pass prompt.text, prompt.render or prompt.complete to the application, "
            "else every prompt gets the same score",
        )
    return judged


def replies_of(batch: Batch) -> list[Future[Reply]]:
    """Return the replies that a batch waits for."""
    return [pending.reply for pending in batch if pending.reply is not None]


def gathered(
    batch: Batch, arms: Sequence[tuple[Arm, Sequence[Case]]]
) -> tuple[Trials, ...]:
    """Return each arm's trials by case id, in the order of its cases and indices."""
    by_arm: dict[int, dict[str, list[Trial]]] = {
        id(arm): {case.id: [] for case in cases} for arm, cases in arms
    }
    for pending in batch:
        by_arm[id(pending.arm)][pending.case.id].append(pending.trial())
    return tuple(
        {case_id: tuple(trials) for case_id, trials in by_arm[id(arm)].items()}
        for arm, _ in arms
    )
