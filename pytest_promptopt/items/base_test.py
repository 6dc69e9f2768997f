"""What the base commit of a pull request says about one prompt test."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_promptopt import baseline as baselines
from pytest_promptopt.errors import BaselineError, SettingError, SourceError
from pytest_promptopt.items.base_marks import mark_at
from pytest_promptopt.items.places import locate
from pytest_promptopt.items.request_settings import settings_for
from pytest_promptopt.items.watched_files import digest_of_source
from pytest_promptopt.models.request_constant import request_settings
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.tables import tables_of

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
        request: Model settings of its requests; ``None`` if that is not known.
        mark: What its marker says literally; ``None`` if it has none.
        test_digest: Digest of its test module; ``None`` if there is none.
        has_same_cases: Whether the pull request leaves the cases as they are there.
        unreadable: Whether there is a record that cannot be read.
    """

    name: str
    record: Baseline | None = None
    prompt: Prompt | None = None
    model: str = ""
    request: Mapping[str, Any] | None = None
    mark: BaseMark | None = None
    test_digest: str | None = None
    has_same_cases: bool = False
    unreadable: bool = False

    def in_force(
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


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base commit, with what reading prompt tests there takes.

    Attributes:
        commit: The commit.
        files: Its files.
        root: Pytest's root folder.
        settings: Values of pytest's ini keys there, as far as they are ours.
    """

    commit: BaseCommit
    files: CommitFiles
    root: Path
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
        record = self._record(test.baseline_path)
        prompt = self._prompt(test, mark, roots)
        digest = None if source is None else digest_of_source(source.encode())
        return BaseTest(
            name=self.name,
            record=record,
            prompt=prompt,
            model="" if model_is_fixed else self._model(mark),
            request=self._request(test, mark, prompt, roots),
            mark=mark,
            test_digest=digest,
            has_same_cases=self._has_same_cases(
                test, mark, roots, same_module=digest == test.test_digest
            ),
            unreadable=record is None and self.files.is_file(test.baseline_path),
        )

    def _request(
        self,
        test: PromptTest,
        mark: BaseMark | None,
        prompt: Prompt | None,
        roots: Sequence[Path],
    ) -> Mapping[str, Any] | None:
        if mark is None or "request" not in mark.known:
            return None
        if prompt is None and test.prompt.names:
            return None  # which prompt has settings of its own is not known
        try:
            if prompt is None:
                given = request_settings(mark.request, roots, self.files)
                return {**self._request_defaults, **given}
            return settings_for(
                prompt,
                mark.request,
                defaults=self._request_defaults,
                roots=roots,
                files=self.files,
            )
        except (BaselineError, SettingError, SourceError):
            return None  # only running it would tell, or it is not there

    @cached_property
    def _request_defaults(self) -> Mapping[str, Any]:
        text = self._text(self.root / "pyproject.toml")
        try:
            tables = {} if text is None else tables_of(text, self.root)
        except SettingError:
            return {}  # main's own runs say it
        return dict(tables.get("request", {}))

    def _has_same_cases(
        self,
        test: PromptTest,
        mark: BaseMark | None,
        roots: Sequence[Path],
        *,
        same_module: bool,
    ) -> bool:
        """Whether nothing of what names or holds the cases has been touched."""
        cases = test.mark.cases
        if not isinstance(cases, (str, os.PathLike)):
            return same_module  # a list or a function in it
        if not same_module:
            chosen = test.mark.limit is not None or test.mark.sample is not None
            named = mark is not None and "cases" in mark.known
            if chosen or mark is None or not named or mark.cases != str(cases):
                return False
        path = locate(str(cases), tuple(roots))
        try:
            there = self.files.read_bytes(path)
        except (BaselineError, SourceError):
            return False
        return digest_of_source(there) == digest_of_source(path.read_bytes())

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
        syntax = test.mark.syntax
        if mark is not None and "syntax" in mark.known:
            syntax = mark.syntax
        for sources in filter(None, (named, test.mark.sources)):
            try:
                return load_prompt(
                    sources,
                    roots=roots,
                    files=self.files,
                    syntax=syntax,
                    environment=test.prompt.environment,
                )
            except SourceError:
                continue
        return None
