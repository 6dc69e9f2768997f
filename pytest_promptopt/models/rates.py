"""Requests and tokens per minute, as an account with a provider allows them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.models.tokens import FIRST_REPLY, prompt_tokens, reply_limit
from pytest_promptopt.records import Usage

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

MINUTE_S = 60.5
"""A little more than a minute: requests are counted where they arrive, and the first
ones take longer, since they open the connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an account allows.

    Attributes:
        account: Models of one account share the limits.
        requests_per_minute: Above 0; ``None``: no limit.
        tokens_per_minute: The same of tokens, sent and received.
    """

    account: str
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(slots=True)
class Entry:
    """An amount that was taken at a time, in seconds of a monotonic clock."""

    time: float
    amount: float


class Window:
    """An amount that is never exceeded in any minute.

    Args:
        limit: The amount, above 0. One that is above it is taken alone.
        unit: The smallest amount. Where the limit is less, the time is longer.
    """

    def __init__(self, limit: float, *, unit: float = 1.0) -> None:
        self._limit = max(limit, unit)
        self._for_s = MINUTE_S * max(1.0, unit / limit)
        self._entries: deque[Entry] = deque()
        self._total = 0.0

    def opens_at(self, now: float, amount: float) -> float:
        """Return when an amount can be taken."""
        self._forget(now)
        over = self._total + amount - self._limit
        if over <= 0:
            return now
        for entry in self._entries:
            over -= entry.amount
            if over <= 0:
                return entry.time + self._for_s
        return self._entries[-1].time + self._for_s if self._entries else now

    def take(self, now: float, amount: float) -> Entry:
        """Take an amount."""
        entry = Entry(now, amount)
        self._entries.append(entry)
        self._total += amount
        return entry

    def correct(self, entry: Entry, amount: float) -> None:
        """Say how much it really was."""
        if entry.time > -math.inf:
            self._total += amount - entry.amount
            entry.amount = amount

    def _forget(self, now: float) -> None:
        entries = self._entries
        while entries and entries[0].time + self._for_s <= now:
            entry = entries.popleft()
            self._total -= entry.amount
            entry.time = -math.inf  # what comes to be known later is of no use
        if not entries:
            self._total = 0.0  # no rounding errors are carried over


@dataclass(slots=True)
class Taken:
    """What one request was taken to need.

    Attributes:
        prompt: Tokens of its prompt, as its length tells.
        tokens: All tokens, as they are counted.
    """

    prompt: int = 0
    tokens: Entry | None = None


class Rates:
    """The limits of one account, kept by all requests of this process.

    Args:
        limits: The limits.
        processes: How many processes share them, from 1.
    """

    def __init__(self, limits: Limits, *, processes: int = 1) -> None:
        requests, tokens = limits.requests_per_minute, limits.tokens_per_minute
        self._requests = None if requests is None else Window(requests / processes)
        self._tokens = None if tokens is None else Window(tokens / processes)
        self._guessed = 0
        self._sent = 0
        self._received = 0
        self._replies = 0

    def opens_at(self, now: float, request: Request) -> float:
        """Return when a request may start."""
        at = now
        if self._requests is not None:
            at = self._requests.opens_at(now, 1.0)
        if self._tokens is not None:
            needed = self._estimate(prompt_tokens(request), request)
            at = max(at, self._tokens.opens_at(now, needed))
        return at

    def take(self, now: float, request: Request) -> Taken:
        """Count a request that starts."""
        if self._requests is not None:
            self._requests.take(now, 1.0)
        if self._tokens is None:
            return Taken()
        prompt = prompt_tokens(request)
        needed = self._estimate(prompt, request)
        return Taken(prompt, self._tokens.take(now, needed))

    def settle(self, taken: Taken, usage: Usage) -> None:
        """Count what a reply has cost in the place of the estimate.

        Args:
            taken: What was taken for it.
            usage: As the provider counted it; of no use if it did not.
        """
        if self._tokens is None or taken.tokens is None or usage == Usage():
            return
        used = usage.prompt_tokens + usage.completion_tokens
        self._tokens.correct(taken.tokens, used)
        self._guessed += taken.prompt
        self._sent += usage.prompt_tokens
        self._received += usage.completion_tokens
        self._replies += 1

    def give_back(self, taken: Taken) -> None:
        """Take back the tokens of a request that was turned away unread."""
        if self._tokens is not None and taken.tokens is not None:
            self._tokens.correct(taken.tokens, 0.0)

    def _estimate(self, prompt: int, request: Request) -> float:
        """Return the tokens that a request may take, by what others took."""
        if self._replies and self._guessed:
            return prompt * self._sent / self._guessed + self._received / self._replies
        return prompt + (reply_limit(request.settings) or FIRST_REPLY)
