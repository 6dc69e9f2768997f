"""New texts made from older ones: one request for each, read with its own check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.drafts import TAG
from pytest_promptopt.optimize.evidence import meta_prompt, prose_of
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from typing import Any

    from pytest_promptopt.optimize.asking import Asker
    from pytest_promptopt.optimize.drafts import Draft, Drafts
    from pytest_promptopt.optimize.effects import Complete
    from pytest_promptopt.optimize.strategy import Tally, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Candidate, Completion

    Fault = Callable[[str, str], "str | None"]
    """Says of a whole reply and the text in it why it is turned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A text that one request asks for.

    Attributes:
        region: What the text is for.
        base: The candidate whose other regions the child has.
        operator: How the child comes to be, for its origin.
        meta_prompt: File of the meta-prompt.
        values: What is filled in, beside what every meta-prompt says of a region.
        parents: Keys of the candidates it is made from, that of ``base`` first.
        fault: What the whole reply is checked for; ``None``: nothing.
    """

    region: Region
    base: Candidate
    operator: str
    meta_prompt: str
    values: Mapping[str, Any]
    parents: tuple[str, ...]
    fault: Fault | None = None

    def content(self, task: Task) -> str:
        """Return the text of the request."""
        address = self.region.address
        return meta_prompt(
            self.meta_prompt,
            keep=", ".join(self.region.fixed),
            word_limit=task.word_limit[address],
            steps=", ".join(task.names.get(address, ())),
            tag=TAG,
            **self.values,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A new candidate, not scored yet.

    Attributes:
        candidate: The candidate.
        origin: How it came to be.
    """

    candidate: Candidate
    origin: Origin


def born(
    task: Task, asker: Asker, drafts: Drafts, wanted: Sequence[Wanted]
) -> Generator[Complete | Tally, Any, tuple[Child | None, ...]]:
    """Ask for some texts at once, and read them.

    Args:
        task: The search.
        asker: Makes the requests; equal ones are draws of their own.
        drafts: Reads the replies; what it turns away is counted.
        wanted: The texts; nothing is asked for none.

    Returns:
        One child for each, in the same order; ``None`` where the reply held no text
        to try.
    """
    if not wanted:
        return ()
    replies: Sequence[Completion | None] = yield asker.ask(
        *(entry.content(task) for entry in wanted)
    )
    children = []
    for entry, reply in zip(wanted, replies, strict=True):
        read = yield from _read(drafts, entry, reply)
        children.append(_child(task, entry, read[0], reply) if read and reply else None)
    return tuple(children)


def _read(
    drafts: Drafts, wanted: Wanted, reply: Completion | None
) -> Generator[Tally, None, tuple[Draft, ...]]:
    def fault(text: str) -> str | None:
        return wanted.fault(reply.text, text) if wanted.fault and reply else None

    return (
        yield from drafts.read(
            [reply], wanted.region, prose=prose_of(wanted.meta_prompt), fault=fault
        )
    )


def _child(task: Task, wanted: Wanted, draft: Draft, reply: Completion) -> Child:
    address = wanted.region.address
    return Child(
        candidate=task.rewritten(wanted.base, address, draft.text),
        origin=Origin(
            operator=wanted.operator,
            parents=wanted.parents,
            region=address,
            reply=reply.text,
        ),
    )
