"""Searches by the real plugin with the offline model, on data that it was not made for.

Every search is a pytest process of its own on a project made for it. The offline model
is a stand-in, so that this is a check of the mechanism and not of any language model.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from banking77 import CASES, HURRIED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEFAULT = "auto"
LEAST_GAIN, LEAST_CONFIRMED = 8.0, 0.8
HOTELS = "Say what the hotel guest wants, as JSON with intents and slots."

TEST = """
import pytest
from pytest_promptopt.scorers import json_fields

@pytest.mark.prompt("prompt.j2", cases={cases!r}, scorer={scorer}, min_score=0.0)
def test_prompt(): ...
"""
INI = """
[pytest]
promptopt_model = offline:rules
promptopt_budget = 100000
"""
ROW = "  {:<24}{:<20}{:>9} {:>10} {:>12} {:>9}  {}"
HEADINGS = ("task", "strategy", "hold-out", "confirmed", "median gain", "range", "")
_GAIN = re.compile(
    r"hold-out [\d.]+% -> [\d.]+%: ([+-][\d.]+) points? .*?, (\d+) cases", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A prompt to improve.

    Attributes:
        name: What the table calls it.
        cases: Case file below the data folder.
        scorer: The marker's argument, as source code.
        start: The prompt as it is.
    """

    name: str
    cases: Path
    scorer: str
    start: str


TASKS = (
    Task(name="Banking77-10, exact", cases=CASES, scorer="'exact'", start=HURRIED),
    Task(name="Banking77-10, choice", cases=CASES, scorer="'choice'", start=HURRIED),
    Task(
        name="NLU++ hotels, JSON",
        cases=Path("structured") / "nlupp_hotels_200.jsonl",
        scorer="json_fields(partial=True)",
        start=HOTELS,
    ),
)


def lines(data: Path, seeds: int, names: Sequence[str] | None) -> Iterator[str]:
    """Search from a hurried start with each seed, and write a line about each task.

    Args:
        data: The folder.
        seeds: Searches of each task with each strategy.
        names: Strategies; the default one if none is named.
    """
    yield ROW.format(*HEADINGS).rstrip()
    for task in TASKS:
        for name in names or (DEFAULT,):
            found = [_gain(task, name, data, seed) for seed in range(seeds)]
            yield _line(task, name, found)


def _line(task: Task, name: str, found: Sequence[tuple[float, int] | None]) -> str:
    held = [each for each in found if each is not None]
    gains = [each[0] if each else 0.0 for each in found]
    enough = statistics.median(gains) >= LEAST_GAIN
    enough = enough and len(held) >= LEAST_CONFIRMED * len(found)
    return ROW.format(
        task.name,
        name,
        held[0][1] if held else "",
        f"{len(held)} of {len(found)}",
        f"{statistics.median(gains):+.1f}",
        f"{min(gains):.0f}..{max(gains):.0f}",
        ("ok" if enough else "MISSED") if name == DEFAULT else "",
    ).rstrip()


def _gain(task: Task, name: str, data: Path, seed: int) -> tuple[float, int] | None:
    """Return the confirmed gain in points and the hold-out cases, if there is one."""
    with tempfile.TemporaryDirectory(prefix="promptopt-search-") as made:
        folder = Path(made)
        (folder / "pytest.ini").write_text(INI)
        cases = str((data / task.cases).resolve())
        (folder / "test_it.py").write_text(TEST.format(cases=cases, scorer=task.scorer))
        (folder / "prompt.j2").write_text(
            "{# promptopt: begin instructions -#}\n"
            f"{task.start}\n{{# promptopt: end -#}}\n{{{{ input }}}}\n"
        )
        command = [sys.executable, "-m", "pytest", "--optimize-prompts"]
        command += [f"--promptopt-seed={seed}", f"--promptopt-strategy={name}"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stdout)
        found = _GAIN.search(done.stdout)
        return (float(found[1]), int(found[2])) if found else None
