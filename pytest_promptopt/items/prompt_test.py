"""A prompt test: its prompt, its cases, its record, and what they are asked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.prices import FREE
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.judge import Judge
    from pytest_promptopt.items.marker import PromptMark
    from pytest_promptopt.looks import Look
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Case
    from pytest_promptopt.scorers import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of a comparison: a prompt, and what it is sent to and with.

    Attributes:
        prompt: The prompt.
        model: The task model.
        settings: Model settings of every request; of several prompts, by their names.
        price: What the model costs; ``None`` if that is not known.
    """

    prompt: Prompt
    model: NamedModel
    settings: Mapping[str, Any]
    price: Price | None = None

    @property
    def rate(self) -> Price | None:
        """What its calls are counted at: a model that is free costs nothing."""
        return FREE if self.model.costs_nothing else self.price

    def settings_of(self, name: str) -> Mapping[str, Any]:
        """Return the settings of one prompt's requests; its name is often empty."""
        of_one: Mapping[str, Any] = self.settings.get(name, {})
        return of_one if name else self.settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTest:
    """What one prompt test is about.

    Attributes:
        nodeid: The item's node id.
        name: The function's name with its classes and parameters.
        line: Line of the function, from 1.
        selector: The same as it is typed in the folder where pytest was started.
        mark: The marker's arguments.
        prompt: The prompt as it is in the files.
        cases: Its eval cases, in file order.
        selection: How many of how many cases these are; empty if all.
        settings: Model settings of every request; of several prompts, by their names.
        scorer: The scorer, if the marker names one.
        baseline: The committed record, if there is one.
        baseline_path: Where that record lies or would lie.
        written: When the record, and the folder that it is in, last changed.
        looks_path: Where uses of the hold-out are recorded.
        looks: What that file holds.
        calls_itself: Whether the body calls the model, or an application that does.
        test_digest: Digest of the test module's source.
        watch_digest: Digest of the files that the marker watches, and of those that a
            scorer and a Jinja environment of the project's own are in.
        judge: The scorer with its models, if it asks any.
    """

    nodeid: str
    name: str
    line: int
    selector: str
    mark: PromptMark
    prompt: Prompt
    cases: tuple[Case, ...]
    selection: str
    settings: Mapping[str, Any]
    scorer: Scorer | None
    baseline: Baseline | None
    baseline_path: Path
    written: tuple[int, ...]
    looks_path: Path
    looks: tuple[Look, ...]
    calls_itself: bool
    test_digest: str
    watch_digest: str
    judge: Judge | None = None

    def parts(self, model_identity: str) -> dict[str, str]:
        """Return what the scores depend on, part by part, as digests.

        Raises:
            SettingError: Nobody supplies the judge's model.
        """
        judge = {} if self.judge is None else {"judge": self.judge.fingerprint}
        return {
            **judge,
            "prompt": self.prompt.fingerprint,
            "cases": digest(sorted([case.id, case.hash] for case in self.cases)),
            "request": digest(dict(self.settings)),
            "model": model_identity,
            "test": self.test_digest,
            "watch": self.watch_digest,
        }
