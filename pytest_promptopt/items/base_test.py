"""What the base commit of a pull request says about one prompt test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt import baseline as baselines
from pytest_promptopt.errors import BaselineError, SourceError
from pytest_promptopt.items.base_marks import mark_at
from pytest_promptopt.items.prompt_test import digest_of_source
from pytest_promptopt.prompts import Prompt, load_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.git import BaseCommit, CommitFiles
    from pytest_promptopt.items.base_marks import BaseMark
    from pytest_promptopt.items.prompt_test import PromptTest


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Limits of a prompt test.

    Attributes:
        min_score: Floor of the accuracy, in [0, 1].
        limits: Limits on parts, as they are written.
        gate: ``"enforce"``, ``"report"`` or ``None``: as the ini key says.
    """

    min_score: float | None
    limits: Mapping[str, str]
    gate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTest:
    """A prompt test as the base commit has it; nothing of it is executed.

    Attributes:
        name: The commit in messages: ``"1a2b3c4 (main)"``.
        record: Its baseline record; ``None`` if there is none, or none to be read.
        prompt: Its prompt; ``None`` if it cannot be read there.
        model: Name of its task model; empty if that is not known.
        mark: What its marker says literally; ``None`` if it has none.
        test_digest: Digest of its test module; ``None`` if there is none.
    """

    name: str
    record: Baseline | None = None
    prompt: Prompt | None = None
    model: str = ""
    mark: BaseMark | None = None
    test_digest: str | None = None

    def marked(
        self, *, min_score: float | None, limits: Mapping[str, str], gate: str | None
    ) -> InForce:
        """Return the limits in force: the base's, as far as they can be read there.

        Args:
            min_score: The work tree's, where the base says nothing.
            limits: The same.
            gate: The same.
        """
        mark = self.mark
        if mark is None:
            return InForce(min_score=min_score, limits=limits, gate=gate)
        known: dict[str, Any] = {
            name: getattr(mark, name)
            for name in ("min_score", "limits", "gate")
            if name in mark.known
        }
        return InForce(
            min_score=known.get("min_score", min_score),
            limits=known.get("limits", limits) or {},
            gate=known.get("gate", gate),
        )


def _mark_at(source: str, name: str) -> BaseMark | None:
    try:
        return mark_at(source, name)
    except SourceError:
        return None  # written for another Python


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The base commit, with what reading prompt tests there takes.

    Attributes:
        commit: The commit.
        files: Its files.
        top: Top of the work tree.
        settings: Values of pytest's ini keys there, as far as they are ours.
    """

    commit: BaseCommit
    files: CommitFiles
    top: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The commit in messages: ``"1a2b3c4 (main)"``."""
        short = self.commit.commit[:7]
        return f"{short} ({self.commit.name})" if self.commit.name else short

    def test(
        self,
        test: PromptTest,
        *,
        test_file: Path,
        roots: Sequence[Path],
        model_is_fixed: bool,
    ) -> BaseTest:
        """Read one prompt test there.

        Args:
            test: The same test in the work tree.
            test_file: Its module.
            roots: Where relative sources are looked for.
            model_is_fixed: Whether the command line names the task model, so that the
                base's settings do not say what it was recorded with.
        """
        source = self._text(test_file)
        mark = None if source is None else _mark_at(source, test.name)
        return BaseTest(
            name=self.name,
            record=self._record(test.baseline_path),
            prompt=self._prompt(test, mark, roots),
            model="" if model_is_fixed else self._model(mark),
            mark=mark,
            test_digest=None if source is None else digest_of_source(source.encode()),
        )

    def _model(self, mark: BaseMark | None) -> str:
        if mark is not None and "model" not in mark.known:
            return ""
        named = mark.model if mark is not None else None
        return named or self.settings.get("promptopt_model", "")

    def _text(self, path: Path) -> str | None:
        try:
            return self.files.text(path)
        except (BaselineError, SourceError):
            return None

    def _record(self, path: Path) -> Baseline | None:
        text = self._text(path)
        if text is None:
            return None
        try:
            return baselines.parse(text, path)
        except BaselineError:
            return None  # nobody can mend it but a pull request

    def _prompt(
        self, test: PromptTest, mark: BaseMark | None, roots: Sequence[Path]
    ) -> Prompt | None:
        named = mark.sources if mark is not None else None
        for sources in filter(None, (named, test.mark.sources)):
            try:
                return load_prompt(sources, roots=roots, files=self.files)
            except SourceError:
                continue
        return None
