"""The two commits of a change: the prompt, and its baseline recorded anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.baseline import FOLDER
from pytest_promptopt.errors import PublishError
from pytest_promptopt.publishing.change import BASE, TREE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.publishing.change import Change
    from pytest_promptopt.publishing.program import Git
    from pytest_promptopt.publishing.remote import Base
    from pytest_promptopt.publishing.verifying import Verified

_FIELDS = f"%T%x00%P%x00%(trailers:key={TREE},valueonly,separator=%x2C)%x00"
_FORMAT = f"--format={_FIELDS}%(trailers:key={BASE},valueonly,separator=%x2C)"
_BOT = {
    "NAME": "github-actions[bot]",
    "EMAIL": "41898282+github-actions[bot]@users.noreply.github.com",
}
_FILES = ("100644", "100755")
_RECORDS = (".json", ".looks.jsonl")
_REPORT = "report this with the output of git status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, as far as it tells whether it is ours.

    Attributes:
        tree: Id of its files.
        parents: Ids of its parents.
        said_tree: The tree that its message names; empty if it names none.
        said_base: The base that its message names; empty if it names none.
    """

    tree: str
    parents: tuple[str, ...]
    said_tree: str
    said_base: str

    @property
    def is_ours(self) -> bool:
        """Whether we made it, and nobody changed it since."""
        return len(self.parents) == 1 and self.tree == self.said_tree


def read_commit(git: Git, commit: str) -> Commit:
    """Read a commit that is in the clone.

    Raises:
        PublishError: It cannot be read.
    """
    told = git.do(
        "log", "--max-count=1", "--no-show-signature", _FORMAT, commit, hint=_REPORT
    )
    tree, parents, said_tree, said_base = told.split("\0")
    return Commit(
        tree=tree,
        parents=tuple(parents.split()),
        said_tree=said_tree.strip(),
        said_base=said_base.strip(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What our branch on the remote holds.

    Attributes:
        commit: Its last commit.
        base: The commit that it was made for.
        tree: The files of its first commit: the base with the change.
    """

    commit: str
    base: str
    tree: str

    def has(self, base: Base, git: Git, commit: str) -> bool:
        """Tell whether it has the same change of the same base as a commit."""
        return self.base == base.commit and self.tree == read_commit(git, commit).tree


def earlier_of(git: Git, branch: str, commit: str) -> Earlier:
    """Read a branch that an earlier run pushed.

    Args:
        git: Git in a clone that has it.
        branch: Its name, for messages.
        commit: Its last commit.

    Raises:
        PublishError: It holds anything but the two commits of such a run.
    """
    last = read_commit(git, commit)
    first = read_commit(git, last.parents[0]) if last.is_ours else last
    if not first.is_ours or first.parents != (first.said_base,):
        raise PublishError(
            f"the branch {branch} has commits that promptopt pr did not make, which "
            "it would overwrite",
            "merge or close its pull request and delete the branch, then run the same "
            "command again",
        )
    return Earlier(commit=commit, base=first.said_base, tree=first.tree)


def commit_change(
    git: Git, change: Change, found: Verified, base: Base, diff: bytes
) -> str:
    """Apply and commit a verified change.

    Args:
        git: Git in a second work tree that has the base checked out.
        change: The change.
        found: What verifying it gave.
        base: The base.
        diff: The change as a diff.

    Returns:
        The full id of the commit.

    Raises:
        PublishError: The diff does not apply, or not to what was verified.
    """
    apply = ("apply", "--index", "--whitespace=nowarn")
    git.do(
        *apply,
        stdin=diff,
        hint="run pytest --optimize-prompts again, on the branch to merge into",
    )
    for name, data in found.files.items():
        if (git.folder / name).read_bytes() != data:
            raise PublishError(
                f"{name}: the diff does not give what was verified", _REPORT
            )
    trailers = {BASE: base.commit}
    return _committed(git, change.edit_message, trailers)


def commit_baselines(
    git: Git, change: Change, command: str, files: Sequence[str], base: Base
) -> str:
    """Commit recorded baselines, and check what both commits change together.

    Args:
        git: Git in the second work tree.
        change: The change.
        command: What recorded them.
        files: The baselines, relative to the top.
        base: The base.

    Returns:
        The full id of the commit.

    Raises:
        PublishError: The two commits change something else than prompts and baselines.
    """
    git.do("add", "--", *files, hint=_REPORT)
    commit = _committed(git, change.record_message(command), {})
    listed = git.do(
        "diff-tree",
        "-r",
        "-z",
        "--no-renames",
        base.commit,
        commit,
        hint=_REPORT,
    ).split("\0")
    for state, name in zip(listed[::2], listed[1::2], strict=False):
        mode = state.split(" ")[1]
        is_baseline = FOLDER in name.split("/")[:-1] and name.endswith(_RECORDS)
        if mode not in _FILES or not (is_baseline or name in change.files):
            raise PublishError(
                f"the commits would change {name}, which is neither the prompt nor a "
                "baseline",
                _REPORT,
            )
    return commit


def _committed(git: Git, message: str, trailers: Mapping[str, str]) -> str:
    tree = git.do("write-tree", hint=_REPORT)
    lines = [f"{key}: {value}" for key, value in {**trailers, TREE: tree}.items()]
    text = "\n".join([message, "", *lines, ""])
    signed_by = replace(git, environ={**git.environ, **_identity(git)})
    signed_by.do(
        "commit",
        "--quiet",
        "--no-verify",
        "--cleanup=verbatim",
        "--file=-",
        stdin=text.encode("utf-8"),
        hint="see the reason: git must know who commits, and be able to sign if it "
        "is asked to",
    )
    return git.do("rev-parse", "HEAD", hint=_REPORT)


def _identity(git: Git) -> dict[str, str]:
    """Return who commits, where git does not know and a workflow runs.

    Raises:
        PublishError: Git does not know, and no workflow runs.
    """
    strict = replace(git, config=(*git.config, ("user.useConfigOnly", "true")))
    roles = ("AUTHOR", "COMMITTER")
    if all(strict.ask("var", f"GIT_{role}_IDENT").done for role in roles):
        return {}
    if git.environ.get("GITHUB_ACTIONS") == "true":
        return {
            f"GIT_{role}_{part}": value
            for role in roles
            for part, value in _BOT.items()
        }
    raise PublishError(
        "git does not know who commits",
        "run: git config user.name NAME, and git config user.email ADDRESS",
    )
