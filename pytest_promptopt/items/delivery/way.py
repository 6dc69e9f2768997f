"""A way into the application, and the plain one: an argument of the body."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_promptopt.items.delivery.project_copy import ProjectCopy
    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.items.pending import Batch


class Delivery(Protocol):
    """How the text of an arm gets into the application."""

    @property
    def calls_application(self) -> bool:
        """Whether the body calls the application even if it takes no ``prompt``."""
        ...

    @property
    def copy(self) -> ProjectCopy | None:
        """The copy of the project that holds the text, where there is one."""
        ...

    def parts(self, batch: Batch) -> list[Batch]:
        """Divide trials into those that may run beside each other, in order."""
        ...

    def in_place(self, part: Batch) -> AbstractContextManager[None]:
        """Keep the text of one part's arm in its place while the bodies run.

        Raises:
            PromptOptError: It cannot be put there, or did not stay.
        """
        ...

    def unused(self, handle: PromptHandle) -> tuple[str, str] | None:
        """Say that a body made no use of the prompt, as problem and hint.

        ``None``: it made use of it, or that cannot be seen.
        """
        ...

    def close(self) -> None:
        """Remove what was made on the way."""
        ...


def by_arm(batch: Batch) -> list[Batch]:
    """Divide trials by their arms, in the order of the first of each."""
    parts: dict[int, Batch] = {}
    for pending in batch:
        parts.setdefault(id(pending.arm), []).append(pending)
    return list(parts.values())


@dataclass(frozen=True, slots=True)
class AsArgument:
    """The body takes ``prompt`` and hands its text on: the arms may take turns."""

    calls_application: bool = False
    copy: ProjectCopy | None = None

    def parts(self, batch: Batch) -> list[Batch]:
        """Leave the trials in their order."""
        return [batch]

    def in_place(self, part: Batch) -> AbstractContextManager[None]:
        """Put nothing anywhere."""
        del part
        return nullcontext()

    def unused(self, handle: PromptHandle) -> tuple[str, str] | None:
        """Say that the live handle was never used."""
        if handle.was_used:
            return None
        if handle.has_sent:
            return (
                "the body sends messages that hold nothing of the prompt",
                "start them with prompt.messages(...), or put prompt.render(...) into "
                "one, else every prompt gets the same score",
            )
        return (
            "the body takes 'prompt' but never uses it",
            "pass prompt.text, prompt.render or prompt.complete to the application, "
            "else every prompt gets the same score",
        )

    def close(self) -> None:
        """Do nothing: there is nothing to remove."""


AS_ARGUMENT = AsArgument()
