"""The text of a pull request that has a change and its new baseline in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.markdown import code, fenced
from pytest_promptopt.report.proposal import pull_request_text

if TYPE_CHECKING:
    from pytest_promptopt.publishing.change import Change
    from pytest_promptopt.publishing.record import ProposalsRecord

_NO_WORKFLOWS = (
    "GitHub starts no workflow for a pull request that a workflow opens with its own "
    "`GITHUB_TOKEN`: close and reopen this one to have the checks run."
)


def body_of(
    change: Change,
    record: ProposalsRecord,
    *,
    diff: str,
    command: str,
    on_github: bool,
) -> str:
    """Return the body of a pull request, as Markdown.

    Args:
        change: What it changes.
        record: The run that proposes it.
        diff: The diff of its first commit.
        command: What records the baseline of its second.
        on_github: Whether a GitHub workflow opens it.

    Returns:
        At most 65,000 characters.
    """
    where = "" if record.root == "." else f" in {code(record.root)}"
    at = f" The search ran at commit {record.commit[:12]}." if record.commit else ""
    ending = "\n".join(
        [
            "Of the two commits, the first changes the prompt, and the second records "
            f"the new baseline by running{where}:",
            "",
            fenced(command, "", most=2_000),
            "",
            f"`promptopt pr` writes this text, and renews it when it is run again.{at}",
            *(["", _NO_WORKFLOWS] if on_github else []),
        ]
    )
    return pull_request_text(
        change.results, dropped=(), diff=diff, command="", ending=ending
    )
