"""Who is asked beside a judge before a proposal is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.asking import SECOND, Asking, Question
from pytest_promptopt.scorers.grading import Scorer, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.records import Case, Completion
    from pytest_promptopt.scorers.deferred import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """Another judge, or a scorer for the cases that people have labelled.

    Attributes:
        scorer: What grades; it may ask.
    """

    scorer: Scorer

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that it asks."""
        return self.scorer.models if isinstance(self.scorer, Asking) else ()

    @property
    def most_questions(self) -> int:
        """How many questions one reply can take."""
        return self.scorer.most_questions() if isinstance(self.scorer, Asking) else 0

    def questions(self, case: Case, completion: Completion) -> tuple[Question, ...]:
        """Return what it asks about a reply."""
        if not isinstance(self.scorer, Asking):
            return ()
        return self.scorer.questions(case, completion)

    def part(
        self, case: Case, completion: Completion, replies: Sequence[Completion | None]
    ) -> dict[str, float]:
        """Return the part of the score that holds the opinion; empty without one.

        A scorer that does not ask has one on cases with an expected answer only.
        """
        if isinstance(self.scorer, Asking):
            value = self.scorer.compare(case, completion, replies).value
        elif case.has_expected:
            value = self.scorer(case, completion).value
        else:
            value = None
        return {} if value is None else {SECOND: value}


def checked_second(spec: Any, scorer: str) -> Any:
    """Return what a user wrote as ``second=``.

    Raises:
        ScorerError: It cannot be a model's name nor a scorer.
    """
    if spec is None or callable(spec) or hasattr(spec, "requests"):
        return spec
    if isinstance(spec, str) and spec.strip():
        return spec
    raise ScorerError(
        f"{scorer}: second={shown(spec)} is neither the name of a model nor a scorer",
        'write second="openai:other-model" for another judge, or second="exact" for '
        "cases with an expected answer",
    )


def second_opinion(
    spec: Any, lookup: Lookup, with_model: Callable[[str], Asking]
) -> SecondOpinion | None:
    """Return the second opinion that a judge names.

    Args:
        spec: The name of a model, which has a colon; or a scorer.
        lookup: Finds the scorer.
        with_model: The same judge with another model.

    Raises:
        ScorerError: The scorer cannot be used.
    """
    if spec is None:
        return None
    if isinstance(spec, str) and ":" in spec:
        return SecondOpinion(scorer=with_model(spec))
    try:
        return SecondOpinion(scorer=lookup.scorer(spec))
    except ScorerError as error:
        hint = error.hint
        if isinstance(spec, str):
            hint += '; the name of a model has a colon, as in "openai:other-model"'
        raise ScorerError(f"second opinion: {error.problem}", hint) from None
