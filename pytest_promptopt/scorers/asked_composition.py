"""Scorers made of others, some of which ask a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.records import Score, digest
from pytest_promptopt.scorers.asking import SECOND, Asked, Asking, Question
from pytest_promptopt.scorers.calls import unusable_or_calls
from pytest_promptopt.scorers.grading import Scorer, unparsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.records import Case, Completion
    from pytest_promptopt.scorers.honesty import Honesty


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedComposition(Asking):
    """Several scorers of which one or more ask, and how their scores become one.

    Attributes:
        name: What messages call it.
        scorers: Name to scorer.
        combine: From the scores by name to one.
        turns: Whether wrong becomes right, which an unusable reply never does.
    """

    name: str
    scorers: Mapping[str, Scorer]
    combine: Callable[[Mapping[str, Score]], Score]
    turns: bool

    @property
    def label(self) -> str:
        """What messages call the scorer."""
        return self.name

    @property
    def fingerprint(self) -> str:
        """Digest of what decides the scores of those that ask."""
        return digest(
            [self.name, [[name, each.fingerprint] for name, each in self._asking()]]
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The models of all of them, each once."""
        models = (model for _, each in self._asking() for model in each.models)
        return tuple(dict.fromkeys(models))

    @property
    def second_models(self) -> tuple[str, ...]:
        """The models of all second opinions, each once."""
        models = (model for _, each in self._asking() for model in each.second_models)
        return tuple(dict.fromkeys(models))

    @property
    def confirms(self) -> bool:
        """Whether everyone who asks has a second opinion."""
        return all(each.confirms for _, each in self._asking())

    def check(self, cases: Sequence[Case]) -> None:
        """Refuse cases that one of them cannot be used on."""
        for _, each in self._asking():
            each.check(cases)

    def most_questions(self, *, confirming: bool = False) -> int:
        """Return how many questions all of them together can have."""
        asked = (each for _, each in self._asking())
        return sum(each.most_questions(confirming=confirming) for each in asked)

    def questions(
        self, case: Case, completion: Completion, *, confirming: bool = False
    ) -> tuple[Question, ...]:
        """Return the questions of one after those of another."""
        if self._is_lost(completion):
            return ()
        return tuple(
            question
            for _, each in self._asking()
            for question in each.questions(case, completion, confirming=confirming)
        )

    def compare(
        self,
        case: Case,
        completion: Completion,
        replies: Sequence[Completion | None],
        *,
        confirming: bool = False,
    ) -> Score:
        """Return the combined score; confirming, with the combined second opinion."""
        reason = unusable_or_calls(completion)
        if reason is not None and self.turns:
            part = {SECOND: 0.0} if confirming and self.confirms else {}
            return replace(unparsed(reason), parts=part)
        dealt = self._dealt(case, completion, replies, confirming=confirming)
        scores: dict[str, Score] = {}
        seconds: dict[str, Score] = {}
        for name, scorer in self.scorers.items():
            if not isinstance(scorer, Asking):
                scores[name] = seconds[name] = scorer(case, completion)
                continue
            score = scorer.compare(case, completion, dealt[name], confirming=confirming)
            if confirming:
                score, seconds[name] = _apart(score)
            scores[name] = score
        combined = self.combine(scores)
        if not (confirming and self.confirms):
            return combined
        opinion = self.combine(seconds).value
        part = {} if opinion is None else {SECOND: opinion}
        return replace(combined, parts={**combined.parts, **part})

    def checks(self, asked: Sequence[Asked]) -> tuple[Question, ...]:
        """Return the checks of one after those of another."""
        return tuple(
            question
            for name, each in self._asking()
            for question in each.checks(self._asked_by(name, asked))
        )

    def honesty(
        self, asked: Sequence[Asked], replies: Sequence[Completion | None]
    ) -> tuple[Honesty, ...]:
        """Return what was found out about each of those that ask."""
        found: tuple[Honesty, ...] = ()
        start = 0
        for name, each in self._asking():
            own = self._asked_by(name, asked)
            end = start + len(each.checks(own))
            found += each.honesty(own, replies[start:end])
            start = end
        return found

    def _asking(self) -> list[tuple[str, Asking]]:
        return [
            (name, scorer)
            for name, scorer in self.scorers.items()
            if isinstance(scorer, Asking)
        ]

    def _is_lost(self, completion: Completion) -> bool:
        return self.turns and unusable_or_calls(completion) is not None

    def _dealt(
        self,
        case: Case,
        completion: Completion,
        replies: Sequence[Completion | None],
        *,
        confirming: bool = False,
    ) -> dict[str, tuple[Completion | None, ...]]:
        """Return each one's replies: as many as it has questions."""
        dealt = {}
        start = 0
        for name, each in self._asking():
            count = len(each.questions(case, completion, confirming=confirming))
            dealt[name] = tuple(replies[start : start + count])
            start += count
        return dealt

    def _asked_by(self, name: str, asked: Sequence[Asked]) -> list[Asked]:
        return [
            replace(
                entry,
                replies=self._dealt(entry.case, entry.completion, entry.replies)[name],
            )
            for entry in asked
            if not self._is_lost(entry.completion)
        ]


def _apart(score: Score) -> tuple[Score, Score]:
    """Return a score without its second opinion, and that as a score."""
    parts = dict(score.parts)
    opinion = parts.pop(SECOND, None)
    if opinion is None:
        second = Score.unscored("no second opinion")
    else:
        second = Score(value=opinion)
    return replace(score, parts=parts), second
