"""The base commit of a run: what a pull request is compared with."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git.asking import Answer, ask_git

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_BASE = "none"
"""The value of ``--promptopt-compare`` that asks for no base commit."""

_SHA = re.compile(r"[0-9a-f]{40}")
_TEST_MERGE = re.compile(r"refs/pull/[0-9]+/merge")
_ONLY_BASELINE = "--promptopt-compare=none compares with the committed baseline only"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCommit:
    """What the run's prompts are compared with.

    Attributes:
        commit: Full id; the commit is in this clone.
        name: What messages call it: the branch, or what was given.
    """

    commit: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Where git is asked, and who asks, for messages."""

    top: Path
    by: str

    def git(self, *arguments: str) -> Answer:
        try:
            return ask_git(self.top, *arguments)
        except OSError as error:
            raise SettingError(
                f"{self.by} asks for a base commit, and git cannot be run: "
                f"{error.strerror}",
                f"install git; {_ONLY_BASELINE}",
            ) from error

    def commit(self, name: str) -> str | None:
        """Return the full id of a commit that is in the clone."""
        found = self.git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        return found.line if found.done else None

    def is_shallow(self) -> bool:
        return self.git("rev-parse", "--is-shallow-repository").line == "true"


def base_commit(
    top: Path, *, option: str | None, environ: Mapping[str, str]
) -> BaseCommit | None:
    """Find the commit that the run is compared with.

    Args:
        top: The top of the work tree; the project's folder if it is in none.
        option: The value of ``--promptopt-compare``: a branch, tag or commit,
            ``"none"``, or ``None`` if it is not given.
        environ: The environment variables.

    Returns:
        The merge base of HEAD and the option; without one, the base of the pull
        request or merge group that the variables of a GitHub workflow describe;
        ``None`` if there is neither.

    Raises:
        SettingError: A base is asked for and cannot be found here.
    """
    if option == NO_BASE:
        return None
    if option is not None:
        asked = _Asked(top=top, by=f"--promptopt-compare={option!r}")
        return _of_option(asked, option)
    branch = environ.get("GITHUB_BASE_REF", "")
    if branch:
        asked = _Asked(top=top, by=f"GITHUB_BASE_REF={branch!r}")
    elif environ.get("GITHUB_EVENT_NAME") == "merge_group":
        asked = _Asked(top=top, by="the merge group's event")
    else:
        return None
    _check_work_tree(asked)
    outer = asked.git("rev-parse", "--show-superproject-working-tree").line
    if outer:
        return _of_submodule(asked, Path(outer), environ)
    if branch:
        return _of_pull_request(asked, branch, environ)
    return _of_merge_group(asked, environ)


def _of_option(asked: _Asked, name: str) -> BaseCommit:
    if not name.strip() or name.startswith("-"):
        raise SettingError(
            f"{asked.by} is no name of a commit",
            "name a branch, tag or commit, such as --promptopt-compare=origin/main",
        )
    _check_work_tree(asked)
    other = asked.commit(name)
    if other is None:
        raise SettingError(
            f"{asked.by}: this clone has no branch, tag or commit of that name",
            _closest(asked, name),
        )
    return _merge_base(asked, other, name=name, branch=name.removeprefix("origin/"))


def _of_pull_request(
    asked: _Asked, branch: str, environ: Mapping[str, str]
) -> BaseCommit:
    merged_into = _merged_into(asked, environ)
    if merged_into is not None:
        return BaseCommit(commit=merged_into, name=branch)
    for reference in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        other = asked.commit(reference)
        if other is not None:
            return _merge_base(asked, other, name=branch, branch=branch)
    shallow = asked.is_shallow()
    kind = "shallow clone" if shallow else "clone"
    raise SettingError(
        f"{asked.by}: the pull request's base branch is not in this {kind}",
        _fetch_hint(branch, shallow=shallow),
    )


def _merged_into(asked: _Asked, environ: Mapping[str, str]) -> str | None:
    """Return the first parent of HEAD if that is GitHub's test merge."""
    if not _TEST_MERGE.fullmatch(environ.get("GITHUB_REF", "")):
        return None
    # A workflow may have checked out the branch itself, whose last commit may be a
    # merge too: its first parent is the branch's own past, not the base.
    if environ.get("GITHUB_SHA", "") != asked.commit("HEAD"):
        return None
    parents = asked.git("rev-list", "--parents", "--max-count=1", "HEAD").line.split()
    return asked.commit(parents[1]) if len(parents) == 3 else None


