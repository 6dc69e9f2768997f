"""The judge of one prompt test: what it asks, whom, and whether it has changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.errors import SettingError
from pytest_promptopt.prompts import environment_named, load_prompt
from pytest_promptopt.records import Remark, digest
from pytest_promptopt.scorers.honesty import MOST_REPEATED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.records import Verdict
    from pytest_promptopt.scorers.asking import Asking

Change = Literal["", "changed", "new", "gone"]

_SWITCHES: Mapping[Change, str] = {
    "changed": "the judge changed: both arms were scored with the new one",
    "new": "a judge scores it now: both arms were scored with it",
    "gone": "no judge scores it any more: both arms were scored without one",
}
_REMARKS: Mapping[Change, str] = {
    "changed": "the judge (its rubric, verdicts or model) is not the one that the "
    "baseline was recorded with: both prompts are scored by the new one",
    "new": "the baseline was recorded without a judge: both prompts are scored by the "
    "new one",
    "gone": "the baseline was recorded with a judge: both prompts are scored without "
    "one",
}
_UPDATE = "until it is recorded anew with --promptopt-update-baseline"


def rubric_reader(
    config: pytest.Config, tried: tuple[Path, ...]
) -> Callable[[str, SyntaxName], Prompt]:
    """Return what reads a rubric, which may be kept wherever a prompt may be.

    Args:
        config: The pytest configuration.
        tried: Folders that relative paths are tried in, in order.
    """

    def read(place: str, syntax: SyntaxName) -> Prompt:
        return load_prompt(
            {"": place},
            roots=tried,
            syntax=syntax,
            environment=environment_named(config.getini("promptopt_environment")),
            supply=lambda name: config.hook.pytest_promptopt_source(
                config=config, name=name
            ),
        )

    return read


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A scorer that asks models, and the models.

    Attributes:
        asking: What is asked, and how replies become a score.
        model_named: From a name in a question to the model; empty for the run's judge.
        prices: Prices by the model's name.
    """

    asking: Asking
    model_named: Callable[[str], NamedModel]
    prices: Mapping[str, Price]

    @cached_property
    def models(self) -> tuple[NamedModel, ...]:
        """The models that decide the score.

        Raises:
            SettingError: Nobody supplies one of them.
        """
        return tuple(map(self.model_named, self.asking.models))

    @cached_property
    def fingerprint(self) -> str:
        """Identity of all that decides a score beside the reply.

        Raises:
            SettingError: Nobody supplies one of the models.
        """
        identities = [model.identity for model in self.models]
        return digest([self.asking.fingerprint, identities])

    def check_second(self) -> None:
        """Refuse a second opinion that is the first one's again.

        Raises:
            SettingError: It is, or nobody supplies its model.
        """
        first = {model.identity for model in self.models}
        second = [self.model_named(name) for name in self.asking.second_models]
        if second and first.issuperset(model.identity for model in second):
            raise SettingError(
                f"the second opinion is by the judge itself, {second[0].name!r}",
                'name another model, judge(..., second="openai:other"), or a scorer '
                "for cases with an 'expected'",
            )


def most_judged(test: PromptTest, replies: int) -> int:
    """Return what the judge of a test is asked at most, in calls.

    Args:
        test: The test; it may have no judge.
        replies: How many replies are judged.
    """
    if test.judge is None:
        return 0
    asking = test.judge.asking
    again = MOST_REPEATED if asking.repeats is None else asking.repeats
    return (replies + min(replies, again)) * asking.most_questions() + len(
        asking.checks(())
    )


def grades_itself(test: PromptTest, model: NamedModel) -> list[Remark]:
    """Warn of a judge that grades its own replies.

    Args:
        test: The test; it may have no judge.
        model: The task model.
    """
    judges = () if test.judge is None else test.judge.models
    if all(
        judge.name != model.name and judge.identity != model.identity
        for judge in judges
    ):
        return []
    text = (
        f"the judge is the task model {model.name!r} and grades its own replies: name "
        "another model with promptopt_judge_model"
    )
    return [Remark(kind="judge", text=text)]


def change_of(test: PromptTest, record: Baseline) -> Change:
    """Return what became of the judge since a record was made; empty if nothing."""
    before = record.parts.get("judge")
    now = None if test.judge is None else test.judge.fingerprint
    if before == now:
        return ""
    if before is None:
        return "new"
    return "gone" if now is None else "changed"


def with_judge_change(
    verdict: Verdict, test: PromptTest, reference: Reference
) -> Verdict:
    """Say that the judge is another one than in the record, where that is so."""
    record = reference.record
    change = "" if record is None else change_of(test, record)
    if not change or verdict.outcome == "error":
        return verdict
    return replace(verdict, message=f"{verdict.message}\n{_SWITCHES[change]}")


def judge_changed(test: PromptTest, record: Baseline | None) -> list[Remark]:
    """Say that the judge is another one than in the record that counts."""
    change = "" if record is None else change_of(test, record)
    if not change:
        return []
    return [Remark(kind="judge changed", text=f"{_REMARKS[change]}, {_UPDATE}")]
