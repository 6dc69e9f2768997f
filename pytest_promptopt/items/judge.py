"""The judge of one prompt test: what it asks, and whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.prompts import environment_named, load_prompt
from pytest_promptopt.records import Remark, digest
from pytest_promptopt.scorers.honesty import MOST_REPEATED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import SyntaxName
    from pytest_promptopt.scorers.asking import Asking


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
