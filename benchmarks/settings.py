"""The jobs that the engine and its peers are measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One job: so many cases, and an endpoint that answers as it is told.

    Attributes:
        title: What it shows.
        number: Cases.
        concurrency: Requests in flight at once.
        faults: How the server answers, as in ``loopback.Faults``.
        warm: Whether the replies of an earlier run are there.
        tests: Prompt tests of ours, among which the cases are divided.
    """

    title: str
    number: int = 1000
    concurrency: int = 32
    faults: Mapping[str, float] = field(default_factory=dict)
    warm: bool = False
    tests: int = 1

    @property
    def ideal_s(self) -> float:
        """The least time from the first request to the last reply, in seconds.

        Every attempt counts that is expected to fail.
        """
        faults = self.faults
        replied = 1 - faults.get("error_rate", 0)
        replied *= 1 - faults.get("drop_rate", 0)
        attempts = self.number / replied
        waves = math.ceil(attempts / self.concurrency)
        span_s = waves * faults.get("latency_ms", 0) / 1000
        rate = faults.get("rate_limit", 0)
        if not rate:
            return span_s
        return max(span_s, (attempts - (faults.get("burst", 0) or rate)) / rate)


SETTINGS = {
    "A": Setting(title="1,000 cases, 50 ms", faults={"latency_ms": 50}),
    "A20": Setting(
        title="the same in 20 prompt tests of 50", faults={"latency_ms": 50}, tests=20
    ),
    "B": Setting(title="1,000 cases, no latency"),
    "C": Setting(title="A again, from the cache", faults={"latency_ms": 50}, warm=True),
    "D": Setting(
        title="10,000 cases, 20 ms",
        number=10_000,
        concurrency=64,
        faults={"latency_ms": 20},
    ),
    "DC": Setting(
        title="D again, from the cache",
        number=10_000,
        concurrency=64,
        faults={"latency_ms": 20},
        warm=True,
    ),
    "E": Setting(
        title="500 cases, 50 ms, 5 % status 500, 429 above 200 requests/s",
        number=500,
        faults={"latency_ms": 50, "error_rate": 0.05, "rate_limit": 200},
    ),
    "E2": Setting(
        title="the same, 429 above 50 requests/s, bucket of 10",
        number=500,
        faults={"latency_ms": 50, "error_rate": 0.05, "rate_limit": 50, "burst": 10},
    ),
    "E3": Setting(
        title="500 cases, 50 ms, 20 % status 500, 5 % dropped connections",
        number=500,
        faults={"latency_ms": 50, "error_rate": 0.2, "drop_rate": 0.05},
    ),
}
