"""A model says how right a reply is, by a rubric."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records import Score
from pytest_promptopt.scorers.by_rubric import ByRubric, read_reply
from pytest_promptopt.scorers.deferred import Deferred
from pytest_promptopt.scorers.grading import RIGHT, unparsed, unusable
from pytest_promptopt.scorers.hand_labels import agreement, read_hand_labels
from pytest_promptopt.scorers.honesty import honesty_of, repeated_questions
from pytest_promptopt.scorers.judge_arguments import check_arguments
from pytest_promptopt.scorers.rubric import Rubric, checked_settings
from pytest_promptopt.scorers.second_opinion import checked_second, second_opinion
from pytest_promptopt.scorers.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.records import Case, Completion, Request
    from pytest_promptopt.scorers.adapting import AnyScorer
    from pytest_promptopt.scorers.asking import Asked, Asking, Question
    from pytest_promptopt.scorers.deferred import Lookup
    from pytest_promptopt.scorers.grading import Scorer
    from pytest_promptopt.scorers.hand_labels import HandLabel
    from pytest_promptopt.scorers.honesty import Honesty
    from pytest_promptopt.scorers.verdicts import Reading, Scale

TEXTS = ("output",)
"""Variables of a rubric that the judge's scorer fills in."""


def judge(  # noqa: PLR0913 - nearly all are keyword-only, and each is a choice
    rubric: str,
    *,
    model: str | None = None,
    verdicts: Scale = ("fail", "pass"),
    request: Mapping[str, Any] | None = None,
    second: str | AnyScorer | None = None,
    repeats: int | None = None,
    labels: str | None = None,
    min_kappa: float | None = None,
    syntax: SyntaxName = "",
) -> Scorer:
    """Make a scorer that asks a model, by a rubric of yours.

    The rubric is a prompt like any other. It is rendered with the case's inputs,
    ``output`` (the reply) and ``expected`` (if the case has it), and sent as it is:
    nothing is added, so it has to say which verdicts there are. A verdict that cannot
    be read leaves the reply unscored; it is never a 0.

    Args:
        rubric: Where the rubric is kept: a file, ``"myapp.prompts:POLITE"``, ...
        model: Name of the judge model; by default that of the run.
        verdicts: From worst to best, evenly spaced from 0 to 1, ``range(1, 6)`` too;
            or verdict to what it is worth, in [0, 1].
        request: Model settings for the judge, sent as they are.
        second: Who has to see a gain too before a search proposes it: the name of
            another model (it has a colon), or a scorer for cases with ``expected``.
        repeats: How many replies are judged twice, to see how often the judge agrees
            with itself; by default a tenth, but at least 20 and at most 50. 0 for none.
        labels: A case file of replies that people have judged, with the fields
            ``output`` and ``verdict``; the judge is held against it.
        min_kappa: The agreement with the labels, beyond chance, below which the judge
            cannot be used.
        syntax: What the rubric is written in, where its place does not say it.

    Raises:
        ScorerError: An argument is not as it must be.
    """
    check_arguments("judge", rubric=rubric, model=model, repeats=repeats)
    check_arguments("judge", labels=labels, min_kappa=min_kappa)
    return Judge(
        rubric=rubric,
        model=model or "",
        verdicts=Verdicts.of(verdicts, scorer="judge"),
        settings=checked_settings(request, "judge"),
        second=checked_second(second, "judge"),
        redrawn=repeats,
        labels=labels,
        min_kappa=min_kappa,
        syntax=syntax,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge(Deferred):
    """A judge as a test module names it: the arguments of :func:`judge`, checked."""

    rubric: str
    model: str
    verdicts: Verdicts
    settings: Mapping[str, Any]
    second: Any
    redrawn: int | None
    labels: str | None
    min_kappa: float | None
    syntax: SyntaxName

    @property
    def label(self) -> str:
        """What messages and parts call the scorer."""
        return "judge"

    def resolved(self, lookup: Lookup) -> Asking:
        """Return the judge with its rubric read.

        Raises:
            SourceError: The rubric cannot be read.
            TemplateError: It is no template, or does not show the reply.
            ScorerError: The second opinion cannot be used.
            CaseFileError: The labels cannot be used.
        """
        prompt = lookup.prompt(self.rubric, self.syntax)
        rubric = Rubric(
            prompt=prompt,
            scorer="judge",
            texts=TEXTS,
            settings={**prompt.request_defaults, **self.settings},
        )
        rubric.check()
        labels: tuple[HandLabel, ...] = ()
        if self.labels is not None:
            labels = read_hand_labels(lookup.file(self.labels), self.verdicts)
            rubric.check_cases([label.case for label in labels])
        first = ReplyJudge(
            rubric=rubric,
            verdicts=self.verdicts,
            model=self.model,
            redrawn=self.redrawn,
            labels=labels,
            min_kappa=self.min_kappa,
        )
        other = second_opinion(
            self.second, lookup, lambda model: replace(first, model=model)
        )
        return replace(first, second=other)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyJudge(ByRubric):
    """A judge that looks at one reply.

    Attributes:
        labels: Replies that people have judged.
        min_kappa: The agreement with them that is asked for, if one is.
    """

    labels: tuple[HandLabel, ...] = field(default=(), repr=False)
    min_kappa: float | None = None

    @property
    def own_questions(self) -> int:
        """One question."""
        return 1

    def check(self, cases: Sequence[Case]) -> None:
        """Refuse cases that the rubric cannot be rendered for."""
        self.rubric.check_cases(cases)

    def settled(self, case: Case, completion: Completion) -> Score | None:
        """Return 0 for a reply that is empty, refused or cut off."""
        del case
        reason = unusable(completion)
        return None if reason is None else unparsed(reason)

    def requests(self, case: Case, completion: Completion) -> tuple[Request, ...]:
        """Return the rubric about the reply."""
        return (self.rubric.request(case, {"output": completion.text}),)

    def graded(self, readings: Sequence[Reading]) -> Score:
        """Return what the verdict is worth, with the judge's grounds."""
        (reading,) = readings
        share = self.verdicts.shares[reading.verdict or ""]
        if share == 1.0:
            return RIGHT
        grounds = f"{reading.verdict}: {reading.reason}"
        return Score(
            value=share,
            reason=grounds if reading.reason else f"judged {reading.verdict!r}",
        )

    def checks(self, asked: Sequence[Asked]) -> tuple[Question, ...]:
        """Return some questions once more, and one for each hand label."""
        labelled = (
            question
            for label in self.labels
            for question in self.questions(label.case, label.completion)
        )
        return (*repeated_questions(self, asked), *labelled)

    def honesty(
        self, asked: Sequence[Asked], replies: Sequence[Completion | None]
    ) -> tuple[Honesty, ...]:
        """Return how far the judge can be trusted."""
        start = len(replies) - len(self.labels)
        found = honesty_of(self, asked, replies[:start])
        if not self.labels:
            return (found,)
        given = replies[start:]
        labels = agreement(
            self.labels,
            [read_reply(self.verdicts, reply).verdict for reply in given],
            self.verdicts,
            asked=sum(reply is not None for reply in given),
            least=self.min_kappa,
        )
        return (replace(found, labels=labels),)
