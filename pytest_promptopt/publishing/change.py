"""What one pull request changes: a prompt, or several that share a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PublishError
from pytest_promptopt.publishing.naming import branch_of, check_inside, in_order, shown
from pytest_promptopt.wording import change as change_told
from pytest_promptopt.wording import count, interval, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_promptopt.records import Edit, Proposal, TestResult

TREE = "Promptopt-Tree"
BASE = "Promptopt-Base"
"""Trailers by which a commit is known to be ours, and unchanged since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Proposals that go into one pull request.

    Attributes:
        results: Their prompt tests, at least one; each has a proposal with edits.
        files: The files that they change, relative to the top, sorted.
    """

    results: tuple[TestResult, ...]
    files: tuple[str, ...]

    @property
    def branch(self) -> str:
        """The branch that it is pushed to."""
        return branch_of(self.files)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits; their paths are relative to the top."""
        return tuple(edit for result in self.results for edit in _edits(result))

    @property
    def nodeids(self) -> tuple[str, ...]:
        """The prompt tests whose baselines it makes stale, relative to the root."""
        names = [result.nodeid for result in self.results]
        names += [
            entry.nodeid
            for result in self.results
            for entry in result.rechecks
            if entry.outcome == "pass"
        ]
        return tuple(dict.fromkeys(names))

    @property
    def title(self) -> str:
        """The title of the pull request, and of its first commit."""
        title = f"Improve {in_order(self.files)}"
        if len(self.results) > 1:
            return title
        found = proposal_of(self.results[0])
        return f"{title}: {percent(found.before)} to {percent(found.after)} on hold-out"

    @property
    def edit_message(self) -> str:
        """The message of the commit that changes the prompt, without trailers."""
        told = [_told(result) for result in self.results]
        return "\n\n".join([self.title, *told])

    def record_message(self, command: str) -> str:
        """Return the message of the commit that records the baseline."""
        return (
            f"Record the baseline of {in_order(self.files)}\n\n"
            f"Recorded by: {shown_command(command)}"
        )


def shown_command(command: str) -> str:
    """Return a command as it may stand in a commit's message."""
    return " ".join(map(shown, command.split(" ")))


def _told(result: TestResult) -> str:
    found = proposal_of(result)
    strategy = result.search.strategy if result.search is not None else ""
    return (
        f"{shown(result.nodeid)}\n"
        f"hold-out: {percent(found.before)} before, {percent(found.after)} after; "
        f"gain {change_told(found.gain)}, 95% interval {interval(found.interval)}\n"
        f"{p_value(found.p_value)} on {count(found.holdout_cases, 'case')} that the "
        f"search never saw, {count(found.trials, 'trial')} each\n"
        f"found by: {shown(strategy)}"
    )


def proposal_of(result: TestResult) -> Proposal:
    """Return the proposal of a prompt test that has one.

    Raises:
        PublishError: It has none.
    """
    if result.search is None or result.search.proposal is None:
        raise PublishError(
            f"{result.nodeid}: the record has no proposal of it",
            "run pytest --optimize-prompts again",
        )
    return result.search.proposal


def _edits(result: TestResult) -> tuple[Edit, ...]:
    return proposal_of(result).edits


def changes_of(results: Sequence[TestResult]) -> tuple[Change, ...]:
    """Divide proposals into changes; those that share a file go together.

    Args:
        results: Prompt tests with proposals. One that changes no file is left out.

    Returns:
        The changes, by their first files.

    Raises:
        PublishError: A path leaves the repository.
    """
    groups: list[tuple[list[TestResult], set[str]]] = []
    for result in results:
        files = {edit.path for edit in _edits(result)}
        for name in files:
            check_inside(name)
        if not files:
            continue
        joined = [group for group in groups if group[1] & files]
        groups = [group for group in groups if not group[1] & files]
        members = [member for group in joined for member in group[0]]
        groups.append(
            (
                [*members, result],
                files.union(*(group[1] for group in joined)),
            )
        )
    found = (
        Change(results=tuple(_sorted(members)), files=tuple(sorted(files)))
        for members, files in groups
    )
    return tuple(sorted(found, key=lambda change: change.files))


def _sorted(results: Iterable[TestResult]) -> Iterator[TestResult]:
    yield from sorted(results, key=lambda result: result.nodeid)
