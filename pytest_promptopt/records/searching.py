"""What a search works on and comes to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.ancestor import Ancestor
from pytest_promptopt.records.base import Record, digest
from pytest_promptopt.records.candidate_score import CandidateScore
from pytest_promptopt.records.gain_split import GainSplit
from pytest_promptopt.records.score_change import ScoreChange
from pytest_promptopt.records.shortening import Shortening

if TYPE_CHECKING:
    from collections.abc import Mapping


@lru_cache(maxsize=4096)
def _key_of(texts: tuple[tuple[str, str], ...]) -> str:
    """Return what is asked for again and again wherever candidates are compared."""
    return digest(dict(texts))[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Record):
    """A value for each region of each source, while searching.

    Attributes:
        texts: Region address (``"prompts/triage.j2#instructions"``) to text.
        examples: Address of an examples region to the ids of the train cases that its
            text is made of, in order; it is not part of the identity.
    """

    texts: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> str:
        """Identity of the texts, 12 hexadecimal digits."""
        return _key_of(tuple(self.texts.items()))

    def replacing(self, address: str, text: str) -> Candidate:
        """Return the candidate with one region's text changed."""
        return replace(self, texts={**self.texts, address: text})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Candidate:
        """Rebuild a candidate written by :meth:`to_json`."""
        examples = {key: tuple(ids) for key, ids in data.get("examples", {}).items()}
        return cls(texts=data["texts"], examples=examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin(Record):
    """How a candidate came to be.

    Attributes:
        operator: What made it, in a word or two, such as ``"rewrite"``.
        parents: Keys of the candidates it was made from, the one whose other regions it
            has first; empty for what was there before.
        region: Address of the region that was rewritten; empty for several.
        reply: The reply of the optimizer model that its text was read from; empty where
            none was asked.
        detail: What else it takes to make it again without a model.
    """

    operator: str
    parents: tuple[str, ...] = ()
    region: str = ""
    reply: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Origin:
        """Rebuild an origin written by :meth:`to_json`."""
        return cls(**{**data, "parents": tuple(data["parents"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Record):
    """One replacement in one file, in bytes.

    Attributes:
        path: Absolute path of the file.
        sha256: Digest of the whole file that the edit was made for.
        start: Offset of the first byte replaced.
        end: Offset behind the last byte replaced.
        replacement: The new text, encoded as UTF-8 when written.
    """

    path: str
    sha256: str
    start: int
    end: int
    replacement: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Edit:
        """Rebuild an edit written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion(Record):
    """How somebody else than the judge sees a candidate on the hold-out.

    Attributes:
        before: What the incumbent is worth by it, in [0, 1].
        after: What the candidate is worth by it, in [0, 1].
        p_value: One-sided case-level sign-flip p.
        cases: How many hold-out cases have one in both arms.
    """

    before: float
    after: float
    p_value: float
    cases: int

    @property
    def gain(self) -> float:
        """Gain by the second opinion, as a share."""
        return self.after - self.before

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SecondOpinion:
        """Rebuild an opinion written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Record):
    """A candidate confirmed on hold-out cases.

    Attributes:
        candidate: The new texts.
        incumbent: The texts they replace.
        edits: How the files change.
        before: Hold-out accuracy of the incumbent, in [0, 1].
        after: Hold-out accuracy of the candidate, in [0, 1].
        interval: 95 % interval of the gain, as shares.
        p_value: One-sided case-level sign-flip p.
        alpha: What the p-value was held against, after Holm.
        look: How often this hold-out had been used against this incumbent before.
        holdout_cases: Number of hold-out cases.
        trials: Fresh hold-out trials per case and arm.
        texts: New whole texts of the prompts that a hook supplied, by their labels:
            there is no file that an edit could change.
        second: What the second opinion says, where a model has judged.
        worse: How many hold-out cases have a lower mean score than with the incumbent.
        better: How many have a higher one.
        changes: The most telling of these cases, and then of the train cases, the
            greatest loss first.
        split: How much of the gain is replies that can be read, and how much right
            answers; ``None`` if every reply could be read or nobody can tell.
        prompt: The incumbent with its includes, as ``Prompt.snapshot()`` gives it: what
            it takes to read the prompt again without its test.
        shortening: How much shorter it is, where that was the aim; the p is then that
            of a loss as large as its margin.
    """

    candidate: Candidate
    incumbent: Candidate
    edits: tuple[Edit, ...]
    before: float
    after: float
    interval: tuple[float, float]
    p_value: float
    alpha: float
    look: int
    holdout_cases: int
    trials: int
    texts: Mapping[str, str] = field(default_factory=dict)
    second: SecondOpinion | None = None
    worse: int = 0
    better: int = 0
    changes: tuple[ScoreChange, ...] = ()
    split: GainSplit | None = None
    prompt: Mapping[str, Any] = field(default_factory=dict)
    shortening: Shortening | None = None

    @property
    def gain(self) -> float:
        """Hold-out gain, as a share."""
        return self.after - self.before

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Proposal:
        """Rebuild a proposal written by :meth:`to_json`."""
        return cls(
            **{
                **data,
                "candidate": Candidate.from_json(data["candidate"]),
                "incumbent": Candidate.from_json(data["incumbent"]),
                "edits": tuple(Edit.from_json(entry) for entry in data["edits"]),
                "interval": (data["interval"][0], data["interval"][1]),
                "second": _second(data.get("second")),
                "changes": tuple(map(ScoreChange.from_json, data["changes"])),
                "split": _split(data.get("split")),
                "shortening": _shortening(data.get("shortening")),
            }
        )


def _second(data: Mapping[str, Any] | None) -> SecondOpinion | None:
    return None if data is None else SecondOpinion.from_json(data)


def _split(data: Mapping[str, Any] | None) -> GainSplit | None:
    return None if data is None else GainSplit.from_json(data)


def _shortening(data: Mapping[str, Any] | None) -> Shortening | None:
    return None if data is None else Shortening.from_json(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """One step of a search, for the log.

    Attributes:
        number: From 1; 0 is the scoring of the seeds.
        asked: Replies the optimizer model was asked for.
        scored: Candidates scored.
        rejected: Reason to number of replies or candidates turned away.
        best: Best train score so far, in [0, 1].
        calls: Model calls so far, replays included.
        cost: What they have cost so far, in US dollars; ``None``: not known.
    """

    number: int
    asked: int
    scored: int
    rejected: Mapping[str, int]
    best: float
    calls: int
    cost: float | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """Rebuild a step written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult(Record):
    """What one search came to.

    Attributes:
        strategy: Its name.
        outcome: ``"proposed"``, ``"unconfirmed"`` (a better train score that the
            hold-out did not bear out), ``"nothing better"``, ``"refused"`` or
            ``"error"``.
        stopped: Why it ended: ``"perfect"``, ``"steps"``, ``"budget"``, ``"stalled"``,
            ``"gate rejected"`` (the hold-out or a re-check said no), ``"no headroom"``,
            ``"refused"`` or ``"error"``.
        ended: Why the steps ended, before anything was confirmed: the same, or what
            stands behind ``"gate rejected"``.
        message: What it came to, in a sentence or two.
        bare: Of an error the same without what replies and endpoints have said in it.
        seed: Seed of the random draws.
        train_cases: Number of train cases.
        holdout_cases: Number of hold-out cases.
        start: Train score of the incumbent, in [0, 1].
        best: Best train score, in [0, 1]; optimistic, since it was selected.
        smallest_gain: Smallest hold-out gain that could be confirmed, as a share.
        steps: The log.
        calls: Model calls, replays from the cache included.
        optimizer_calls: Those of them that went to the optimizer model.
        proposal: The confirmed candidate, if there is one.
        best_candidate: The best on train, confirmed or not.
        best_texts: Its texts as in :attr:`Proposal.texts`, where it was not confirmed.
        look: A line for the committed file of looks, if the hold-out was used.
        lineage: The line from the start to the proposed candidate, else to the best
            one on train, oldest first; empty if there is neither.
        notes: What is to be known beside it, a sentence each.
        scored: Every score of a candidate, in the order they came.
        chosen: Why this strategy was chosen, where nobody named one; else empty.
    """

    strategy: str
    outcome: Literal["proposed", "unconfirmed", "nothing better", "refused", "error"]
    stopped: str
    ended: str = ""
    message: str = ""
    bare: str = ""
    seed: int = 0
    train_cases: int = 0
    holdout_cases: int = 0
    start: float | None = None
    best: float | None = None
    smallest_gain: float | None = None
    steps: tuple[Step, ...] = ()
    calls: int = 0
    optimizer_calls: int = 0
    proposal: Proposal | None = None
    best_candidate: Candidate | None = None
    best_texts: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, Any] | None = None
    lineage: tuple[Ancestor, ...] = ()
    notes: tuple[str, ...] = ()
    scored: tuple[CandidateScore, ...] = ()
    chosen: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchResult:
        """Rebuild a result written by :meth:`to_json`."""
        rebuilt = dict(data)
        rebuilt["steps"] = tuple(Step.from_json(entry) for entry in data["steps"])
        rebuilt["lineage"] = tuple(Ancestor.from_json(x) for x in data["lineage"])
        rebuilt["notes"] = tuple(data["notes"])
        rebuilt["scored"] = tuple(map(CandidateScore.from_json, data["scored"]))
        if data["proposal"] is not None:
            rebuilt["proposal"] = Proposal.from_json(data["proposal"])
        if data["best_candidate"] is not None:
            rebuilt["best_candidate"] = Candidate.from_json(data["best_candidate"])
        return cls(**rebuilt)
