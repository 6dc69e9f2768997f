"""What a search asks of the world: replies of the optimizer model, and trials.

A search yields these and has no other effect, so that a test can drive it with
scripted answers. Either may have :class:`~pytest_promptopt.errors.BudgetExhausted`
thrown in at the ``yield``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_promptopt.records import Candidate, Case, Request

Purpose = Literal["search", "holdout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Ask the optimizer model; the requests are independent of each other.

    Answered with ``tuple[Completion | None, ...]``, one per request in their order;
    ``None`` where no reply came (a loss in transport, not a bad reply).

    Attributes:
        requests: What to send; not empty.
    """

    requests: tuple[Request, ...]

    @property
    def calls(self) -> int:
        """Model calls it takes."""
        return len(self.requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Score candidates with the task model.

    Answered with ``tuple[Trials, ...]``, one per candidate in their order, each with
    one :class:`~pytest_promptopt.records.Trial` per case and index.

    Attributes:
        candidates: What to score; not empty.
        cases: The cases to score on.
        indices: Numbers of the trials to make.
        purpose: ``"search"`` reads the cache freely; ``"holdout"`` is a fresh draw in
            a new run and a replay in the same one.
        run: Names the run whose draws these are; empty in a search.
    """

    candidates: tuple[Candidate, ...]
    cases: tuple[Case, ...]
    indices: range
    purpose: Purpose = "search"
    run: str = ""

    @property
    def calls(self) -> int:
        """Calls of the task model it takes, replays from the cache included."""
        return len(self.candidates) * len(self.cases) * len(self.indices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Have texts embedded: the closer in meaning, the greater the cosine.

    Answered with ``tuple[tuple[float, ...], ...]``, one vector per text in their order,
    or ``None`` where the model gave none.

    Attributes:
        texts: The texts, at least one, with words in each.
    """

    texts: tuple[str, ...]

    @property
    def calls(self) -> int:
        """Model calls it takes: all texts go in one request."""
        return 1


Effect = Complete | Embed | Measure
