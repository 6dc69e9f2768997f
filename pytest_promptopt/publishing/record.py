"""What a run leaves for ``promptopt pr``: its proposals, as data.

The record lies in ``.promptopt``, which git ignores. Whoever reads it believes nothing
of it that can be checked: see :mod:`pytest_promptopt.publishing.verifying`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_promptopt.records import TestResult

VERSION = 1

_AGAIN = "run pytest --optimize-prompts again: replies that came are not paid for twice"


def record_path(root: Path) -> Path:
    """Return where the record of the latest search lies.

    Args:
        root: Pytest's root folder.
    """
    return root / ".promptopt" / "proposals.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalsRecord:
    """The proposals of a run.

    Attributes:
        commit: Full id of the commit that was checked out; empty if there was none.
        date: Day of the run, ISO 8601.
        root: Pytest's root folder, relative to the top of the work tree; ``"."``.
        diff: The diff of all of them, relative to the top.
        sha256: Digest of its bytes.
        results: The prompt tests; the paths of their edits are relative to the top.
    """

    commit: str
    date: str
    root: str
    diff: str
    sha256: str
    results: tuple[TestResult, ...]

    def to_text(self) -> str:
        """Return the record as JSON."""
        data = {
            "version": VERSION,
            "commit": self.commit,
            "date": self.date,
            "root": self.root,
            "diff": self.diff,
            "sha256": self.sha256,
            "results": [result.to_json() for result in self.results],
        }
        return json.dumps(data, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_text(cls, text: str, path: Path) -> ProposalsRecord:
        """Read a record.

        Args:
            text: What :meth:`to_text` returned.
            path: For messages only.

        Raises:
            PublishError: It is none, or one of another version.
        """
        from pytest_promptopt.records import TestResult

        try:
            data = json.loads(text)
            version = data["version"]
            results = tuple(map(TestResult.from_json, data["results"]))
            names = ("commit", "date", "root", "diff", "sha256")
            heads = {name: _text(data[name]) for name in names}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise PublishError(f"{path}: no record of proposals", _AGAIN) from None
        if version != VERSION:
            raise PublishError(
                f"{path}: a record of version {version!r}, this pytest-promptopt reads "
                f"{VERSION}",
                _AGAIN,
            )
        return cls(results=results, **heads)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def recordable(result: TestResult, relative: Callable[[str], str]) -> TestResult:
    """Return a result as a record keeps it: what a pull request tells, and no more.

    It may become an artifact of a job, so it has no path of this machine, and nothing
    of the gate's cases and replies.

    Args:
        result: A prompt test with a proposal.
        relative: Turns an absolute path into one relative to the top.
    """
    search = result.search
    if search is None or search.proposal is None:
        return result
    edits = tuple(
        replace(edit, path=relative(edit.path)) for edit in search.proposal.edits
    )
    from pytest_promptopt.records import TestResult, Verdict

    verdict = result.verdict
    return TestResult(
        nodeid=result.nodeid,
        selector=result.selector,
        prompt=result.prompt,
        model=result.model,
        verdict=Verdict(outcome=verdict.outcome, cause=verdict.cause),
        search=replace(search, proposal=replace(search.proposal, edits=edits)),
        paid=result.paid,
        search_cost=result.search_cost,
        replayed=result.replayed,
        search_runs=result.search_runs,
        optimizer_model=result.optimizer_model,
        rechecks=result.rechecks,
        notes=result.notes,
        recipients=result.recipients,
        shows=result.shows,
    )
