"""A prompt test read from disk, with everything that it names."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt import baseline as baselines
from pytest_promptopt.cases import (
    MOST_CASES,
    check_variables,
    load_cases,
    select_cases,
    selection_note,
)
from pytest_promptopt.errors import CaseFileError, PromptOptError, SourceError
from pytest_promptopt.items import faults, injection, marker, places
from pytest_promptopt.items.committed import baseline_of, changed_at, looks_of, selector
from pytest_promptopt.items.prompt_test import PromptTest
from pytest_promptopt.items.request_settings import settings_for
from pytest_promptopt.items.watched_files import digest_of_file, watched_files
from pytest_promptopt.prompts import check_inputs, environment_named, load_prompt
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.records import digest
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.items.marker import PromptMark
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.records import Case
    from pytest_promptopt.scorers import Scorer


def load(
    item: pytest.Function,
    *,
    defaults: Mapping[str, Any],
    named_scorer: Callable[[str], Scorer | None],
    renewed: bool = False,
) -> PromptTest:
    """Read what a prompt test names.

    Args:
        item: The marked item.
        defaults: Model settings that hold where the marker says nothing.
        named_scorer: Supplies a scorer by name before the built-in ones.
        renewed: Whether the baseline is recorded anew, so that a broken one is no
            hindrance.

    Raises:
        PromptOptError: A file or an argument cannot be used.
    """
    mark = marker.read(_mark_of(item))
    tried = places.roots(item.config, item.path)
    names = injection.own_names(item.function)
    prompt = prompt_of(item.config, mark, tried)
    every = load_cases(_supplied(mark), roots=tried, label=f"{mark.label} cases")
    calls_itself = "prompt" in names or mark.deliver != "argument"
    if mark.deliver != "argument":
        from pytest_promptopt.items.delivery.deliverable import check_sources

        check_sources(mark, prompt, item.config.rootpath)
    if not calls_itself:  # a live handle may be rendered with other inputs
        check_variables(every, prompt.variables, prompt_label=mark.label)
        check_inputs(prompt, every)
    cases, selection = _selected(mark, every)
    name = qualified_name(item)
    path = baselines.path_for(item.path, name)
    looks_path = baselines.looks_path_for(item.path, name)
    return PromptTest(
        nodeid=item.nodeid,
        name=name,
        line=(item.location[1] or 0) + 1,
        selector=selector(item),
        mark=mark,
        prompt=prompt,
        cases=cases,
        selection=selection,
        settings=settings_for(prompt, mark.request, defaults=defaults, roots=tried),
        scorer=_scorer(item.config, mark, tried, named_scorer, cases),
        baseline=baseline_of(item, path, prompt.environment, renewed=renewed),
        baseline_path=path,
        written=tuple(map(changed_at, (path, path.parent))),
        looks_path=looks_path,
        looks=looks_of(item, looks_path),
        calls_itself=calls_itself,
        test_digest=digest_of_file(item.path),
        watch_digest=digest(
            [
                [path.name, digest_of_file(path)]
                for path in watched_files(item, mark, tried, prompt.code)
            ]
        ),
    )


def prompt_of(
    config: pytest.Config,
    mark: PromptMark,
    tried: tuple[Path, ...],
    *,
    files: Files = DISK,
    supply: Callable[[str], Any] | None = None,
) -> Prompt:
    """Read the prompt that a marker names.

    Args:
        config: The pytest configuration.
        mark: The marker.
        tried: Folders that relative paths are tried in, in order.
        files: Where they are read.
        supply: Asked for the text behind a key that no file matches; ``None``: the
            project's hook.

    Raises:
        PromptOptError: It cannot be read.
    """
    return load_prompt(
        mark.sources,
        roots=tried,
        files=files,
        syntax=mark.syntax,
        environment=environment_named(config.getini("promptopt_environment")),
        supply=supply
        or (lambda name: config.hook.pytest_promptopt_source(config=config, name=name)),
    )


def _scorer(
    config: pytest.Config,
    mark: PromptMark,
    tried: tuple[Path, ...],
    named_scorer: Callable[[str], Scorer | None],
    cases: Sequence[Case],
) -> Scorer | None:
    if mark.scorer is None:
        return None
    from pytest_promptopt.items.judge import rubric_reader
    from pytest_promptopt.scorers import Asking, resolve_scorer

    scorer = resolve_scorer(
        mark.scorer,
        extra=named_scorer,
        locate=lambda name: places.locate(name, tried),
        prompt=rubric_reader(config, tried),
    )
    if isinstance(scorer, Asking):
        scorer.check(cases)  # before a reply is paid for
    return scorer


def _mark_of(item: pytest.Function) -> pytest.Mark:
    mark = marker.closest(item)
    if mark is None:
        raise SourceError(f"{item.nodeid} has no prompt marker", "add the marker")
    return mark


def qualified_name(item: pytest.Item) -> str:
    """Return the item's name with its classes: ``"TestShop.test_triage[small]"``."""
    names = [item.name]
    names += [
        node.name for node in item.iter_parents() if isinstance(node, pytest.Class)
    ]
    return ".".join(reversed(names))


def _selected(mark: PromptMark, every: Sequence[Case]) -> tuple[tuple[Case, ...], str]:
    """Return the cases that are used, and how many of how many if not all are."""
    chosen = {"limit": mark.limit, "sample": mark.sample}
    cases = select_cases(every, label=f"{mark.label} cases", **chosen)
    return cases, selection_note(len(every), len(cases), **chosen)


def _supplied(mark: PromptMark) -> Any:
    """Return what the marker gives as cases; a callable's faults get a place."""
    supply = mark.cases
    if not callable(supply):
        return supply
    name = getattr(supply, "__qualname__", type(supply).__qualname__)

    @functools.wraps(supply)
    def supplied() -> Any:
        try:
            value = supply()
            if isinstance(value, Iterator):  # what it raises has a place here only
                return list(itertools.islice(value, MOST_CASES + 1))
            return value  # noqa: TRY300 - read by the loader
        except PromptOptError:
            raise
        except Exception as error:
            where = faults.place(error) or ""
            raise CaseFileError(
                f"{mark.label} cases: {name}() raised {type(error).__name__}{where}: "
                f"{first_line(error)}",
                "mend it: it returns or yields one mapping for each case",
            ) from error

    return supplied
