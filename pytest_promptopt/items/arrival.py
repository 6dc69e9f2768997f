"""Waiting for a reply without blocking the event loop that the test runs on."""

from __future__ import annotations

import contextlib
from concurrent.futures import wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.models.engine import Reply


async def on_running_loop(reply: Future[Reply]) -> None:
    """Wait on whichever loop runs here: asyncio's, or the one that anyio knows."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        await on_trio(reply)
    else:
        await on_asyncio(reply)


async def on_asyncio(reply: Future[Reply]) -> None:
    """Wait on asyncio's loop; the outcome stays at the future."""
    import asyncio

    # asyncio would not let an exit pass, so the outcome stays where it is.
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(arrived.set)

    reply.add_done_callback(wake)
    await arrived.wait()


async def on_trio(reply: Future[Reply]) -> None:
    """Wait on trio's loop; the outcome stays at the future."""
    from anyio import CapacityLimiter, to_thread

    def outlast() -> None:
        wait([reply])

    # A limiter of its own: the application's threads must not wait for our replies.
    await to_thread.run_sync(
        outlast, abandon_on_cancel=True, limiter=CapacityLimiter(1)
    )
