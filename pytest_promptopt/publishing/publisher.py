"""From a change to a pushed branch with a pull request, or to what it would be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PublishError
from pytest_promptopt.github import pull_requests
from pytest_promptopt.github.refusals import GitHubError
from pytest_promptopt.patch import unified_diff
from pytest_promptopt.publishing import recording
from pytest_promptopt.publishing.body import body_of
from pytest_promptopt.publishing.commits import (
    commit_baselines,
    commit_change,
    earlier_of,
)
from pytest_promptopt.publishing.verifying import verified
from pytest_promptopt.publishing.worktree import lend_cache, second_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.command import Say
    from pytest_promptopt.github.api import GitHub
    from pytest_promptopt.publishing.change import Change
    from pytest_promptopt.publishing.program import Git
    from pytest_promptopt.publishing.record import ProposalsRecord
    from pytest_promptopt.publishing.remote import Base, Remote
    from pytest_promptopt.publishing.verifying import Verified

_EXACT = ("--whitespace=nowarn",)
_AGAIN = "run pytest --optimize-prompts again, on the branch to merge into"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A change of which everything is done that can be done here.

    Attributes:
        change: The change.
        commit: The last of its commits.
        there: What the branch holds on the remote; empty if it is not there.
        text: What its pull request says.
        found: Its pull request, if one is open.
    """

    change: Change
    commit: str
    there: str
    text: pull_requests.Draft
    found: pull_requests.PullRequest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Publishes the changes of one run.

    Attributes:
        git: Git at the top of the user's work tree.
        remote: Where branches are pushed to.
        base: What pull requests are to be merged into.
        commits: The remote's branches with their last commits.
        record: The run's proposals.
        diff: The diff that the run wrote, of all of them.
        github: The repository; ``None`` in a dry run.
        draft: Whether new pull requests are not ready for review.
        environ: The environment variables.
        say: Takes lines to show.
    """

    git: Git
    remote: Remote
    base: Base
    commits: Mapping[str, str]
    record: ProposalsRecord
    diff: bytes
    github: GitHub | None
    draft: bool = False
    environ: Mapping[str, str] = field(repr=False)
    say: Say

    def prepare(self, change: Change) -> Ready | None:
        """Verify a change, commit it and record its baseline; nothing leaves here.

        Args:
            change: The change.

        Returns:
            What is to be published; ``None`` in a dry run, which ends before anything
            is recorded.

        Raises:
            PublishError: It cannot be published as it stands.
            GitHubError: GitHub refuses to tell whether it has a pull request.
        """
        for nodeid in change.nodeids:
            recording.check_nodeid(nodeid)
        there = self.commits.get(change.branch, "")
        if there:
            self.remote.fetch(change.branch, there)
        earlier = earlier_of(self.git, change.branch, there) if there else None
        command = recording.record_command(change.nodeids)
        with second_tree(self.git, self.base.commit) as tree:
            root = tree.folder / self.record.root
            self._check_tests(change, root)
            found = verified(change, top=tree.folder, root=root, base=self.base.told)
            diff = self._diff(change, found, tree.folder)
            tree.do("apply", "--check", *_EXACT, stdin=diff, hint=_AGAIN)
            text = self._text(change, diff, command)
            self.say(_plan_lines(change, self.base, command))
            if self.github is None:
                self.say(_dry_lines(text, there))
                return None
            opened = pull_requests.open_of(self.github, change.branch)
            first = commit_change(tree, change, found, self.base, diff)
            commit = there
            if earlier is None or not earlier.has(self.base, tree, first):
                self.say(["  recording the baseline, which may call the model ..."])
                commit = self._recorded(tree, root, change, found)
        return Ready(change=change, commit=commit, there=there, text=text, found=opened)

    def publish(self, ready: Ready) -> None:
        """Push a branch, and open its pull request or renew it.

        Raises:
            PublishError: The remote refuses; there is no new pull request then, either.
            GitHubError: The branch is pushed, and GitHub refuses the rest.
        """
        if self.github is None:
            return
        branch = ready.change.branch
        if ready.commit == ready.there:
            self.say([f"{branch}: up to date, with this prompt and its baseline"])
        else:
            self.remote.push(ready.commit, branch, instead_of=ready.there)
            self.say([f"{branch}: pushed to {self.remote.name}"])
        try:
            if ready.found is not None:
                done = pull_requests.change(self.github, ready.found, ready.text)
                self.say([f"{branch}: pull request renewed: {done.url}"])
            else:
                done = pull_requests.open_new(self.github, ready.text, draft=self.draft)
                self.say([f"{branch}: pull request opened: {done.url}"])
        except GitHubError as error:
            error.problem += (
                f"\n  the branch {branch} is pushed, its pull request is not "
                f"{'renewed' if ready.found else 'opened'}: once that is mended, run "
                "the same command again, which records nothing anew"
            )
            raise

    def _recorded(self, tree: Git, root: Path, change: Change, found: Verified) -> str:
        """Record the baselines of a change, and return the commit that has them."""
        lend_cache(self.git.folder / self.record.root, root)
        recording.record(root, change.nodeids, self.environ)
        recording.check_recorded(found.sources, root)
        recording.keep_looks(change.results, root, self.record.date)
        files = recording.recorded_files(tree)
        command = recording.record_command(change.nodeids)
        return commit_baselines(tree, change, command, files, self.base)

    def _check_tests(self, change: Change, root: Path) -> None:
        for nodeid in change.nodeids:
            file = nodeid.partition("::")[0]
            if not (root / file).is_file():
                raise PublishError(
                    f"{self.base.told} has no file {file}, which has the prompt test",
                    "merge the branch that has it first",
                )

    def _diff(self, change: Change, found: Verified, top: Path) -> bytes:
        """Return the change as a diff; each file's part is in the diff of the run."""
        diffs = []
        for name in change.files:
            edits = [edit for edit in found.edits if Path(edit.path) == top / name]
            diffs.append(unified_diff(edits, read=Path.read_bytes, top=top))
            if diffs[-1] not in self.diff:
                raise PublishError(
                    f"{name}: {self.record.diff} has another change of it than was "
                    "measured",
                    _AGAIN,
                )
        return b"".join(diffs)

    def _text(self, change: Change, diff: bytes, command: str) -> pull_requests.Draft:
        body = body_of(
            change,
            self.record,
            diff=diff.decode("utf-8"),
            command=command,
            on_github=self.environ.get("GITHUB_ACTIONS") == "true",
        )
        return pull_requests.Draft(
            title=change.title, body=body, head=change.branch, base=self.base.branch
        )


def _plan_lines(change: Change, base: Base, command: str) -> list[str]:
    return [
        f"{', '.join(change.files)}: branch {change.branch} from {base.told}",
        f"  1. {change.title}",
        f"  2. the baseline, recorded by: {command}",
    ]


def _dry_lines(text: pull_requests.Draft, there: str) -> list[str]:
    first = "the branch is there and would be renewed" if there else "it would be new"
    return [
        f"  dry run, so nothing is recorded, pushed or opened; {first}",
        f"  pull request into {text.base}: {text.title}",
        "",
        *(f"  | {line}".rstrip() for line in text.body.splitlines()),
    ]
