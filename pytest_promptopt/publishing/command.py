"""``promptopt pr``: what it is given, and in which order things are done."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PublishError, SettingError
from pytest_promptopt.github.api import PUBLIC_API, GitHub, check_api_url
from pytest_promptopt.publishing.change import changes_of, proposal_of
from pytest_promptopt.publishing.naming import check_inside
from pytest_promptopt.publishing.program import Git
from pytest_promptopt.publishing.publisher import Publisher
from pytest_promptopt.publishing.record import ProposalsRecord, record_path
from pytest_promptopt.publishing.remote import Remote

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_promptopt.command import Say
    from pytest_promptopt.publishing.change import Change
    from pytest_promptopt.publishing.publisher import Ready

DONE, NOT_DONE = 0, 1

_OLDEST_GIT = (2, 31)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``promptopt pr`` takes."""
    parser.description = (
        "Opens a pull request for each prompt that the latest search improves: one "
        "commit changes the prompt, one records its baseline anew. Run again, it "
        "renews them. Your branch, index and files stay as they are. The token is "
        "read from GITHUB_TOKEN, else GH_TOKEN."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default=".",
        metavar="FOLDER",
        help="pytest's root folder, where .promptopt is; default: here, or above",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="check everything and show what would be done; nothing is recorded, "
        "pushed or opened, and no token is needed",
    )
    parser.add_argument(
        "--base",
        metavar="BRANCH",
        help="branch to merge into; default: the remote's default branch",
    )
    parser.add_argument(
        "--remote", default="origin", metavar="NAME", help="default: origin"
    )
    parser.add_argument(
        "--draft", action="store_true", help="open new pull requests as drafts"
    )


def run(asked: argparse.Namespace, say: Say) -> int:
    """Publish what the latest search proposes.

    Args:
        asked: What was given.
        say: Takes the lines to show.

    Returns:
        The exit code: 0 done, also if there is nothing to do; 1 something was refused.

    Raises:
        SettingError: A setting is missing or wrong.
        PublishError: Nothing can be published as it stands.
        GitHubError: GitHub refuses, or does not answer.
    """
    environ = dict(os.environ)
    root = _root(Path(asked.folder))
    path = record_path(root)
    if not path.is_file():
        say(
            [f"nothing to do: the latest search in {root} proposes no change of a file"]
        )
        return DONE
    record = ProposalsRecord.from_text(_text_of(path), path)
    git = _git(root, record, environ)
    say(_left_out(record))
    changes = changes_of(record.results)
    diff = _diff(git, record)
    _check_clean(git, changes)
    remote, github = _reached(git, asked, environ)
    default, commits = remote.branches()
    publisher = Publisher(
        git=git,
        remote=remote,
        base=remote.base(default, commits, asked.base),
        commits=commits,
        record=record,
        diff=diff,
        github=github,
        draft=asked.draft,
        environ=environ,
        say=say,
    )
    with _ended_by_signals():
        return _published(publisher, changes, say)


def _published(publisher: Publisher, changes: Sequence[Change], say: Say) -> int:
    """Prepare every change, then publish those that can be."""
    ready: list[Ready] = []
    code = DONE
    for change in changes:
        try:
            prepared = publisher.prepare(change)
        except PublishError as error:
            say([f"not published: {', '.join(change.files)}: {error}"])
            code = NOT_DONE
            continue
        if prepared is not None:
            ready.append(prepared)
    for each in ready:
        publisher.publish(each)
    return code


