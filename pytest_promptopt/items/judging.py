"""Waiting for a reply and running the body on it, in a thread or on an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, PromptOptError
from pytest_promptopt.items.handle import PromptHandle
from pytest_promptopt.items.sending import awaited, call_for

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.items.body import Body, Judged
    from pytest_promptopt.items.pending import Pending
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.records import Completion, Message

Awaiting = Callable[["Future[Reply]"], Awaitable[None]]
"""Waits for a reply without blocking the event loop; tells nothing of its outcome."""


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
    handle = handle_for(pending, engine) if body.calls_itself else None
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
    handle = handle_for(pending, engine) if body.calls_itself else None
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


def _checked(judged: Judged, handle: PromptHandle | None) -> Judged:
    scored = judged.score.value is not None
    if handle is not None and not handle.used and scored and not judged.broken:
        raise PromptOptError(
            "the body takes 'prompt' but never uses it",
            "pass prompt.text, prompt.render or prompt.complete to the application, "
            "else every prompt gets the same score",
        )
    return judged
