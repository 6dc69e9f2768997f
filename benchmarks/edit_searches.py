"""ICPI against its own ablations on a synthetic edit process, and its calibration."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edit_model import edit_reply
from edit_process import EditProcess
from landscapes import LEAD
from search_cells import at_once
from search_runs import run

from pytest_promptopt import stats
from pytest_promptopt.optimize import strategy_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STEPS = 15
"""Of four edits each."""

ARMS: Mapping[str, Mapping[str, Any]] = {
    "icpi": {},
    "random actions": {"choosing": "random"},
    "no argmax": {"choosing": "imitation"},
    "no rollouts": {"rollouts": False},
    "unbalanced": {"balanced": False},
    "unconstrained": {"constrained": False},
    "table": {"world_model": "table"},
}
MUST = ("random actions", "no argmax")
LEVEL = 0.05
ROW = "  {:<16}{:>8} {:>10} {:>8} {:>8} {:>7} {:>9}  {}"
HEADINGS = ("", "regret", "icpi less", "p", "reached", "asked", "fell back", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """One search.

    Attributes:
        arm: Key of :data:`ARMS`.
        seed: Of the process and of the search.
        scrambled: Whether nothing can be foretold.
    """

    arm: str
    seed: int
    scrambled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What it came to.

    Attributes:
        regret: How much less an edit brought than the best one would have, on average,
            as a share.
        best: Worth of the best of them.
        edits: How many were scored.
        asked: Requests to the optimizer model.
        checked: How often predictions were held against what came.
        fell_back: Whether the report says that the table took over.
    """

    regret: float
    best: float
    edits: int
    asked: int
    checked: int
    fell_back: bool


def edited(given: Edits) -> Edited:
    """Run one search through the real loop."""
    process = EditProcess(given.seed, scrambled=given.scrambled)
    told: list[Mapping[str, Any]] = []
    found = run(
        process,
        strategy_named("icpi", {"race": False, **ARMS[given.arm]}),
        seed=given.seed,
        reply=edit_reply,
        steps=STEPS,
        patience=STEPS,
        tell=told.append,
    )
    texts = [
        text
        for line in told
        if line["what"] == "candidate"
        for text in line["candidate"]["texts"].values()
        if LEAD in text
    ]
    notes = [note for note in found.result.notes if note.startswith("icpi: ")]
    return Edited(
        regret=statistics.mean(map(process.regret, texts)),
        best=max(process.course(text)[-1] for text in texts),
        edits=len(texts),
        asked=found.result.optimizer_calls,
        checked=sum(
            line["what"] == "noted" and "check" in line["data"] for line in told
        ),
        fell_back=any("table" in note for note in notes),
    )


def lines(
    seeds: int, processes: int, arms: Sequence[str] = tuple(ARMS)
) -> Iterator[str]:
    """Compare the regret of all arms, then count who falls back where."""
    yield f"  {seeds} seeds of {4 * STEPS} edits"
    yield ROW.format(*HEADINGS).rstrip()
    tasks = [Edits(arm=arm, seed=seed) for arm in arms for seed in range(seeds)]
    every = at_once(edited, tasks, processes)
    own = every[:seeds]
    for at, arm in enumerate(arms):
        yield _line(arm, every[at * seeds : (at + 1) * seeds], own)
    scrambled = at_once(
        edited,
        [Edits(arm="icpi", seed=seed, scrambled=True) for seed in range(seeds)],
        processes,
    )
    stayed = sum(each.checked > 0 and not each.fell_back for each in own)
    fell = sum(each.fell_back for each in scrambled)
    yield f"  stays on where something can be foretold: {stayed} of {seeds}" + _must(
        stayed, seeds
    )
    yield f"  falls back where it is scrambled, and says so: {fell} of {seeds}" + _must(
        fell, seeds
    )


def _must(count: int, seeds: int) -> str:
    return f"  must: >= 80 %, {'ok' if count >= 0.8 * seeds else 'FAILS'}"


def _line(arm: str, found: Sequence[Edited], own: Sequence[Edited]) -> str:
    saved = [there.regret - here.regret for there, here in zip(found, own, strict=True)]
    p = stats.sign_flip_p(saved, side="gain")
    told = ""
    if arm in MUST:
        told = "must: p < .05, " + ("ok" if p < LEVEL else "FAILS")
    return ROW.format(
        arm,
        f"{statistics.mean(each.regret for each in found):.3f}",
        "" if arm == "icpi" else f"{statistics.mean(saved):+.3f}",
        "" if arm == "icpi" else f"{p:.4f}",
        f"{statistics.mean(each.best for each in found):.2f}",
        f"{statistics.mean(each.asked for each in found):.0f}",
        sum(each.fell_back for each in found),
        told,
    ).rstrip()
