"""Shrinking: templates with dead sentences, and how much of them gi-shrink deletes.

Of the sentences of a template 40 % are dead: no case needs them. Each of the others is
what some cases need. How a case is answered follows from the text alone, so that it is
known which words could go; the cases that a template gets right are protected.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search_cells import at_once

from pytest_promptopt.optimize import (
    Complete,
    Evaluate,
    SearchPlan,
    Tally,
    search,
    strategy_named,
)
from pytest_promptopt.optimize.same_behaviour import LOOKS
from pytest_promptopt.optimize.strategies.patches import replayed
from pytest_promptopt.prompts import load_prompt
from pytest_promptopt.records import Case, Completion, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_promptopt.optimize import Measure, Moves, Strategy, Task
    from pytest_promptopt.records import Candidate, Request

SIZES = (10, 20, 40)
DEAD = 0.4
TRAIN, HOLDOUT = 80, 80
WANTED = 0.8
"""Share of the dead words that has to go."""

STAGES = ("proposed", "parsed", "effective", "unique", "kept", "improved")
_SUBJECTS = [
    "orders",
    "invoices",
    "parcels",
    "refunds",
    "accounts",
    "logins",
    "taxes",
    "returns",
]
_FILLER = [
    "please",
    "note",
    "that",
    "this",
    "has",
    "always",
    "been",
    "so",
    "and",
    "nobody",
    "minds",
    "it",
    "much",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template of which it is known what it needs.

    Attributes:
        live: Sentences that cases need.
        dead: Sentences that none needs.
        text: All of them, in some order.
    """

    live: tuple[str, ...]
    dead: tuple[str, ...]
    text: str


def template(size: int, seed: int) -> Template:
    """Make a template of so many sentences."""
    drawn = random.Random(f"{size} {seed}")
    dead_count = round(DEAD * size)
    live = [
        f"Rule {at} says how to treat {drawn.choice(_SUBJECTS)} of kind {at}."
        for at in range(size - dead_count)
    ]
    dead = [
        f"Remark {at}, {' '.join(drawn.sample(_FILLER, drawn.randint(4, 10)))}."
        for at in range(dead_count)
    ]
    sentences = [*live, *dead]
    drawn.shuffle(sentences)
    return Template(live=tuple(live), dead=tuple(dead), text=" ".join(sentences))


@dataclass
class Watched:
    """A strategy with its moves looked at, to count what becomes of each edit.

    Attributes:
        strategy: The strategy.
        counts: Operator and stage to how often.
        origins: Key of a candidate to its origin and the candidate.
        task: What the strategy was given.
    """

    strategy: Any
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    origins: dict[str, tuple[Any, Candidate]] = field(default_factory=dict)
    task: Task | None = None

    @property
    def name(self) -> str:
        """That of the strategy."""
        return self.strategy.name

    @property
    def shrinks(self) -> bool:
        """As the strategy does."""
        return self.strategy.shrinks

    @property
    def options(self) -> Any:
        """Those of the strategy."""
        return self.strategy.options

    def search(self, task: Task) -> Moves:
        """Search as the strategy does, and count."""
        self.task = task
        moves = self.strategy.search(task)
        answer: Any = None
        asked = ""
        failed: set[str] = set()
        while True:
            try:
                move = moves.send(answer)
            except StopIteration:
                return
            if isinstance(move, Complete):
                asked = _operator(move.requests[0])
            elif isinstance(move, Tally):
                self._tallied(move, asked)
            elif isinstance(move, Evaluate) and move.origins:
                self._tried(move)
            answer = yield move
            if isinstance(move, Evaluate) and move.origins and move.trials > 1:
                failed |= {
                    move.candidates[0].key
                    for value in getattr(answer[0], "scores", {}).values()
                    if value is not None and value < 0.5
                }
            self._settle(failed)

    def _settle(self, failed: set[str]) -> None:
        """Count again who lost nothing, and who was built upon."""
        kept: Counter[tuple[str, str]] = Counter()
        built = {origin.parents[0] for origin, _ in self.origins.values()}
        for key, (origin, _) in self.origins.items():
            kept[origin.operator, "kept"] += key not in failed
            kept[origin.operator, "improved"] += key in built
        for stage in ("kept", "improved"):
            for operator, _ in list(self.counts):
                self.counts[operator, stage] = kept[operator, stage]

    def _tallied(self, move: Tally, asked: str) -> None:
        operator, _, why = move.reason.partition(": ")
        if operator == "unparsable":
            self.counts[asked, "proposed"] += move.count
            return
        if not why:
            operator, why = asked, operator
        self.counts[operator, "proposed"] += move.count
        self.counts[operator, "parsed"] += move.count
        self.counts[operator, "effective"] += move.count * (
            why not in ("no effect", "nothing left")
        )

    def _tried(self, move: Evaluate) -> None:
        origin, candidate = move.origins[0], move.candidates[0]
        if candidate.key in self.origins:
            return
        self.origins[candidate.key] = (origin, candidate)
        for stage in STAGES[:4]:
            self.counts[origin.operator, stage] += 1


def _operator(request: Request) -> str:
    text = request.messages[0].content
    return "fill" if "<BLANK>" in text else "shorten"


