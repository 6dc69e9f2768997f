"""``promptopt fork-data``: a fork's prompts and cases into a work tree of the base.

For a job that has the key of a model and must run no code of a fork. It has checked
out the base; of the fork it takes data alone, read by git and never imported.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git.asking import ask_git
from pytest_promptopt.git.changes import changes_of, content, is_clean, tracked
from pytest_promptopt.github import fork_files
from pytest_promptopt.items.named_files import NamedFile, named_files
from pytest_promptopt.report.markdown import code
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    import argparse
    from collections.abc import (
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from pytest_promptopt.git.changes import FileChange

TAKEN, NOTHING_TAKEN = 0, 1

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_MOST_SHOWN = 50

_NOT_NAMED = "no prompt test of the base names it"
_HANDED_ON = (
    "its test hands the prompt to the application, which may run what a template says "
    "(--trust-application takes it)"
)

_MIXED = (
    "it may hold settings of the application beside the prompt (--trust-application "
    "takes it)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What becomes of one file that a fork changed.

    Attributes:
        change: The file.
        reason: Why it is not taken; empty if it is.
        test: Node id of a prompt test that names it; empty if none does.
        kind: ``"prompt"`` or ``"cases"``; empty if no test names it.
    """

    change: FileChange
    reason: str = ""
    test: str = ""
    kind: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.description = (
        "Takes the prompts and cases that a fork changed into a work tree of the base, "
        "so that the gate can judge them with the base's code. Only files that the "
        "base's prompt tests name are taken; no code, no configuration, no link."
    )
    parser.add_argument("commit", metavar="SHA", help="full id of the fork's commit")
    parser.add_argument(
        "--pytest-arguments",
        default="-m prompt",
        metavar="WORDS",
        help="what narrows the collection of the base's tests, quoted as in a shell: "
        "--pytest-arguments='tests/prompts -m prompt' (default: -m prompt)",
    )
    parser.add_argument(
        "--note",
        metavar="PATH",
        help="also write what the verdict covers and what it does not, as Markdown",
    )
    parser.add_argument(
        "--trust-application",
        action="store_true",
        help="also take prompts that a test's body hands to the application, and "
        "files that may hold its settings beside a prompt",
    )


def run(asked: argparse.Namespace, say: Callable[[Iterable[str]], None]) -> int:
    """Take the data over, and say what was taken and what was not.

    Returns:
        0; 1 if nothing was taken, so that there is nothing to judge.

    Raises:
        SettingError: The commit cannot be compared, the work tree is not that of a
            commit, both sides changed a file that a prompt test names, or a template
            reads what is no file of the repository.
    """
    top = _top(Path.cwd())
    if not _COMMIT.fullmatch(asked.commit):
        raise SettingError(
            f"{asked.commit!r} is no full id of a commit",
            "give the 40 hexadecimal digits: github.event.pull_request.head.sha",
        )
    if not is_clean(top):
        raise SettingError(
            f"the work tree {top} has changes that are not committed",
            "check the base out anew: a verdict must be about the fork's data alone",
        )
    changes = changes_of(top, asked.commit)
    contents, reasons = _data(top, changes)
    named = named_files(
        Path.cwd(),
        _words(asked.pytest_arguments),
        files=fork_files.WithData(
            contents={top / path: data for path, data in contents.items()}
        ),
    )
    ours, by_path = tracked(top), _by_path(top, named)
    _check_inside(top, named, {*ours, *contents})
    reasons = {**fork_files.strange_includes(by_path, ours), **_kept(reasons)}
    chosen = choices(changes, reasons, by_path, trusted=asked.trust_application)
    _check_not_both(chosen)
    taken = [choice for choice in chosen if not choice.reason]
    for choice in taken:
        _write(top / choice.change.path, contents[choice.change.path])
    if asked.note:
        # A name in the fork may be no text at all.
        told = note(asked.commit, chosen).encode("utf-8", "backslashreplace")
        Path(asked.note).write_bytes(told)
    say(lines(asked.commit, chosen))
    return TAKEN if taken else NOTHING_TAKEN


def _kept(reasons: Mapping[str, str]) -> dict[str, str]:
    return {path: reason for path, reason in reasons.items() if reason}


def _words(written: str) -> list[str]:
    try:
        return shlex.split(written)
    except ValueError as error:
        raise SettingError(
            f"--pytest-arguments={written!r} cannot be split into words: {error}",
            "quote them as in a shell",
        ) from None


def _top(folder: Path) -> Path:
    found = ask_git(folder, "rev-parse", "--show-toplevel")
    if not found.done:
        raise SettingError(
            f"{folder} is in no git work tree that git would read: it says "
            f"{found.said!r}",
            "run the command in a checkout of the base branch",
        )
    return Path(os.path.realpath(found.line))


