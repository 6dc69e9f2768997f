"""Whether there is a point in asking an endpoint at all."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, ProviderOutage
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_promptopt.models.retry import RetryPolicy

SILENT_AFTER = 5
"""Failures in a row after which an endpoint is only tried now and then."""

WITNESSES = 3
"""One request that can never succeed is no outage: so many different ones are, and so
many failures where no endpoint ever answered."""

DOOR = frozenset({401, 403, 404, 429})
"""Statuses that have nothing to do with what is asked."""


class Health:
    """What the requests to one model have learned from each other's failures.

    Args:
        name: The model's name.
        policy: How patient to be.
        wall_clock: Gives the time of day that messages name, in seconds since 1970.
    """

    def __init__(
        self, name: str, policy: RetryPolicy, wall_clock: Callable[[], float]
    ) -> None:
        self._name = name
        self._policy = policy
        self._wall_clock = wall_clock
        self._replies = 0
        self._replied_at = -math.inf
        self._reached = False
        self._failed = 0
        self._failed_keys: set[str] = set()
        self._failing_since = math.inf
        self._longest_asked_s = 0.0
        self._last: ModelError | None = None
        self._refusals: dict[str, int] = {}
        self._closed: dict[str, ModelError] = {}

    @property
    def is_silent(self) -> bool:
        """Whether so many requests failed in a row that it is tried only at times."""
        return self._failed >= SILENT_AFTER

    @property
    def probes(self) -> int:
        """How many requests failed after the endpoint had fallen silent."""
        return max(0, self._failed - SILENT_AFTER)

    @property
    def was_reached(self) -> bool:
        """Whether an endpoint is there, though it may be overloaded."""
        return self._reached

    def replied_since(self, moment: float) -> bool:
        """Return whether any request got a reply since then."""
        return self._replied_at >= moment

    @property
    def patience_s(self) -> float:
        """How long the endpoint may go on without a single reply, in seconds."""
        policy = self._policy
        if not self._reached:
            return min(policy.unreached_s, policy.outage_s)
        # It keeps its own time: what it asked for has to pass before it is tried.
        return policy.outage_s + 2.0 * self._longest_asked_s

    def replied(self, now: float) -> None:
        """Note a reply."""
        self._replies += 1
        self._replied_at = now
        self._reached = True
        if self._failed_keys:
            self._failed = 0
            self._failed_keys.clear()
            self._failing_since = math.inf
            self._longest_asked_s = 0.0
        if self._refusals:
            self._refusals.clear()

    def failed(
        self, error: ModelError, key: str, now: float, *, counts: bool = True
    ) -> None:
        """Note a failure that may pass.

        Args:
            error: What failed.
            key: Of the request.
            now: When, by a monotonic clock.
            counts: Whether it speaks for an outage: what was sent before the endpoint
                fell silent does not any more, and a limit of rate never does.
        """
        asked_s = error.retry_after_s
        if asked_s is not None and asked_s <= self._policy.longest_pause_s:
            self._longest_asked_s = max(self._longest_asked_s, asked_s)
        self._reached = self._reached or error.status is not None
        self._failing_since = min(self._failing_since, now)
        self._failed_keys.add(key)
        self._failed += counts
        self._last = error

    def refused(self, error: ModelError, settings: Mapping[str, object]) -> None:
        """Note a failure that is going to last."""
        if error.status is None:
            return
        self._reached = True
        kind = "" if error.status in DOOR else _text(settings)
        self._refusals[kind] = self._refusals.get(kind, 0) + 1
        # A setting that is not taken will not be taken the next time either.
        enough = 1 if error.parameter is not None else self._policy.refusals
        if self._refusals[kind] >= enough:
            self._closed[kind] = error

    @property
    def gives_up_at(self) -> float:
        """When the endpoint is given up, if no reply comes until then."""
        # What is asked matters only once there is somebody who reads it.
        witnesses = len(self._failed_keys) if self._reached else self._failed
        if "" in self._closed or witnesses < WITNESSES:
            return math.inf
        return self._failing_since + self.patience_s

    def give_up(self, now: float, error: ModelError | None = None) -> None:
        """Declare an outage, from which there is no return in this run.

        Args:
            now: When, by the monotonic clock.
            error: What is said of it, if somebody else found it out.
        """
        self._closed.setdefault("", error or self._outage(now))

    @property
    def is_closed(self) -> bool:
        """Whether some request is not to be sent any more."""
        return bool(self._closed)

    def closed_for(self, settings: Mapping[str, object]) -> ModelError | None:
        """Return why a request with such settings is not to be sent, if it is not."""
        if not self._closed:
            return None
        error = self._closed.get("") or self._closed.get(_text(settings))
        return None if error is None else _anew(error)

    def _outage(self, now: float) -> ModelError:
        last = self._last
        for_s = now - self._failing_since
        since = datetime.fromtimestamp(self._wall_clock() - for_s)  # noqa: DTZ006
        said = last.problem if last is not None else "unknown"
        return ProviderOutage(
            f"no reply from model {self._name!r} for {for_s:.0f} s, since "
            f"{since:%H:%M:%S}: {count(len(self._failed_keys), 'request')} failed, "
            f"the last one with: {said}; nothing more is sent to it"
            f"{_kept(self._replies)}",
            _HINT if self._reached or last is None else last.hint,
            retryable=True,
        )


_HINT = (
    "run it again when the provider is back: what was answered is not asked again; or "
    "let such tests be skipped with promptopt_on_outage = skip"
)


def _kept(replies: int) -> str:
    if not replies:
        return ""
    came = "1 reply that came" if replies == 1 else f"{replies:,} replies that came"
    return f", and the {came} before {'is' if replies == 1 else 'are'} kept"


def _text(settings: Mapping[str, object]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=repr)


def _anew(error: ModelError) -> ModelError:
    """Return the same error, for another request."""
    told = type(error)(error.problem, error.hint, retryable=error.retryable)
    told.status, told.retry_after_s = error.status, error.retry_after_s
    told.parameter = error.parameter
    return told
