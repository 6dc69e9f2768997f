"""The committed files of a prompt test: its baseline and the looks at its hold-out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt import baseline as baselines
from pytest_promptopt.errors import BaselineError, TemplateError

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.looks import Look
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment


def selector(item: pytest.Item) -> str:
    """Return the item's node id as one types it where pytest was started."""
    start = item.config.invocation_params.dir
    file = Path(os.path.relpath(item.path, start)).as_posix()
    return "::".join([file, *item.nodeid.split("::")[1:]])


def baseline_of(
    item: pytest.Item, path: Path, environment: ProjectEnvironment, *, renewed: bool
) -> Baseline | None:
    """Read the committed record of a prompt test; ``None`` if there is none.

    Args:
        item: The item.
        path: Where its record lies.
        environment: The project's Jinja environment, which the record's prompt needs.
        renewed: Whether it is recorded anew, so that a broken one counts as none.

    Raises:
        BaselineError: It cannot be used; names the command that records it anew.
    """
    try:
        text = _committed_text(item, path)
        if text is None:
            return None
        baseline = baselines.parse(text, _shown(item, path))
        if environment.name:  # its code may lack by now what the record uses
            from pytest_promptopt.prompts import Prompt

            Prompt.from_snapshot(baseline.prompt, environment)
        return baseline  # noqa: TRY300 - both lines above may refuse it
    except (BaselineError, TemplateError) as error:
        if renewed:
            return None
        command = f"pytest {shlex.quote(selector(item))} --promptopt-update-baseline"
        raise BaselineError(error.problem, f"record it anew with: {command}") from None


def looks_of(item: pytest.Item, path: Path) -> tuple[Look, ...]:
    """Read the looks at a test's hold-out; none if there is no such file.

    Raises:
        BaselineError: The file cannot be read.
    """
    text = _committed_text(item, path)
    if text is None:
        return ()
    from pytest_promptopt.looks import parse_looks

    return parse_looks(text, _shown(item, path))


def _committed_text(item: pytest.Item, path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8"
    raise BaselineError.at(
        _shown(item, path), None, problem, "restore it from the repository"
    )


def changed_at(path: Path) -> int:
    """Return when a path last changed, in nanoseconds; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _shown(item: pytest.Item, path: Path) -> Path:
    """Return a path as messages name it, like those of case files."""
    root = item.config.rootpath
    return path.relative_to(root) if path.is_relative_to(root) else path
