"""Landscapes on which nothing can be learned of what to write next.

Cases, inputs and failure reasons look as on the informative landscapes of
``landscapes.py``, so that an optimizer is just as busy, but what a prompt says has no
effect. Case ``i`` is right with probability p_i ~ Beta(mean s, (1 - mean) s), the model
of section A.9 of the reference note on statistics, where s = .5 and the mean is .75.

* ``identical``: every prompt is as good as any other, case by case.
* ``churn``: every prompt but the start redraws 10 % of the cases; single cases get
  better or worse by it, the mean does not move.
* ``scattered``: as ``churn``, and on the whole a prompt is better or worse by N(-3, 4)
  points, drawn anew for every text: there is something to select and nothing to learn.
* :class:`Better` adds one prompt that is truly better by a known amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal

from instruction_language import TOPICS, WAFFLE, Complaint, Instruction, said, written
from landscapes import HOLDOUT, LEAD, TRAIN, template

from pytest_promptopt.records import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Candidate

Kind = Literal["identical", "churn", "scattered"]

CHURNED = 0.10
SCATTER = (-0.03, 0.04)
"""Mean and standard deviation of what a scattered prompt gains, as shares."""

MENTIONED = 16
"""Topics that come up in the cases of one landscape."""

ALL_BUT_RIGHT = 0.98
"""How often a case is right that a concentrated gain has mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """A landscape without a slope.

    Attributes:
        name: Its kind.
        seed: Decides everything that is drawn.
        mean: Mean of the p_i.
        noise: The s of their Beta distribution; 0: the model always answers alike.
        text: The start.
        cases: All cases, each with its side of the split.
        start: The p_i of the start.
        known: Chances that were drawn before, by the candidate's key.
    """

    name: Kind
    seed: str
    mean: float
    noise: float
    text: str
    cases: tuple[Case, ...]
    start: tuple[float, ...]
    known: dict[str, tuple[float, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def informative(self) -> bool:
        """Never."""
        return False

    @property
    def files(self) -> Mapping[str, str]:
        """Template file to its text."""
        return {"prompt.j2": template(self.text)}

    def chances(self, candidate: Candidate) -> Sequence[float]:
        """Return the probability of a right reply, for each of the cases."""
        if self.name == "identical" or self._is_start(candidate):
            return self.start
        key = candidate.key
        if key not in self.known:
            self.known[key] = self._redrawn(key)
        return self.known[key]

    def blame(self, candidate: Candidate, number: int, luck: float) -> str:
        """Blame a topic that the case mentions, whatever the prompt says of it."""
        del candidate
        words = str(self.cases[number].inputs["request"]).replace(",", "").split()
        topics = [word for word in words if word in TOPICS]
        kinds = ("lacks", "has", "spoilt")
        at = int(luck * len(topics) * len(kinds))
        return str(Complaint(kinds[at % len(kinds)], topics[at // len(kinds)]))

    def _is_start(self, candidate: Candidate) -> bool:
        return [text.strip() for text in candidate.texts.values()] == [self.text]

    def _redrawn(self, key: str) -> tuple[float, ...]:
        random = Random(f"{self.seed}/{key}")
        chances = list(self.start)
        for i in random.sample(range(len(chances)), round(CHURNED * len(chances))):
            chances[i] = ability(random, self.mean, self.noise)
        if self.name != "scattered":
            return tuple(chances)
        gain = random.gauss(*SCATTER)
        if gain < 0:
            return tuple(chance * max(0.0, 1 + gain / self.mean) for chance in chances)
        share = min(1.0, gain / (1 - self.mean))
        return tuple(chance + (1 - chance) * share for chance in chances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Better:
    """A null landscape on which one prompt is better after all.

    Attributes:
        null: All other prompts.
        mark: The prompt that contains it is better.
        gain: By how much on either side of the split, as a share.
        spread: Whether every case gets a little better; else some become all but right.
    """

    null: Null
    mark: str
    gain: float
    spread: bool = False

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.null.name}, one better"

    @property
    def informative(self) -> bool:
        """Not in what is written next."""
        return False

    @property
    def files(self) -> Mapping[str, str]:
        """Template file to its text."""
        return self.null.files

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases."""
        return self.null.cases

    def chances(self, candidate: Candidate) -> Sequence[float]:
        """Return the probability of a right reply, for each of the cases."""
        if not any(self.mark in text for text in candidate.texts.values()):
            return self.null.chances(candidate)
        better = list(self.null.start)
        for side in ("train", "holdout"):
            at = [i for i, case in enumerate(self.cases) if case.split == side]
            (self._spread if self.spread else self._concentrate)(better, at, side)
        return better

    def blame(self, candidate: Candidate, number: int, luck: float) -> str:
        """Blame as on the null landscape."""
        return self.null.blame(candidate, number, luck)

    def _spread(self, chances: list[float], at: Sequence[int], side: str) -> None:
        del side
        failing = sum(1 - chances[i] for i in at)
        share = min(1.0, self.gain * len(at) / failing) if failing else 0.0
        for i in at:
            chances[i] += (1 - chances[i]) * share

    def _concentrate(self, chances: list[float], at: Sequence[int], side: str) -> None:
        left = self.gain * len(at)
        for i in Random(f"{self.null.seed}/{side}/better").sample(at, len(at)):
            gained = min(left, max(0.0, ALL_BUT_RIGHT - chances[i]))
            chances[i] += gained
            left -= gained


def ability(random: Random, mean: float, noise: float) -> float:
    """Draw how often a case is right."""
    if noise == 0:
        return float(random.random() < mean)
    return random.betavariate(mean * noise, (1 - mean) * noise)


def null(
    kind: Kind,
    seed: int,
    *,
    mean: float = 0.75,
    noise: float = 0.5,
    train: int = TRAIN,
    holdout: int = HOLDOUT,
) -> Null:
    """Make one null landscape.

    Args:
        kind: ``"identical"``, ``"churn"`` or ``"scattered"``.
        seed: Every number is another landscape of the kind.
        mean: Mean of the p_i.
        noise: The s of their Beta distribution.
        train: Number of train cases.
        holdout: Number of hold-out cases.
    """
    name = f"null/{kind}/{mean}/{noise}/{train}/{holdout}/{seed}"
    random = Random(name)
    mentioned = [
        Instruction(topic, random.random() < 0.7)
        for topic in random.sample(TOPICS, MENTIONED)
    ]
    told = [written(entry, random) for entry in random.sample(mentioned, 3)]
    start = " ".join([LEAD, random.choice(WAFFLE), *told])
    return Null(
        name=kind,
        seed=name,
        mean=mean,
        noise=noise,
        text=start,
        cases=tuple(_case(random, i, train, mentioned) for i in range(train + holdout)),
        start=tuple(ability(random, mean, noise) for _ in range(train + holdout)),
    )


def _case(
    random: Random, number: int, train: int, mentioned: Sequence[Instruction]
) -> Case:
    asked = random.sample(mentioned, random.choice((2, 3, 4)))
    return Case(
        id=f"c{number}",
        inputs={"request": f"Number {number}: " + ", ".join(i.topic for i in asked)},
        expected=f"Answer {number} {said(asked[:-1])}",
        split="train" if number < train else "holdout",
    )
