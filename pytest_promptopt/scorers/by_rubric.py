"""What all judges with a rubric share: asking, reading, and the second opinion."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.records import Score, digest
from pytest_promptopt.scorers.asking import Asking, Question
from pytest_promptopt.scorers.grading import unusable
from pytest_promptopt.scorers.verdicts import Reading, Verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion, Request
    from pytest_promptopt.scorers.rubric import Rubric
    from pytest_promptopt.scorers.second_opinion import SecondOpinion


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRubric(Asking):
    """A scorer that asks a model by a rubric.

    Attributes:
        rubric: What it is asked.
        verdicts: What it can say.
        model: Name of the judge model; empty for that of the run.
        redrawn: How many replies are judged twice; ``None`` for as many as is usual.
        second: The second opinion, if there is one.
    """

    rubric: Rubric
    verdicts: Verdicts
    model: str = ""
    redrawn: int | None = None
    second: SecondOpinion | None = None

    @property
    @abstractmethod
    def own_questions(self) -> int:
        """How many questions it asks about a reply itself."""

    @abstractmethod
    def settled(self, case: Case, completion: Completion) -> Score | None:
        """Return the score that needs no question; ``None`` if one is needed."""

    @abstractmethod
    def requests(self, case: Case, completion: Completion) -> tuple[Request, ...]:
        """Return what it asks about a reply itself."""

    @abstractmethod
    def graded(self, readings: Sequence[Reading]) -> Score:
        """Return the score from the verdicts; each of them could be read."""

    @property
    def label(self) -> str:
        """What messages call the scorer."""
        return f"{self.rubric.scorer} {self.rubric.prompt.label}"

    @property
    def fingerprint(self) -> str:
        """Digest of the rubric, the verdicts and the model settings."""
        shares = [[name, share] for name, share in self.verdicts.shares.items()]
        return digest([self.rubric.to_json(), shares])

    @property
    def models(self) -> tuple[str, ...]:
        """The judge model."""
        return (self.model,)

    @property
    def second_models(self) -> tuple[str, ...]:
        """The models that are asked for confirmation only."""
        return () if self.second is None else self.second.models

    @property
    def confirms(self) -> bool:
        """Whether there is a second opinion."""
        return self.second is not None

    @property
    def repeats(self) -> int | None:
        """How many replies to judge twice."""
        return self.redrawn

    def most_questions(self, *, confirming: bool = False) -> int:
        """Return how many questions one reply can take."""
        second = self.second if confirming else None
        return self.own_questions + (0 if second is None else second.most_questions)

    def questions(
        self, case: Case, completion: Completion, *, confirming: bool = False
    ) -> tuple[Question, ...]:
        """Return its own questions, then those of the second opinion."""
        asked: tuple[Question, ...] = ()
        if self.settled(case, completion) is None:
            asked = tuple(
                Question(model=self.model, request=request)
                for request in self.requests(case, completion)
            )
        if confirming and self.second is not None:
            asked += self.second.questions(case, completion)
        return asked

    def compare(
        self,
        case: Case,
        completion: Completion,
        replies: Sequence[Completion | None],
        *,
        confirming: bool = False,
    ) -> Score:
        """Return what the verdicts are worth."""
        score = self.settled(case, completion)
        own = 0 if score is not None else self.own_questions
        if score is None:
            score = self._read(replies[:own])
        if confirming and self.second is not None:
            part = self.second.part(case, completion, replies[own:])
            return replace(score, parts=part)
        return score

    def _read(self, replies: Sequence[Completion | None]) -> Score:
        readings = [read_reply(self.verdicts, reply) for reply in replies]
        for reading in readings:
            if reading.verdict is None:
                return Score.unscored(
                    f"the judge's verdict cannot be read: {reading.fault}"
                )
        return self.graded(readings)


def read_reply(verdicts: Verdicts, reply: Completion | None) -> Reading:
    """Read a judge's reply; one that is refused or cut off has no verdict."""
    if reply is None:
        return Reading(verdict=None, fault="no reply came")
    reason = unusable(reply)
    if reason is not None:
        return Reading(verdict=None, fault=reason)
    return verdicts.read(reply.text)
