"""The cases of one prompt test as reports show them, written one by one to a file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.details import FOLDER, remove_stale, run_name
from pytest_promptopt.models.cache_file import create_ignored_folder
from pytest_promptopt.records import CaseDetail, Trial, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_promptopt.baseline import BaselineCase
    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.items.pending import Pending
    from pytest_promptopt.records import Case, Verdict

MOST = 20_000
"""Characters of a text that a report gets."""


@dataclass(slots=True)
class DetailsFolder:
    """Where the prompt tests of one process write their cases.

    Attributes:
        root: Pytest's root folder.
        name: Name of the run's folder.
        begun: Whether it was made.
    """

    root: Path
    name: str
    begun: bool = False

    @classmethod
    def of(cls, config: pytest.Config) -> DetailsFolder | None:
        """Return the folder of a run; ``None`` if nobody asks for a report."""
        if not getattr(config.option, "promptopt_report", None):
            return None
        run = getattr(config, "workerinput", {}).get("testrunuid")
        # A worker ends before its cases are read: the controller has started it.
        process = os.getpid() if run is None else os.getppid()
        return cls(config.rootpath, run_name(process, run or secrets.token_hex(8)))

    def path_for(self, nodeid: str) -> Path:
        """Return the file of a prompt test, in a folder that exists.

        Raises:
            OSError: The folder cannot be made.
        """
        folder = self.root / FOLDER / self.name
        if not self.begun:
            create_ignored_folder(self.root / FOLDER.parent)
            remove_stale(self.root)
            folder.mkdir(parents=True, exist_ok=True)
            self.begun = True
        return folder / f"{digest(nodeid)[:16]}.jsonl"


def write_details(conduct: Conduct, verdict: Verdict) -> tuple[str, str]:
    """Write the cases of a prompt test that was judged, if a report needs them.

    Args:
        conduct: How it was judged; its trials are not forgotten yet.
        verdict: What it came to.

    Returns:
        The file, and why there is none; either may be empty.
    """
    if conduct.details is None:
        return "", ""
    cases = _Cases(conduct, verdict)
    try:
        path = conduct.details.path_for(conduct.test.nodeid)
        with path.open("w", encoding="ascii", newline="\n") as file:
            for case in conduct.test.cases:
                # Not held beside each other: there may be 100,000.
                detail = _shown(cases.detail(case), conduct.shows)
                file.write(json.dumps(detail.to_json(), allow_nan=False) + "\n")
    except OSError as error:
        told = f"{FOLDER.as_posix()} cannot be written: {error.strerror}"
        return "", f"the reports lack the cases of {conduct.test.mark.label}: {told}"
    return str(path), ""


def _shown(detail: CaseDetail, shows: Literal["full", "ids"]) -> CaseDetail:
    if shows == "full":
        return detail
    from pytest_promptopt.report.ids_only import ids_only_detail

    return ids_only_detail(detail)


class _Cases:
    """What is known of the cases of one prompt test.

    Args:
        conduct: How it was judged.
        verdict: What it came to.
    """

    def __init__(self, conduct: Conduct, verdict: Verdict) -> None:
        record, plan = conduct.reference.record, conduct.plan
        self._recorded = {case.id: case for case in record.cases} if record else {}
        self._carried = plan.mode in ("unchanged", "kept")
        # Later ones settle whether a must_pass case is broken, and count for no mean.
        self._counted = verdict.trials if plan.mode == "edited" else None
        self._before: dict[str, list[Pending]] = {}
        self._after: dict[str, list[Pending]] = {}
        if conduct.has_begun:
            under_test = conduct.rounds.arms[-1][0]
            for entry in conduct.rounds.sent:
                if entry.judged is None and entry.lost is None:
                    continue  # sent ahead, and then nobody wanted it
                arm = self._after if entry.arm is under_test else self._before
                arm.setdefault(entry.case.id, []).append(entry)

    def detail(self, case: Case) -> CaseDetail:
        """Return one case with its trials in both arms."""
        before = tuple(_trial(entry) for entry in self._before.get(case.id, ()))
        after = tuple(_trial(entry) for entry in self._after.get(case.id, ()))
        recorded = _mean_recorded(case, self._recorded.get(case.id))
        was = _mean(before[: self._counted]) if before else recorded
        return CaseDetail(
            case_id=case.id,
            place=case.place,
            inputs=_texts(case.inputs),
            expected=_text(case.expected) if case.has_expected else "",
            tags=case.tags,
            must_pass=case.must_pass,
            weight=case.weight,
            was=was,
            now=recorded if self._carried else _mean(after[: self._counted]),
            before=before,
            after=after,
        )


def _mean(trials: Sequence[Trial]) -> float | None:
    values = [trial.score.value for trial in trials if trial.score.value is not None]
    return fmean(values) if values else None


def _mean_recorded(case: Case, recorded: BaselineCase | None) -> float | None:
    """Return what a case scored when it was recorded, if it is still the same one."""
    if recorded is None or recorded.hash != case.hash or not recorded.scores:
        return None
    return fmean(recorded.scores)


def _trial(pending: Pending) -> Trial:
    trial = pending.trial()
    if len(trial.output) <= MOST and len(trial.score.reason) <= MOST:
        return trial
    return replace(
        trial,
        output=_cut(trial.output),
        score=replace(trial.score, reason=_cut(trial.score.reason)),
    )


def _texts(inputs: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in inputs.items()}


def _text(value: Any) -> str:
    """Return a value as a reader would write it: a text as it is, else JSON."""
    if isinstance(value, str):
        return _cut(value)
    return _cut(json.dumps(value, ensure_ascii=False, default=repr))


def _cut(text: str) -> str:
    if len(text) <= MOST:
        return text
    return f"{text[:MOST]}\n[{len(text) - MOST:,} more characters are left out]"
