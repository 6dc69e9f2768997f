"""The pull request that a workflow's run belongs to: found by what GitHub says of it.

Nothing that the judged job wrote is believed here: the event file and the API say
which pull request it is, and whether the commit is still its last.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.github.api import GitHub

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_OF_ITS_OWN = ("pull_request", "pull_request_target")
_MOST_NUMBER = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is known about the judged run.

    Attributes:
        number: Number of the pull request; 0 if it has to be looked for.
        commit: Full id of the commit that was judged; empty if that is not known.
        head: ``"owner:branch"`` of that commit; empty if that is not known.
    """

    number: int = 0
    commit: str = ""
    head: str = ""


def run_of(environ: Mapping[str, str]) -> Run:
    """Read the judged run from the event that started this job.

    Args:
        environ: ``GITHUB_EVENT_NAME`` and ``GITHUB_EVENT_PATH`` are looked at.

    Raises:
        SettingError: It is no event of a pull request, or its file is no such event.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    if name not in (*_OF_ITS_OWN, "workflow_run"):
        raise SettingError(
            f"GITHUB_EVENT_NAME={name!r} belongs to no pull request",
            "name it: --pull-request=NUMBER",
        )
    try:
        event = json.loads(
            Path(environ.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8")
        )
        found = _of_workflow_run(event) if name == "workflow_run" else _own(event)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(
            f"the file of the event {name} (GITHUB_EVENT_PATH) cannot be read: "
            f"{type(error).__name__}",
            "name the pull request: --pull-request=NUMBER --commit=SHA",
        ) from None
    return found


def _own(event: Any) -> Run:
    pull = event["pull_request"]
    number = event["number"] if "number" in event else pull["number"]
    return Run(
        number=checked_number(number), commit=checked_commit(pull["head"]["sha"])
    )


def _of_workflow_run(event: Any) -> Run:
    run = event["workflow_run"]
    if run["event"] != "pull_request":
        raise SettingError(
            f"the run that ended was of the event {run['event']!r}, not pull_request",
            "start this job only if github.event.workflow_run.event == 'pull_request'",
        )
    owner, branch = run["head_repository"]["owner"]["login"], run["head_branch"]
    return Run(commit=checked_commit(run["head_sha"]), head=f"{owner}:{branch}")


def checked_number(number: Any) -> int:
    """Return the number of a pull request.

    Raises:
        SettingError: It is none.
    """
    if isinstance(number, str) and re.fullmatch("[0-9]{1,9}", number):
        number = int(number)
    known = isinstance(number, int) and not isinstance(number, bool)
    if not known or not 1 <= number <= _MOST_NUMBER:
        raise SettingError(
            f"{number!r} is no number of a pull request",
            "give its number, such as --pull-request=7",
        )
    return int(number)


def checked_commit(commit: Any) -> str:
    """Return the full id of a commit.

    Raises:
        SettingError: It is none.
    """
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise SettingError(
            f"{commit!r} is no full id of a commit", "give its 40 hexadecimal digits"
        )
    return commit


def number_of(api: GitHub, run: Run) -> int:
    """Return the open pull request whose last commit was judged; 0 if there is none.

    Raises:
        GitHubError: The API does not answer.
    """
    if run.number:
        pull = api.get(f"pulls/{run.number}")
        return run.number if _is_of(pull, run.commit) else 0
    pulls = [
        pull
        for pull in api.each("pulls", state="open", head=run.head)
        if _is_of(pull, run.commit)
    ]
    # One branch may have several, to several bases; which was judged is not known.
    return checked_number(pulls[0]["number"]) if len(pulls) == 1 else 0


def _is_of(pull: Any, commit: str) -> bool:
    try:
        return not commit or pull["head"]["sha"] == commit
    except (KeyError, TypeError):
        return False
