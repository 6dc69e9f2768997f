"""What a search for a text found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_promptopt.records import Step

Stop = Literal["until", "perfect", "steps", "stalled", "budget", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A text that was tried, and what it is worth.

    Attributes:
        text: The text, without outer blank space.
        value: What the objective gave it; higher is better.
        step: When it was tried, from 1; 0: it is a seed.
        reason: What the objective said about it; empty if it said nothing.
    """

    text: str
    value: float
    step: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """What a search for a text came to.

    Attributes:
        best: The best attempt; of equal ones the first.
        history: Every text that was tried, once, in the order they were tried: the
            seeds first.
        steps: One line for each step: replies asked for, texts turned away by reason,
            calls so far. Its ``best`` is on the inner scale from 0 to 1.
        calls: Calls of the model, replies from the cache included, repetitions not.
        stopped: Why it ended: ``"until"`` (the caller said so), ``"perfect"`` (the
            upper one of the bounds is reached), ``"steps"``, ``"stalled"`` (nothing
            new, or the strategy ended), ``"budget"`` or ``"error"``.
        message: What failed, where ``stopped`` is ``"error"``; else empty.
        strategy: Name of the strategy.
        seed: Seed of the random draws.
    """

    best: Attempt
    history: tuple[Attempt, ...]
    steps: tuple[Step, ...]
    calls: int
    stopped: Stop
    message: str = ""
    strategy: str
    seed: int