def optimizer(request: Request) -> Completion:
    """Answer as a middling model does: shorter, often careless, sometimes no text."""
    text = request.messages[0].content
    drawn = random.Random(f"{text}|{request.seed}")
    _, _, rest = text.partition("<current>")
    current = rest.partition("</current>")[0].replace("text:", "").strip()
    if drawn.random() < 0.05:
        return Completion(text="I would leave it as it is.")
    if "<BLANK>" in current:
        return Completion(text="<new_text>Take care.</new_text>")
    sentences = [part.strip(" .") for part in current.split(". ") if part.strip()]
    kept = drawn.sample(sentences, max(1, round(0.6 * len(sentences))))
    ordered = [part for part in sentences if part in kept]
    return Completion(text=f"<new_text>{'. '.join(ordered)}.</new_text>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """What a search came to.

    Attributes:
        deleted: Share of the dead words that the shortest patch has lost.
        lost: Live sentences it has lost, each of which protected cases need.
        proposed: Whether it was confirmed.
        scored: Patches scored.
        calls: Calls of the task model on train, of what all cases of all would take.
        same: Whether the patch applied again without a model gives the same text.
        counts: Operator and stage to how often.
    """

    deleted: float
    lost: int
    proposed: bool
    scored: int
    calls: float
    same: bool
    counts: Mapping[tuple[str, str], int]


def cell(given: tuple[int, int, float]) -> Shrunk:
    """Run one search: sentences, seed, share of edits that a model writes."""
    size, seed, written = given
    made = template(size, seed)
    live = made.live

    def judge(candidate: Candidate, case: Case) -> Trial:
        text = " ".join(candidate.texts.values())
        is_right = live[int(case.inputs["n"]) % len(live)] in text
        return Trial(score=Score(value=float(is_right)), output=str(is_right))

    cases = tuple(
        Case(
            id=f"{split}{number}",
            inputs={"n": f"{number}", "request": f"{split} request {number}"},
            split=split,
        )
        for split, count in (("train", TRAIN), ("holdout", HOLDOUT))
        for number in range(count)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "p.j2").write_text(
            "{# promptopt: begin task -#}\n" + made.text + "\n{# promptopt: end -#}\n"
            "{{ request }} {{ n }}\n",
            encoding="utf-8",
        )
        prompt = load_prompt({"": "p.j2"}, roots=[path])
        watched = Watched(strategy_named("gi-shrink", {"written": written}))
        plan = SearchPlan(prompt=prompt, cases=cases, seed=seed, steps=30)
        result, calls = _driven(plan, watched, judge)
    text = " ".join((result.best_candidate or prompt.incumbent).texts.values())
    words = sum(len(sentence.split()) for sentence in made.dead)
    left = sum(len(sentence.split()) for sentence in made.dead if sentence in text)
    scored = sum(step.scored for step in result.steps) - 1
    return Shrunk(
        deleted=1 - left / words,
        lost=sum(sentence not in text for sentence in live),
        proposed=result.proposal is not None,
        scored=scored,
        calls=calls / max(1, scored * TRAIN),
        same=_same(watched, result.best_candidate),
        counts=dict(watched.counts),
    )


def _same(watched: Watched, best: Candidate | None) -> bool:
    if best is None or watched.task is None:
        return False
    for origin, candidate in watched.origins.values():
        if watched.task.fit(candidate) == best:
            return replayed(watched.task, origin.detail) == best
    return False


def _driven(plan: SearchPlan, strategy: Strategy, judge: Any) -> tuple[Any, int]:
    searched = search(plan, strategy)
    answer: Any = None
    calls = 0
    while True:
        try:
            effect: Measure | Complete = searched.send(answer)  # type: ignore[assignment]
        except StopIteration as stop:
            return stop.value, calls
        if isinstance(effect, Complete):
            answer = tuple(map(optimizer, effect.requests))
            continue
        is_start = all(c == plan.prompt.incumbent for c in effect.candidates)
        is_tried = effect.purpose == "search" and effect.indices.stop <= LOOKS
        calls += effect.calls if is_tried and not is_start else 0
        answer = tuple(
            {
                case.id: (judge(candidate, case),) * len(effect.indices)
                for case in effect.cases
            }
            for candidate in effect.candidates
        )


def lines(seeds: int, processes: int) -> Iterator[str]:
    """Run every size with and without a model, and write a line about each."""
    total: Counter[tuple[str, str]] = Counter()
    for written in (0.0, 0.2):
        for size in SIZES:
            tasks = [(size, seed, written) for seed in range(seeds)]
            found = at_once(cell, tasks, processes)
            for entry in found:
                total.update(entry.counts)
            good = sum(
                entry.deleted >= WANTED - 1e-9 and not entry.lost for entry in found
            )
            mean = sum(entry.deleted for entry in found) / seeds
            yield (
                f"  {size} sentences, {written:.0%} written by a model: "
                f"{good} of {seeds} lost {WANTED:.0%} of the dead words or more and no "
                f"protected case; {mean:.0%} in the mean, least "
                f"{min(entry.deleted for entry in found):.0%}; live sentences lost "
                f"{sum(entry.lost for entry in found)}; "
                f"{max(entry.scored for entry in found)} scored at most, "
                f"{sum(entry.calls for entry in found) / seeds:.0%} of the calls of "
                f"whole scoring; proposed {sum(entry.proposed for entry in found)}; "
                f"replayed alike {sum(entry.same for entry in found)}"
            )
    yield f"  {'operator':<10}" + "".join(f"{stage:>11}" for stage in STAGES)
    for operator in sorted({operator for operator, _ in total}):
        row = "".join(f"{total[operator, stage]:>11,}" for stage in STAGES)
        yield f"  {operator:<10}{row}"
