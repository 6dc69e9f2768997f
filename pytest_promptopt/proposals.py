"""What a run leaves of its searches: the diff, new texts, the pull request's text."""

from __future__ import annotations

import hashlib
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.configuration import today
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.git import check_applies, work_tree
from pytest_promptopt.git.trees import commit_of
from pytest_promptopt.patch import unified_diff
from pytest_promptopt.proposed_texts import WrittenTexts, file_names
from pytest_promptopt.publishing.record import (
    ProposalsRecord,
    record_path,
    recordable,
)
from pytest_promptopt.report import proposal
from pytest_promptopt.report.rechecks import together
from pytest_promptopt.run_folder import run_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.outbox import Outbox
    from pytest_promptopt.records import Edit, TestResult

KEPT = "proposal.diff"
"""The file of a search's folder that has its proposal, if the diff was not written."""


@dataclass(slots=True, kw_only=True)
class Proposals:
    """Writes proposals, and keeps what was not confirmed where nobody proposes it.

    Attributes:
        root: Pytest's root folder.
        outbox: Writes files; its folder is where proposals go.
        diff_path: Where the diff goes; the pull request's text goes beside it.
        changed: The files that the diff changes, once it is written.
    """

    root: Path
    outbox: Outbox
    diff_path: Path
    changed: list[Path] = field(default_factory=list)

    @property
    def text_path(self) -> Path:
        """Where the pull request's text goes."""
        return self.diff_path.with_suffix(".md")

    @property
    def top(self) -> Path:
        """The folder that paths in a diff are relative to."""
        return work_tree(self.root) or self.root

    @property
    def _written_texts(self) -> WrittenTexts:
        return WrittenTexts(record=self.root / ".promptopt" / "proposed.json")

    def remove_old(self, *, named: bool) -> None:
        """Remove what an earlier run left, and nothing else.

        Beside a run that proposes nothing it would be taken for its proposals.

        Args:
            named: Whether the user named the file of the diff, which then need not be
                ours.

        Raises:
            SettingError: Something else is there, or it cannot be removed.
        """
        _remove_old(self.diff_path, b"--- " if named else b"")
        _remove_old(self.text_path, proposal.TITLE.encode() if named else b"")
        try:
            record_path(self.root).unlink(missing_ok=True)
            self._written_texts.remove()
        except OSError as error:
            raise SettingError(
                f"{str(error.filename)!r}, of an earlier search, cannot be removed: "
                f"{error.strerror}",
                "remove it, or make its folder writable",
            ) from None

    def keep_best(self, result: TestResult) -> None:
        """Keep a candidate that was not confirmed, where nobody takes it for more."""
        folder = run_folder(self.root, result.nodeid)
        best, kept = folder / "best.diff", folder / KEPT
        for old in (best, *folder.glob("best.*.txt")):
            self._remove_earlier(old)
        if kept not in self.outbox.written:
            self._remove_earlier(kept)
        texts = result.search.best_texts if result.search is not None else {}
        for label, file in file_names(texts).items():
            path = folder / file.replace("promptopt", "best", 1)
            self.outbox.write(path, texts[label].encode("utf-8"))
        if not result.unconfirmed:
            return
        try:
            diff = unified_diff(result.unconfirmed, read=Path.read_bytes, top=self.top)
        except PromptOptError as error:
            self.outbox.problems.append(f"no best.diff written: {error}")
            return
        self.outbox.write(best, diff)

    def _remove_earlier(self, path: Path) -> None:
        """Remove what a search left before, which would be taken for this one's."""
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            return  # nothing can be there
        except OSError as error:
            self.outbox.problems.append(
                f"{path}, of an earlier search, was not removed: {error.strerror}"
            )

    def write(self, proposed: list[TestResult]) -> None:
        """Write what is proposed.

        Args:
            proposed: Prompt tests whose searches have a proposal, at least one.
        """
        kept, dropped = without_conflicts(proposed)
        edits = [edit for result in kept for edit in _edits(result)]
        diff = self._write_diff(edits) if edits else ""
        if diff is None:
            for result in filter(_edits, kept):
                self._keep_aside(result)
            kept = [result for result in kept if not _edits(result)]
            if not kept:
                return
        self.outbox.remarks += [
            f"left out: {result.prompt} ({result.nodeid}), since another proposal "
            "changes the same text and gains as much or more"
            for result in dropped
        ]
        self.outbox.remarks += [told] if (told := together(kept)) else []
        text = proposal.pull_request_text(
            kept,
            dropped=dropped,
            diff=diff or "",
            command=self.apply_command,
            texts=self._write_texts(kept),
        )
        self.outbox.write(self.text_path, text.encode("utf-8"))
        if diff:
            self._write_record(kept, diff)

    def _write_record(self, kept: list[TestResult], diff: str) -> None:
        """Write what ``promptopt pr`` takes the proposals from."""
        top = self.top.resolve()
        found = commit_of(top)
        record = ProposalsRecord(
            commit=found or "",
            date=today(),
            root=_below(top, self.root),
            diff=_below(top, self.diff_path),
            sha256=hashlib.sha256(diff.encode("utf-8")).hexdigest(),
            results=tuple(
                recordable(result, lambda path: _below(top, Path(path)))
                for result in kept
            ),
        )
        path = record_path(self.root)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(record.to_text(), encoding="ascii")
        except OSError as error:
            self.outbox.problems.append(f"{path} was not written: {error.strerror}")

    def _write_diff(self, edits: list[Edit]) -> str | None:
        """Write the diff and return it; ``None`` if it cannot be written."""
        try:
            diff = unified_diff(edits, read=Path.read_bytes, top=self.top)
            if not self.outbox.write(self.diff_path, diff):
                return None
            check_applies(self.diff_path, self.top)
        except PromptOptError as error:
            self.outbox.take_back(self.diff_path)
            self.outbox.problems.append(f"no diff written: {error}")
            return None
        self.changed = sorted({Path(edit.path) for edit in edits})
        return diff.decode("utf-8")

    def _keep_aside(self, result: TestResult) -> None:
        """Keep what the diff should have held in the folder of its search."""
        path = run_folder(self.root, result.nodeid) / KEPT
        try:
            diff = unified_diff(_edits(result), read=Path.read_bytes, top=self.top)
            if not self.outbox.write(path, diff):
                return
            check_applies(path, self.top)
        except PromptOptError:
            self.outbox.take_back(path)
            return  # it cannot be applied wherever it lies, which has been said
        changed = sorted({Path(edit.path) for edit in _edits(result)})
        self.outbox.problems.append(
            f"the proposal for {result.prompt} is in {self.outbox.shown(path)}: apply "
            f"it with {self._applying(path, changed)}"
        )

    def _write_texts(self, kept: list[TestResult]) -> list[proposal.NewText]:
        """Write new texts of prompts that are in no file, each to one of its own."""
        texts = {label: t for result in kept for label, t in _texts(result).items()}
        told = []
        for label, name in file_names(texts).items():
            is_there = self._write_text(name, texts[label])
            file = name if is_there else ""
            told.append(proposal.NewText(label=label, file=file, text=texts[label]))
        written = [text for text in told if text.file]
        self.outbox.remarks += [
            f"to apply the proposal for {text.label}: put the text of {text.file} "
            "where that prompt is kept"
            for text in written
        ]
        if written:
            self._keep_in_mind([self.outbox.folder / text.file for text in written])
        return told

    def _write_text(self, name: str, text: str) -> bool:
        path = self.outbox.folder / name
        if not path.exists():
            return self.outbox.write(path, text.encode("utf-8"))
        # The pull request's text has it, too.
        self.outbox.problems.append(
            f"{name} was not written: there is a file of that name that no search "
            "wrote, or that was changed since; move it away and run the same command "
            "again: replies that came are not paid for twice"
        )
        return False

    def _keep_in_mind(self, paths: list[Path]) -> None:
        try:
            self._written_texts.keep(paths)
        except OSError as error:
            self.outbox.problems.append(
                f"{self._written_texts.record} was not written: {error.strerror}"
            )

    @property
    def publish_command(self) -> str:
        """What opens pull requests, from the folder where pytest was started."""
        start, root = self.outbox.folder.resolve(), self.root.resolve()
        if start.is_relative_to(root):  # it looks for the root upwards
            return "promptopt pr"
        return f"promptopt pr {shlex.quote(os.path.relpath(root, start))}"

    @property
    def apply_command(self) -> str:
        """What applies the diff, from the folder where pytest was started."""
        return self._applying(self.diff_path, self.changed)

    def _applying(self, diff: Path, changed: Sequence[Path]) -> str:
        start = self.outbox.folder.resolve()
        top = self.top.resolve()
        inside = all(start in path.resolve().parents for path in changed)
        if start == top or (inside and work_tree(start) == work_tree(top)):
            shown = shlex.quote(self.outbox.shown(diff))
            return f"git apply --whitespace=nowarn {shown}"
        # Elsewhere git would take the paths in the diff for others.
        folder = shlex.quote(os.path.relpath(top, start))
        shown = shlex.quote(os.path.relpath(diff.resolve(), top))
        return f"git -C {folder} apply --whitespace=nowarn {shown}"