def _data(
    top: Path, changes: Sequence[FileChange]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the contents that may be taken, and why the others may not, by path."""
    contents: dict[str, bytes] = {}
    reasons: dict[str, str] = {}
    room = fork_files.MOST_BYTES_IN_ALL
    for change in changes:
        reason = fork_files.refusal(change)
        if not reason and fork_files.leads_out(top, change.path):
            reason = "the base has a symbolic link on the way there"
        if not reason and change.size > room:
            limit = fork_files.MOST_BYTES_IN_ALL >> 20
            reason = f"all files together are larger than {limit} MiB"
        if not reason:
            data = content(top, change)
            if fork_files.is_pointer(data):
                reason = "kept in Git LFS, so that git has no content of it"
            else:
                contents[change.path] = data
                room -= len(data)
        reasons[change.path] = reason
    return contents, reasons


def _by_path(top: Path, named: Iterable[NamedFile]) -> dict[str, list[NamedFile]]:
    found: dict[str, list[NamedFile]] = {}
    for each in named:
        if each.path.is_relative_to(top):
            found.setdefault(each.path.relative_to(top).as_posix(), []).append(each)
    return found


def _check_inside(
    top: Path, named: Iterable[NamedFile], known: Collection[str]
) -> None:
    """Refuse templates that read what is no file of the repository.

    The work tree of a job may hold more than that: credentials of an earlier step.
    """
    for each in named:
        if not each.new:
            continue  # what the base reads is its own affair
        inside = each.path.is_relative_to(top)
        if not inside or each.path.relative_to(top).as_posix() not in known:
            raise SettingError(
                f"{each.test} would read {each.path}, which is no file of the "
                "repository",
                "look at what the fork's templates include",
            )


def choices(
    changes: Sequence[FileChange],
    reasons: Mapping[str, str],
    named: Mapping[str, Sequence[NamedFile]],
    *,
    trusted: bool,
) -> tuple[Choice, ...]:
    """Decide which changed files are taken.

    Args:
        changes: What the fork changed.
        reasons: Path to why the file is no data that may be taken; of one that is,
            there is none, or it is empty.
        named: Path to the prompt tests that name the file; it may have others.
        trusted: Whether prompts that a body hands to the application are taken too.

    Returns:
        One for each change, in the same order.
    """
    return tuple(
        _choice(
            change,
            reasons.get(change.path, ""),
            named.get(change.path, ()),
            trusted=trusted,
        )
        for change in changes
    )


def _choice(
    change: FileChange, reason: str, named: Sequence[NamedFile], *, trusted: bool
) -> Choice:
    if not named:
        return Choice(change=change, reason=reason or _NOT_NAMED)
    kinds = {each.kind for each in named}
    suffix = Path(change.path).suffix.lower()
    if not reason and "cases" in kinds and suffix not in fork_files.CASES:
        reason = f"cases in {suffix} are not taken from a fork"
    if not reason and "prompt" in kinds and suffix not in fork_files.TEXTS:
        reason = "code or configuration"
    settings = fork_files.may_hold_settings(change.path)
    if not reason and "prompt" in kinds and settings and not trusted:
        reason = _MIXED
    handed_on = any(each.handed_on and each.kind == "prompt" for each in named)
    if not reason and handed_on and not trusted:
        reason = _HANDED_ON
    first = named[0]
    return Choice(change=change, reason=reason, test=first.test, kind=first.kind)


def _check_not_both(chosen: Sequence[Choice]) -> None:
    both = [
        choice.change.path
        for choice in chosen
        if not choice.reason and choice.change.also_here
    ]
    if both:
        raise SettingError(
            f"{both[0]!r} was changed in the fork and, since it left, at the base too",
            "merge the base branch into the pull request, then label it again",
        )


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:  # a folder where the base has a file, or the other way
        raise SettingError(
            f"{path} cannot be written: {error.strerror}",
            "move the file in the pull request; check the base out anew",
        ) from None


def lines(commit: str, chosen: Sequence[Choice]) -> Iterator[str]:
    """Yield what was taken and what was not, for people."""
    taken = [choice for choice in chosen if not choice.reason]
    left = [choice for choice in chosen if choice.reason]
    if taken:
        yield f"taken from {commit[:8]}:"
        for choice in taken:
            yield f"  {choice.change.path!r}: {choice.kind} of {choice.test}"
    else:
        yield (
            f"nothing was taken from {commit[:8]}: it changes no prompt and no case "
            "file that may be judged here"
        )
    if left:
        yield "changed there and not taken; the verdict does not cover them:"
        for choice in left[:_MOST_SHOWN]:
            yield f"  {choice.change.path!r}: {choice.reason}"
        if len(left) > _MOST_SHOWN:
            yield f"  and {count(len(left) - _MOST_SHOWN, 'more file')}"


def note(commit: str, chosen: Sequence[Choice]) -> str:
    """Return the same as Markdown, in which names of files are text and no more."""
    taken = [choice for choice in chosen if not choice.reason]
    left = [choice for choice in chosen if choice.reason]
    judged = count(len(taken), "data file") if taken else "Nothing"
    told = [
        f"This pull request comes from a fork. {judged} of its commit {commit[:8]} "
        f"{'was' if len(taken) < 2 else 'were'} judged, with the code, the baselines "
        "and the limits of the base branch.",
        "",
    ]
    told += [f"- judged: {code(choice.change.path)}" for choice in taken[:_MOST_SHOWN]]
    told += [
        f"- **not covered**: {code(choice.change.path)} ({choice.reason})"
        for choice in left[:_MOST_SHOWN]
    ]
    hidden = max(0, len(taken) - _MOST_SHOWN) + max(0, len(left) - _MOST_SHOWN)
    if hidden:
        told.append(f"- and {count(hidden, 'more file')}")
    return "\n".join(told) + "\n"
