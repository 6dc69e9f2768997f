"""A model says which of two texts is better, asked in both orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records import Score, digest
from pytest_promptopt.scorers.by_rubric import ByRubric, read_reply
from pytest_promptopt.scorers.deferred import Deferred
from pytest_promptopt.scorers.grading import (
    RIGHT,
    case_fault,
    shown,
    unparsed,
    unusable,
    wrong,
)
from pytest_promptopt.scorers.honesty import Orders, honesty_of
from pytest_promptopt.scorers.judge_arguments import check_arguments
from pytest_promptopt.scorers.rubric import EXPECTED, Rubric, checked_settings
from pytest_promptopt.scorers.second_opinion import checked_second, second_opinion
from pytest_promptopt.scorers.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.records import Case, Completion, Request
    from pytest_promptopt.scorers.adapting import AnyScorer
    from pytest_promptopt.scorers.asking import Asked, Asking
    from pytest_promptopt.scorers.deferred import Lookup
    from pytest_promptopt.scorers.grading import Scorer
    from pytest_promptopt.scorers.honesty import Honesty
    from pytest_promptopt.scorers.verdicts import Reading

FIRST, SECOND, TIE = "first", "second", "tie"

WINNERS = Verdicts(shares={SECOND: 0.0, TIE: 0.5, FIRST: 1.0})
"""What a judge of pairs says: the better text, or that neither is."""


def judge_pair(
    rubric: str,
    *,
    against: str = EXPECTED,
    model: str | None = None,
    request: Mapping[str, Any] | None = None,
    second: str | AnyScorer | None = None,
    repeats: int | None = None,
    syntax: SyntaxName = "",
) -> Scorer:
    """Make a scorer that asks a model whether a reply is better than another text.

    The rubric sees the two as ``first`` and ``second``, and is asked twice, with the
    places changed, since judges tend to prefer a place. The reply is right if it wins
    both times and wrong if it loses both times; a tie, or two answers that contradict
    each other, is 0.5.

    Args:
        rubric: Where the rubric is kept, as in :func:`judge`. It asks for the verdict
            ``first``, ``second`` or ``tie``.
        against: Field of the cases that holds the other text.
        model: Name of the judge model; by default that of the run.
        request: Model settings for the judge, sent as they are.
        second: As in :func:`judge`.
        repeats: As in :func:`judge`.
        syntax: As in :func:`judge`.

    Raises:
        ScorerError: An argument is not as it must be.
    """
    check_arguments(
        "judge_pair", rubric=rubric, against=against, model=model, repeats=repeats
    )
    return JudgePair(
        rubric=rubric,
        against=against,
        model=model or "",
        settings=checked_settings(request, "judge_pair"),
        second=checked_second(second, "judge_pair"),
        redrawn=repeats,
        syntax=syntax,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePair(Deferred):
    """A judge of pairs as a test module names it, its arguments checked."""

    rubric: str
    against: str
    model: str
    settings: Mapping[str, Any]
    second: Any
    redrawn: int | None
    syntax: SyntaxName

    @property
    def label(self) -> str:
        """What messages and parts call the scorer."""
        return "judge_pair"

    def resolved(self, lookup: Lookup) -> Asking:
        """Return the judge with its rubric read.

        Raises:
            SourceError: The rubric cannot be read.
            TemplateError: It is no template, or does not show both texts and no more.
            ScorerError: The second opinion cannot be used.
        """
        prompt = lookup.prompt(self.rubric, self.syntax)
        rubric = Rubric(
            prompt=prompt,
            scorer="judge_pair",
            texts=(FIRST, SECOND),
            hidden=tuple(dict.fromkeys(("output", self.against))),
            settings={**prompt.request_defaults, **self.settings},
        )
        rubric.check()
        first = PairJudge(
            rubric=rubric,
            verdicts=WINNERS,
            against=self.against,
            model=self.model,
            redrawn=self.redrawn,
        )
        other = second_opinion(
            self.second, lookup, lambda model: replace(first, model=model)
        )
        return replace(first, second=other)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJudge(ByRubric):
    """A judge that compares a reply with a text of the case.

    Attributes:
        against: Field of the cases that holds the other text.
    """

    against: str

    @property
    def own_questions(self) -> int:
        """One question for each order."""
        return 2

    @property
    def fingerprint(self) -> str:
        """Digest of the rubric, the model settings, and what is compared with."""
        return digest([self.rubric.to_json(), self.against])

    def check(self, cases: Sequence[Case]) -> None:
        """Refuse cases that the rubric cannot be rendered for, or without a text."""
        self.rubric.check_cases(cases)
        for case in cases:
            self._other(case)

    def settled(self, case: Case, completion: Completion) -> Score | None:
        """Return 0 for an unusable reply, and a tie for the same text twice."""
        reason = unusable(completion)
        if reason is not None:
            return unparsed(reason)
        if completion.text.strip() == self._other(case).strip():
            return Score(value=0.5, reason=f"it is the text of {self.against!r} itself")
        return None

    def requests(self, case: Case, completion: Completion) -> tuple[Request, ...]:
        """Return the rubric with the reply first, then with the reply second."""
        own, other = completion.text, self._other(case)
        return (
            self.rubric.request(case, {FIRST: own, SECOND: other}),
            self.rubric.request(case, {FIRST: other, SECOND: own}),
        )

    def graded(self, readings: Sequence[Reading]) -> Score:
        """Return 1 if the reply won both times, 0 if it lost both times, else 0.5."""
        before, after = (reading.verdict for reading in readings)
        if (before, after) == (FIRST, SECOND):
            return RIGHT
        grounds = next((each.reason for each in readings if each.reason), "")
        beside = f": {grounds}" if grounds else ""
        if (before, after) == (SECOND, FIRST):
            return wrong(f"worse than {self.against!r} in both orders{beside}")
        if before == after == TIE:
            reason = f"as good as {self.against!r} in both orders{beside}"
        else:
            reason = (
                f"no clear winner: {before!r} with the reply first, {after!r} with the "
                "reply second"
            )
        return Score(value=0.5, reason=reason)

    def honesty(
        self, asked: Sequence[Asked], replies: Sequence[Completion | None]
    ) -> tuple[Honesty, ...]:
        """Return how far the judge can be trusted, its preferred place included."""
        pairs = []
        for entry in asked:
            given = [read_reply(WINNERS, reply).verdict for reply in entry.replies]
            if len(given) == self.own_questions and None not in given:
                pairs.append(tuple(given))
        orders = Orders(
            asked=len(pairs),
            same=sum(
                pair in ((FIRST, SECOND), (SECOND, FIRST), (TIE, TIE)) for pair in pairs
            ),
            first=pairs.count((FIRST, FIRST)),
            second=pairs.count((SECOND, SECOND)),
        )
        return (replace(honesty_of(self, asked, replies), orders=orders),)

    def _other(self, case: Case) -> str:
        """Return the text to compare with.

        Raises:
            ScorerError: The case has none.
        """
        if self.against == EXPECTED:
            text = case.expected if case.has_expected else None
        else:
            text = case.inputs.get(self.against)
        if isinstance(text, str) and text.strip():
            return text
        raise case_fault(
            case,
            "judge_pair",
            f"compares with the field {self.against!r}, which is {shown(text)}"
            if text is not None
            else f"needs the field {self.against!r}, which the case does not have",
            f"write a text as its {self.against!r}, or name another field: against=...",
        )
