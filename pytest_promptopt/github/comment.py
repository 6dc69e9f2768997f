"""``promptopt comment``: one comment at a pull request, kept up to date.

For a job that may write comments and has checked nothing out. It takes a report as
data: the Markdown that this package wrote, or, from the job of a fork, which may have
written anything or nothing, only the checked words of the JSON report.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.github.api import GitHub
from pytest_promptopt.github.commented import (
    Run,
    checked_commit,
    checked_number,
    number_of,
    run_of,
)
from pytest_promptopt.github.not_gated import (
    LABEL,
    changes_texts_alone,
    fork_outcome,
    not_gated,
)
from pytest_promptopt.report.comment import MARK, in_units

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

MOST_CHARACTERS = 65_536
"""Of a comment, by GitHub."""

AUTHOR = "github-actions[bot]"
"""Who writes comments with the token of a workflow."""

_SHORTENED = "- and more that did not fit here"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/]|-(?!-)){0,59}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.description = (
        "Writes the report of a run as a comment at its pull request, or brings the "
        "one that is there up to date. The token is read from GITHUB_TOKEN."
    )
    add = parser.add_argument
    add(
        "report",
        nargs="?",
        metavar="REPORT",
        help="REPORT.md of --promptopt-report=md:PATH; or REPORT.json from the job of "
        "a fork, of which only the verdict is told, as not verified; none: a fork's "
        "new commit, which nobody has judged",
    )
    add(
        "--pull-request",
        metavar="NUMBER",
        help="default: the one of the event that started the job",
    )
    add("--commit", metavar="SHA", help="comment only while it is the last one there")
    add("--name", metavar="NAME", help="tells the comments of several projects apart")
    add(
        "--author",
        metavar="LOGIN",
        default=AUTHOR,
        help=f"whose comment is brought up to date (default: {AUTHOR})",
    )
    add("--note", metavar="PATH", help="what fork-data has written with --note")
    add(
        "--label",
        metavar="LABEL",
        default=LABEL,
        help=f"label by which a maintainer has a fork judged (default: {LABEL})",
    )
    add("--dry-run", action="store_true", help="show the comment and write none")


def run(asked: argparse.Namespace, say: Callable[[Iterable[str]], None]) -> int:
    """Write the comment.

    Raises:
        SettingError: The report, the event or an argument cannot be used.
        GitHubError: GitHub refuses.
    """
    body, untouched = body_of(asked)
    api = GitHub.from_environment(os.environ)
    judged = _judged(asked)
    number = number_of(api, judged)
    if not number:
        say([f"no open pull request ends with commit {judged.commit[:8]}: no comment"])
        return 0
    old = _ours(api, number, head_of(body, asked.name), asked.author)
    # An old comment may tell of another commit, so it is always brought up to date.
    if untouched and old is None and changes_texts_alone(api, number):
        say(["the fork changes no prompt and nothing that runs: no comment"])
        return 0
    say([_write(api, number, old, body, dry_run=asked.dry_run)])
    if asked.dry_run:
        say(["", *body.splitlines()])
    return 0


def _judged(asked: argparse.Namespace) -> Run:
    commit = checked_commit(asked.commit) if asked.commit else ""
    if asked.pull_request:
        return Run(number=checked_number(asked.pull_request), commit=commit)
    return run_of(os.environ)


def body_of(asked: argparse.Namespace) -> tuple[str, bool]:
    """Return the comment's text, with what later runs find it by at its start.

    Returns:
        Markdown; and whether it is of a fork whose job says that it touches no prompt.

    Raises:
        SettingError: The report or an argument cannot be used.
    """
    untouched = False
    if asked.report is None:
        text = not_gated(None, asked.label)
    elif asked.report.endswith(".json"):
        outcome, untouched = fork_outcome(Path(asked.report))
        text = not_gated(outcome, asked.label)
    else:
        text = _markdown(Path(asked.report))
    head = [MARK, _named(asked.name)] if asked.name else [MARK]
    text = text.removeprefix(MARK).lstrip("\n")
    room = MOST_CHARACTERS - in_units("\n".join([*head, text]))
    if room < 0:
        raise SettingError(
            f"{asked.report!r} makes a comment of {MOST_CHARACTERS - room:,} "
            f"characters, and GitHub takes {MOST_CHARACTERS:,}",
            "write the report with --promptopt-report=md:PATH, which shortens it",
        )
    noted = _read(Path(asked.note), "the note of fork-data") if asked.note else ""
    return "\n".join([*head, *_fitting(noted, room), text]), untouched


def _fitting(noted: str, room: int) -> list[str]:
    """Return the lines of a note that there is room for, and one that ends it."""
    kept: list[str] = []
    for line in noted.splitlines():
        room -= in_units(line) + 1
        if room < len(_SHORTENED):
            return [*kept, _SHORTENED, ""] if kept else []
        kept.append(line)
    return [*kept, ""] if kept else []


def _markdown(path: Path) -> str:
    text = _read(path, "the report")
    if not text.startswith(f"{MARK}\n") or "\0" in text:
        raise SettingError(
            f"{str(path)!r} is no report of this package: its first line is not {MARK}",
            "write it with --promptopt-report=md:PATH",
        )
    return text


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{str(path)!r}, {what}, cannot be read: {error}",
            "name a file that an earlier step has written",
        ) from None


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SettingError(
            f"--name={name!r} is no name of a comment",
            "use up to 60 letters, digits, '.', '_', '/' and single '-'",
        )
    return f"<!-- promptopt of {name} -->"


def head_of(body: str, name: str | None) -> tuple[str, ...]:
    """Return the first lines of a comment, which tell whose it is."""
    return tuple(body.splitlines()[: 2 if name else 1])


def _ours(
    api: GitHub, number: int, head: tuple[str, ...], author: str
) -> dict[str, Any] | None:
    """Return the comment that an earlier run wrote, if there is one."""
    for comment in api.each(f"issues/{number}/comments"):
        body = comment.get("body") or ""
        user = comment.get("user") or {}
        lines = tuple(body.splitlines()[:2])
        # Without a name, one that has a name is another project's.
        other = len(head) == 1 and lines[1:2] and _is_name(lines[1])
        if user.get("login") == author and lines[: len(head)] == head and not other:
            return dict(comment)
    return None


def _is_name(line: str) -> bool:
    return bool(re.fullmatch(rf"<!-- promptopt of {_NAME.pattern} -->", line))


def _write(
    api: GitHub,
    number: int,
    old: dict[str, Any] | None,
    body: str,
    *,
    dry_run: bool,
) -> str:
    at = f"pull request #{number} of {api.repository}"
    would = "would be " if dry_run else ""
    if old is None:
        if not dry_run:
            api.post(f"issues/{number}/comments", {"body": body})
        return f"comment {would}written: {at}"
    if old["body"].splitlines() == body.splitlines():
        return f"the comment is up to date: {at}"
    if not dry_run:
        api.patch(f"issues/comments/{int(old['id'])}", {"body": body})
    return f"comment {would}brought up to date: {at}"
