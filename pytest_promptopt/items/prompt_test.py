"""A prompt test with everything it names read from disk."""

from __future__ import annotations

import functools
import hashlib
import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
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
from pytest_promptopt.errors import (
    CaseFileError,
    PromptOptError,
    SettingError,
    SourceError,
)
from pytest_promptopt.items import faults, injection, marker, places
from pytest_promptopt.items.body import first_line
from pytest_promptopt.items.committed import (
    baseline_of,
    changed_at,
    looks_of,
    selector,
)
from pytest_promptopt.models.request_constant import request_settings
from pytest_promptopt.prompts import (
    Prompt,
    check_inputs,
    environment_named,
    load_prompt,
)
from pytest_promptopt.records import digest
from pytest_promptopt.scorers import files_of, leaves, resolve_scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.marker import PromptMark
    from pytest_promptopt.looks import Look
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Case
    from pytest_promptopt.scorers import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of a comparison: a prompt, and what it is sent to and with.

    Attributes:
        prompt: The prompt.
        model: The task model.
        settings: Model settings of every request.
        price: What the model costs; ``None`` if that is not known.
    """

    prompt: Prompt
    model: NamedModel
    settings: Mapping[str, Any]
    price: Price | None = None


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
        settings: Model settings of every request.
        scorer: The scorer, if the marker names one.
        baseline: The committed record, if there is one.
        baseline_path: Where that record lies or would lie.
        written: When the record, and the folder that it is in, last changed.
        looks_path: Where uses of the hold-out are recorded.
        looks: What that file holds.
        calls_itself: Whether the body calls the model itself.
        test_digest: Digest of the test module's source.
        watch_digest: Digest of the files that the marker watches, and of those that a
            scorer and a Jinja environment of the project's own are in.
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

    def parts(self, model_identity: str) -> dict[str, str]:
        """Return what the scores depend on, part by part, as digests."""
        return {
            "prompt": self.prompt.fingerprint,
            "cases": digest(sorted([case.id, case.hash] for case in self.cases)),
            "request": digest(dict(self.settings)),
            "model": model_identity,
            "test": self.test_digest,
            "watch": self.watch_digest,
        }


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
    prompt = _prompt(item.config, mark, tried)
    label = f"{mark.label} cases"
    every = load_cases(_supplied(mark), roots=tried, label=label)
    if "prompt" not in names:  # a live handle may be rendered with other inputs
        check_variables(every, prompt.variables, prompt_label=mark.label)
        check_inputs(prompt, every)
    chosen = {"limit": mark.limit, "sample": mark.sample}
    cases = select_cases(every, label=label, **chosen)
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
        selection=selection_note(len(every), len(cases), **chosen),
        settings=_sendable(
            {
                **defaults,
                **prompt.request_defaults,
                **request_settings(mark.request, tried),
            }
        ),
        scorer=_scorer(mark, tried, named_scorer),
        baseline=baseline_of(item, path, prompt.environment, renewed=renewed),
        baseline_path=path,
        written=tuple(map(changed_at, (path, path.parent))),
        looks_path=looks_path,
        looks=looks_of(item, looks_path),
        calls_itself="prompt" in names,
        test_digest=_digest_of(item.path),
        watch_digest=digest(
            [
                [path.name, _digest_of(path)]
                for path in _watched(item, mark, tried, prompt.code)
            ]
        ),
    )


def _prompt(config: pytest.Config, mark: PromptMark, tried: tuple[Path, ...]) -> Prompt:
    return load_prompt(
        mark.sources,
        roots=tried,
        syntax=mark.syntax,
        environment=environment_named(config.getini("promptopt_environment")),
        supply=lambda name: config.hook.pytest_promptopt_source(
            config=config, name=name
        ),
    )


def _scorer(
    mark: PromptMark,
    tried: tuple[Path, ...],
    named_scorer: Callable[[str], Scorer | None],
) -> Scorer | None:
    if mark.scorer is None:
        return None
    return resolve_scorer(
        mark.scorer,
        extra=named_scorer,
        locate=lambda name: places.locate(name, tried),
    )


def _watched(
    item: pytest.Function,
    mark: PromptMark,
    tried: tuple[Path, ...],
    code: Sequence[Path],
) -> list[Path]:
    """Return the files beside the test module that the scores depend on."""
    names = (*mark.watch, *files_of(mark.scorer))
    files = [places.locate(name, tried) for name in names]
    files += [path for path in code if _is_the_projects(path, item)]
    for scorer in leaves(mark.scorer):
        if not callable(scorer):
            continue
        try:
            source = inspect.getsourcefile(inspect.unwrap(scorer))
        except TypeError:  # a callable object, or one written in C
            source = inspect.getsourcefile(type(scorer))
        if source is not None and _is_the_projects(Path(source), item):
            files.append(Path(source))
    return files


def _is_the_projects(source: Path, item: pytest.Function) -> bool:
    # An installed package lies elsewhere on another machine, whose verdict must not
    # depend on that.
    return (
        source.is_relative_to(item.config.rootpath)
        and "site-packages" not in source.parts
        and source != item.path
    )


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
                "make it return a list of mappings",
            ) from error

    return supplied


def _sendable(settings: dict[str, Any]) -> dict[str, Any]:
    """Return model settings that can be a key, a record and a request."""
    for name, value in settings.items():
        try:
            digest(value)
        except (TypeError, ValueError, RecursionError):
            raise SettingError(
                f"model setting {name} = {value!r} is nothing that JSON can hold",
                "use text, finite numbers, booleans, lists and tables only",
            ) from None
    return settings


def _digest_of(path: Path) -> str:
    return digest_of_source(path.read_bytes())


def digest_of_source(content: bytes) -> str:
    """Return the digest of a text file, whatever its line ends."""
    # A checkout may turn line ends; that changes no test.
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
