"""What is told of a fork's run: its code has run, so that nothing it says is believed.

One thing it says may spare a comment, that no prompt was touched; and that counts only
where GitHub lists no changed file that could have made the job say so.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.github.fork_files import STEERING
from pytest_promptopt.github.outputs import (
    NONE,
    Outcome,
    is_untouched,
    outcome_of,
    read_report,
)

if TYPE_CHECKING:
    from pytest_promptopt.github.api import GitHub

LABEL = "gate-prompts"
"""By which a maintainer has a fork judged, unless they say another one."""

MOST_LISTED = 3000
"""Files that GitHub lists of a pull request; of a larger one the rest is unknown."""

_INERT = frozenset(
    (
        *(".csv", ".gif", ".jpeg", ".jpg", ".jsonl", ".markdown", ".md", ".ndjson"),
        *(".png", ".rst", ".svg", ".tsv", ".txt", ".webp"),
    )
)
"""Suffixes of files that neither run nor steer a run. Templates are none of them: an
application may render one without a sandbox."""

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/]|-(?!-)){0,59}")


def fork_outcome(path: Path) -> tuple[Outcome | None, bool]:
    """Read what the job of a fork has left.

    Args:
        path: Its JSON report, which may be missing or be anything.

    Returns:
        What it says of the whole run, ``None`` if that cannot be told; and whether it
        says that no prompt and no case was touched.
    """
    try:
        report = read_report(path)
        return outcome_of(report), is_untouched(report)
    except SettingError:
        return None, False


def changes_texts_alone(api: GitHub, number: int) -> bool:
    """Tell whether a pull request changes only files that run and steer nothing.

    Raises:
        GitHubError: The API does not answer.
    """
    listed = list(api.each(f"pulls/{number}/files"))
    return 0 < len(listed) < MOST_LISTED and all(map(_is_inert, listed))


def _is_inert(entry: Any) -> bool:
    try:
        names = [entry["filename"], entry.get("previous_filename") or ""]
    except (AttributeError, KeyError, TypeError):
        return False
    return all(_is_text(PurePosixPath(name)) for name in names if name)


def _is_text(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    known = path.suffix.lower() in _INERT and path.name.lower() not in STEERING
    return known and not hidden


def not_gated(outcome: Outcome | None, label: str) -> str:
    """Return what is said of a fork's commit that nobody has judged.

    Args:
        outcome: What its own report says, checked word by word; ``None`` if there is
            none that could be read.
        label: The label that a maintainer adds.

    Returns:
        Markdown.
    """
    said = "It left no report that could be read."
    if outcome is not None:
        verdict = outcome.verdict if outcome.verdict != NONE else "no verdict"
        said = f"It said: **{verdict}** ({outcome.cause.replace('_', ' ')})."
    shown = label if _LABEL.fullmatch(label) else LABEL
    return "\n".join(
        [
            "## Prompts: NOT GATED",
            "",
            "This pull request comes from a fork. Its job runs the fork's code and has "
            "no key of a model, so that nothing it says about the prompts is verified, "
            f"and its check may be green whatever they do. {said}",
            "",
            f"A maintainer who has read the changed prompts and cases can add the "
            f"label `{shown}`: a job with the base branch's code then judges them. "
            "Each new commit needs the label anew. Changes of code are not covered by "
            "that; push them to a branch of this repository once they are read.",
            "",
        ]
    )
