"""Scorers that ask a model: what they ask, and how the replies become a score.

Asking is the work of others: a scorer only says what to ask, and later, given the
replies, what the score is. So the questions of a judge go through the same engine,
cache and budget as all other requests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.honesty import honesty_of, repeated_questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion, Request, Score
    from pytest_promptopt.scorers.honesty import Honesty

SECOND = "second"
"""The part that holds what a second judge, or a labelled case, says of a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to a judge.

    Attributes:
        model: Name of the judge model; empty for that of the run.
        request: What it is asked; its seed is the number of the draw, 0 the first time.
    """

    model: str
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One reply to a case that was graded by asking.

    Attributes:
        case: The case.
        completion: The reply that was graded.
        replies: What the judge replied, one for each question that was not asked for
            confirmation only; ``None`` where no reply came.
    """

    case: Case
    completion: Completion
    replies: tuple[Completion | None, ...]


class Asking(ABC):
    """A scorer that asks a model, with everything that it names.

    For one reply: ask :meth:`questions`, then :meth:`compare` with one reply for each,
    in their order. After a prompt test: ask :meth:`checks` about the replies to the own
    arm, then :meth:`honesty` with the replies. All of it is pure.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def label(self) -> str:
        """What messages call the scorer."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Digest of what decides the scores, beside the models."""

    @property
    @abstractmethod
    def models(self) -> tuple[str, ...]:
        """Names of the models that decide the score; an empty one is the run's."""

    @property
    def second_models(self) -> tuple[str, ...]:
        """Names of the models that are asked for confirmation only."""
        return ()

    @property
    def confirms(self) -> bool:
        """Whether there is a second opinion to ask for: the part :data:`SECOND`."""
        return False

    @property
    def repeats(self) -> int | None:
        """How many replies to grade twice; ``None`` for as many as is usual."""
        return None

    def check(self, cases: Sequence[Case]) -> None:
        """Refuse cases that the scorer cannot be used on, before anything is paid for.

        Raises:
            ScorerError: There is one.
        """
        del cases

    @abstractmethod
    def most_questions(self, *, confirming: bool = False) -> int:
        """Return how many questions one reply can take; for budgets."""

    @abstractmethod
    def questions(
        self, case: Case, completion: Completion, *, confirming: bool = False
    ) -> tuple[Question, ...]:
        """Return what to ask about a reply.

        Args:
            case: The case.
            completion: The reply to it.
            confirming: Whether the second opinion is asked for too.

        Returns:
            None if there is nothing to ask: the reply is empty, refused or cut off, and
            :meth:`compare` knows the score without a reply.

        Raises:
            ScorerError: The scorer cannot be used on the case.
            TemplateError: The rubric does not render for it.
        """

    @abstractmethod
    def compare(
        self,
        case: Case,
        completion: Completion,
        replies: Sequence[Completion | None],
        *,
        confirming: bool = False,
    ) -> Score:
        """Return the score of a reply; nothing is asked.

        Args:
            case: The case.
            completion: The reply to it.
            replies: One for each of :meth:`questions`, in their order; ``None`` where
                none came.
            confirming: As the questions were asked.

        Returns:
            The score, unscored where a verdict is missing or cannot be read. With
            ``confirming``, its part :data:`SECOND` is the second opinion, if that has a
            verdict.

        Raises:
            ScorerError: The scorer cannot be used on the case.
        """

    def checks(self, asked: Sequence[Asked]) -> tuple[Question, ...]:
        """Return what to ask to find out how far the judge can be trusted.

        Args:
            asked: The replies that were graded, in any order.

        Returns:
            The questions about some of the replies once more, and those about replies
            that people have labelled.
        """
        return repeated_questions(self, asked)

    def honesty(
        self, asked: Sequence[Asked], replies: Sequence[Completion | None]
    ) -> tuple[Honesty, ...]:
        """Return how far the judge can be trusted; one record for each judge.

        Args:
            asked: The same as for :meth:`checks`.
            replies: One for each of its questions; ``None`` where none came.
        """
        return (honesty_of(self, asked, replies),)

    def __call__(self, case: Case, completion: Completion) -> Score:
        """Refuse to grade without asking.

        Raises:
            ScorerError: Always.
        """
        raise ScorerError(
            f"scorer {self.label!r} asks a model, and cannot grade a reply "
            f"{completion.text[:40]!r} to case {case.id!r} by itself",
            "name it on the marker, scorer=..., which sends its questions",
        )
