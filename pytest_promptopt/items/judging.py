"""Waiting for a reply and running the body on it, in a thread or on an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, PlacedError
from pytest_promptopt.items.sending import awaited

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.items.body import Body, Judged
    from pytest_promptopt.items.delivery.way import Delivery
    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.items.pending import Pending
    from pytest_promptopt.models.engine import Engine, Reply

Awaiting = Callable[["Future[Reply]"], Awaitable[None]]
"""Waits for a reply without blocking the event loop; tells nothing of its outcome."""


def handle_for(pending: Pending, body: Body, engine: Engine) -> PromptHandle:
    """Return the live handle of one trial."""
    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.items.sender import Sender

    sender = Sender(pending=pending, engine=engine)
    return PromptHandle(pending.arm.prompt, sender, project=body.delivery.copy)


def judge(pending: Pending, body: Body, engine: Engine) -> None:
    """Wait for one reply and run the body on it, in the calling thread."""
    __tracebackhide__ = True  # a timeout strikes here, and shows what hangs
    if pending.inquiry is not None or not arrive(pending):
        return
    handle = handle_for(pending, body, engine) if body.calls_itself else None
    try:
        judged = body.judge(pending.case, pending.completion, handle)
    except ModelError as error:
        pending.lost = error
        return
    pending.judged = _checked(judged, handle, pending, body.delivery)
    _grade(pending, engine)


async def judge_async(
    pending: Pending, body: Body, engine: Engine, reply: Awaiting
) -> None:
    """Do the same with an ``async`` body, on the loop that runs it.

    The loop goes on while a reply is on its way: it may be what answers, and the
    bodies that run already may have deadlines.
    """
    if pending.reply is not None and not pending.reply.done():
        await reply(pending.reply)
    if pending.inquiry is not None or not arrive(pending):
        return
    handle = handle_for(pending, body, engine) if body.calls_itself else None
    try:
        judged = await body.judge_async(pending.case, pending.completion, handle)
    except ModelError as error:
        pending.lost = error
        return
    pending.judged = _checked(judged, handle, pending, body.delivery)
    _grade(pending, engine)


def _grade(pending: Pending, engine: Engine) -> None:
    if pending.draw.judge is not None:
        from pytest_promptopt.items import grading

        grading.begin(pending, engine)


def arrive(pending: Pending) -> bool:
    """Wait for a reply; return whether there is something to judge."""
    __tracebackhide__ = True
    answer = pending.known
    if pending.reply is not None:
        try:
            answer = awaited(pending.reply, pending.arm.model)
        except ModelError as error:
            pending.lost = error
    if answer is not None:
        pending.completion = pending.draw.tally.count(answer, pending.arm.rate)
    pending.reply = pending.known = None
    return pending.lost is None


def _checked(
    judged: Judged, handle: PromptHandle | None, pending: Pending, delivery: Delivery
) -> Judged:
    if handle is None:
        return judged
    if delivery.calls_application or not handle.has_sent:
        pending.draw.tally.count_run()
    unused = delivery.unused(handle)
    if unused is not None and judged.score.value is not None and not judged.broken:
        raise PlacedError(*unused)  # the session says where
    return judged