def _root(folder: Path) -> Path:
    """Return the folder that has what the latest search left.

    Raises:
        SettingError: There is none.
    """
    start = folder.resolve()
    for place in (start, *start.parents):
        if (place / ".promptopt").is_dir():
            return place
        if (place / ".git").exists():
            break
    raise SettingError(
        f"no search was run in {start}: it has no folder .promptopt",
        "run pytest --optimize-prompts first, or name pytest's root folder: "
        "promptopt pr FOLDER",
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PublishError(
            f"{path} cannot be read: {error}", "run pytest --optimize-prompts again"
        ) from None


def _git(root: Path, record: ProposalsRecord, environ: Mapping[str, str]) -> Git:
    """Return git at the top of the work tree.

    Raises:
        PublishError: There is none, or the record is of another place in it.
    """
    within = Git(folder=root, environ=environ)
    _check_version(within)
    found = within.ask("rev-parse", "--show-toplevel")
    if not found.done:
        raise PublishError(
            f"{root} is in no git work tree: {found.told}",
            "run it in a clone of the repository",
        )
    top = Path(found.line).resolve()
    if (top / record.root).resolve() != root:
        raise PublishError(
            f"the record of proposals is of the folder {record.root!r} of the "
            f"repository, and lies in {root}",
            "run pytest --optimize-prompts again",
        )
    return Git(folder=top, environ=environ)


def _check_version(git: Git) -> None:
    """Refuse a git that would not read settings from its environment.

    Raises:
        PublishError: It is older than 2.31, or there is none.
    """
    told = git.ask("version").line
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is not None and (int(found[1]), int(found[2])) < _OLDEST_GIT:
        raise PublishError(f"{told} is too old", "install git 2.31 or newer")


def _left_out(record: ProposalsRecord) -> Iterator[str]:
    """Yield what no pull request can have: texts that are in no file."""
    for result in record.results:
        if not proposal_of(result).edits:
            yield (
                f"left out: {result.prompt} ({result.nodeid}), whose text is in no "
                "file of the repository: see promptopt.md"
            )


def _diff(git: Git, record: ProposalsRecord) -> bytes:
    """Return the diff that the run wrote.

    Raises:
        PublishError: It is gone, or is not what the run wrote.
    """
    check_inside(record.diff)
    try:
        diff = (git.folder / record.diff).read_bytes()
    except OSError as error:
        raise PublishError(
            f"{record.diff} cannot be read: {error.strerror}",
            "run pytest --optimize-prompts again",
        ) from None
    if hashlib.sha256(diff).hexdigest() != record.sha256:
        raise PublishError(
            f"{record.diff} is not as the search wrote it, so that its figures are of "
            "another prompt",
            "run pytest --optimize-prompts again, or commit your own version by hand",
        )
    return diff


def _check_clean(git: Git, changes: Sequence[Change]) -> None:
    """Refuse uncommitted changes of what is to be published, and of the index.

    Raises:
        PublishError: There are some.
    """
    files = sorted({name for change in changes for name in change.files})
    status = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignored")
    changed = git.do(*status, "--", *files, hint="see git status") if files else ""
    if changed:
        raise PublishError(
            f"{changed[3:].partition(chr(0))[0]} has changes that are not committed, "
            "which no pull request would have",
            "commit or undo them, and run pytest --optimize-prompts again",
        )
    listed = ("diff", "--cached", "--name-only", "-z", "--no-ext-diff")
    staged = git.do(*listed, hint="see git status")
    if staged:
        raise PublishError(
            f"{staged.partition(chr(0))[0]} is staged and not committed",
            "commit it, or unstage it",
        )


def _reached(
    git: Git, asked: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[Remote, GitHub | None]:
    """Return the remote and its repository; in a dry run, the remote alone.

    Raises:
        SettingError: There is no token, or it is not known which repository it is.
        PublishError: The remote is another repository than the environment names.
    """
    api_url = (environ.get("GITHUB_API_URL") or PUBLIC_API).rstrip("/")
    check_api_url(api_url)
    remote = Remote.named(git, asked.remote)
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
    trusted = remote.trusted_with(token.strip(), api_url)
    if asked.dry_run:
        return trusted, None
    found = remote.repository(api_url)
    github = GitHub.from_environment(environ, repository=found)
    if found and found.lower() != github.repository.lower():
        raise PublishError(
            f"the remote {remote.name!r} is {found}, and GITHUB_REPOSITORY is "
            f"{github.repository}",
            "name the remote of that repository: --remote=NAME, or unset the variable",
        )
    return trusted, github


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a request to end clean up, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
