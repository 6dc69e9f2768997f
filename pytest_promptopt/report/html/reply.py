"""What one arm replied to a case, each different reply once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply, and how often it came.

    Attributes:
        text: The reply's text.
        score: Its score in [0, 1]; ``None``: it has none.
        reason: Why the score is not 1, or why there is none.
        missing: Why no reply came; empty if one did.
        finish_reason: Why it ended, as in :class:`Completion`.
        times: In how many trials it came; 0: not known.
    """

    text: str
    score: float | None
    reason: str = ""
    missing: str = ""
    finish_reason: str = "stop"
    times: int = 1


def folded(trials: Iterable[Trial]) -> list[Reply]:
    """Return each different reply once, in the order they first came."""
    found: dict[Reply, int] = {}
    for trial in trials:
        reply = Reply(
            text=trial.output,
            score=trial.score.value,
            reason="" if trial.missing else trial.score.reason,
            missing=trial.missing or "",
            finish_reason=trial.finish_reason,
        )
        found[reply] = found.get(reply, 0) + 1
    return [replace(reply, times=times) for reply, times in found.items()]


def telling_first(replies: Sequence[Reply], *, right: bool) -> list[Reply]:
    """Return replies with the one first that shows best what an arm does.

    Args:
        replies: Those of one arm.
        right: Whether the best one is looked for; else the worst.
    """

    def rank(reply: Reply) -> tuple[bool, float, int]:
        score = 0.0 if reply.score is None else reply.score
        return reply.score is None, -score if right else score, -reply.times

    return sorted(replies, key=rank)


def circumstances(reply: Reply, total: int) -> list[str]:
    """Say in how many trials a reply came, and what it scored.

    Args:
        reply: The reply.
        total: Trials of its arm.
    """
    told = [f"{reply.times} of {count(total, 'trial')}"] if reply.times else []
    if reply.missing:
        return [*told, "no reply"]
    if reply.times:
        score = reply.score
        told.append("unscored" if score is None else f"score {score:.2f}")
    if reply.finish_reason not in ("stop", ""):
        told.append(f"finish reason {reply.finish_reason}")
    return told