def _below(top: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), top)).as_posix()


def without_conflicts(
    proposed: list[TestResult],
) -> tuple[list[TestResult], list[TestResult]]:
    """Keep, of proposals that change one text, the one with the larger gain.

    Returns:
        Those kept, in the order given, and those dropped.
    """
    kept: list[TestResult] = []
    dropped: list[TestResult] = []
    taken: list[Edit] = []
    labels: set[str] = set()
    for result in sorted(proposed, key=lambda entry: (-_gain(entry), entry.nodeid)):
        edits, texts = _edits(result), _texts(result)
        overlap = any(_overlap(edit, other) for edit in edits for other in taken)
        if overlap or not labels.isdisjoint(texts):
            dropped.append(result)
        else:
            kept.append(result)
            taken += edits
            labels |= texts.keys()
    return [result for result in proposed if result in kept], dropped


def _edits(result: TestResult) -> tuple[Edit, ...]:
    search = result.search
    if search is None or search.proposal is None:
        return ()
    return search.proposal.edits


def _texts(result: TestResult) -> Mapping[str, str]:
    search = result.search
    if search is None or search.proposal is None:
        return {}
    return search.proposal.texts


def _gain(result: TestResult) -> float:
    search = result.search
    return search.proposal.gain if search is not None and search.proposal else 0.0


def _overlap(one: Edit, other: Edit) -> bool:
    if one.path != other.path:
        return False
    return one.start <= other.end and other.start <= one.end


def _remove_old(path: Path, head: bytes) -> None:
    """Remove what an earlier run left at a place, and nothing else.

    Args:
        path: The place.
        head: How our own files begin there.

    Raises:
        SettingError: Something else is there.
    """
    try:
        found = path.read_bytes()
        if found.startswith(head) or not found:
            path.unlink()
            return
    except FileNotFoundError:
        return
    except OSError as error:
        reason = f"it cannot be looked at: {error.strerror}"
    else:
        reason = "it was not written by this plugin"
    raise SettingError(
        f"--promptopt-diff: {str(path)!r} would be overwritten, but {reason}",
        "move it away, or name another file with --promptopt-diff=PATH",
    )
