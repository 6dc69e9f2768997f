"""Who is told how far a prompt test is, while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.items.pending import Batch, Pending


class Watch:
    """Is told what happens to the trials of prompt tests, and shows nothing of it.

    What is told in passing may be told from any thread.
    """

    def begin(self, nodeid: str) -> None:
        """Take note of the prompt test that runs from now on."""

    def end(self) -> None:
        """Make room for what others print."""

    def close(self) -> None:
        """Let go of what was held."""

    def asked(self, batch: Batch) -> None:
        """Take note of trials that are going to be judged."""

    def until(self, coming: Future[Any]) -> None:
        """Wait until something has come, if that is of use; it need not have."""

    def judged(self, pending: Pending) -> None:
        """Take note of a trial that has its score, or is lost."""

    def tick(self) -> None:
        """Take a moment in which nothing has happened."""


UNSEEN = Watch()
"""Shows nothing, and has nothing to remember."""