def _of_merge_group(asked: _Asked, environ: Mapping[str, str]) -> BaseCommit:
    place = environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(place).read_text(encoding="utf-8"))
        group = event["merge_group"]
        commit, reference = group["base_sha"], str(group.get("base_ref", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        commit, reference = None, ""
    if not isinstance(commit, str) or not _SHA.fullmatch(commit):
        raise SettingError(
            f"GITHUB_EVENT_NAME='merge_group', and the file {place!r} "
            "(GITHUB_EVENT_PATH) does not give the group's base_sha",
            f"name the base: --promptopt-compare=REF; {_ONLY_BASELINE}",
        )
    branch = reference.removeprefix("refs/heads/")
    if not branch or not branch.isprintable():
        branch = commit[:8]
    if asked.commit(commit) is None:
        shallow = asked.is_shallow()
        kind = "shallow clone" if shallow else "clone"
        raise SettingError(
            f"the merge group's base {commit[:8]} ({branch}) is not in this {kind}",
            _fetch_hint(branch, shallow=shallow),
        )
    return BaseCommit(commit=commit, name=branch)


def _of_submodule(
    asked: _Asked, outer: Path, environ: Mapping[str, str]
) -> BaseCommit | None:
    """Return what a submodule was at the base of the repository that has it.

    The variables of a workflow describe the outer repository, not the submodule.
    """
    base = base_commit(outer, option=None, environ=environ)
    if base is None:
        return None
    top = Path(asked.git("rev-parse", "--show-toplevel").line)
    name = top.relative_to(outer).as_posix()
    outside = _Asked(top=outer, by=asked.by)
    row = outside.git("ls-tree", "-z", "--full-tree", base.commit, "--", name).line
    kind, _, commit = row.partition("\t")[0].rpartition(" ")
    if not kind.endswith("commit"):
        raise SettingError(
            f"{asked.by}: {name!r} is no submodule at {base.name}, so that its tests "
            "have no base commit",
            _ONLY_BASELINE,
        )
    if asked.commit(commit) is None:
        raise SettingError(
            f"{asked.by}: the submodule {name!r} is at {commit[:8]} at {base.name}, "
            "and that commit is not in its clone",
            "set fetch-depth: 0 for actions/checkout, or run: git -C "
            f"{shlex.quote(name)} fetch origin {commit}; {_ONLY_BASELINE}",
        )
    return BaseCommit(commit=commit, name=base.name)


def _merge_base(asked: _Asked, other: str, *, name: str, branch: str) -> BaseCommit:
    head = asked.commit("HEAD")
    if head is None:
        raise SettingError(
            f"{asked.by} asks for a base commit, and HEAD is no commit yet",
            f"commit first; {_ONLY_BASELINE}",
        )
    found = asked.git("merge-base", head, other)
    if found.done and found.line:
        return BaseCommit(commit=found.line.splitlines()[0], name=name)
    if asked.is_shallow():
        raise SettingError(
            f"{asked.by}: HEAD and {name} have no common ancestor in this shallow "
            "clone",
            _fetch_hint(branch, shallow=True),
        )
    raise SettingError(
        f"{asked.by}: HEAD and {name} have no common ancestor",
        f"name a commit of HEAD's history: --promptopt-compare=REF; {_ONLY_BASELINE}",
    )


def _check_work_tree(asked: _Asked) -> None:
    inside = asked.git("rev-parse", "--is-inside-work-tree")
    if inside.done and inside.line == "true":
        return
    where = f"{asked.top} is in no git work tree that git would read"
    said = f": git says {inside.said!r}" if inside.said else ""
    hint = f"run pytest in a clone of the repository; {_ONLY_BASELINE}"
    if "dubious ownership" in inside.said:
        # Container jobs run as another user than the one who checked out.
        top = shlex.quote(str(asked.top))
        hint = f"run: git config --global --add safe.directory {top}; {_ONLY_BASELINE}"
    raise SettingError(f"{asked.by} asks for a base commit, and {where}{said}", hint)


def _fetch_hint(branch: str, *, shallow: bool) -> str:
    unshallow = "--unshallow " if shallow else ""
    # Spelt out, since a clone of one branch keeps no other branch that it fetches.
    spec = shlex.quote(f"+refs/heads/{branch}:refs/remotes/origin/{branch}")
    return (
        "set fetch-depth: 0 for actions/checkout, or run: git fetch "
        f"{unshallow}origin {spec}; {_ONLY_BASELINE}"
    )


def _closest(asked: _Asked, name: str) -> str:
    kinds = ("refs/heads", "refs/tags", "refs/remotes")
    listed = asked.git("for-each-ref", "--format=%(refname:short)", *kinds)
    known = listed.line.splitlines()
    same_end = [other for other in known if other.endswith(f"/{name}")]
    close = difflib.get_close_matches(name, known, n=1)
    for other in (*same_end, *close):
        return f"did you mean --promptopt-compare={shlex.quote(other)}?"
    if asked.is_shallow():
        return _fetch_hint(name.removeprefix("origin/"), shallow=True)
    return f"fetch it, or correct the name; {_ONLY_BASELINE}"
