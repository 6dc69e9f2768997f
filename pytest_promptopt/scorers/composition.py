"""Scorers made of other scorers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Score
from pytest_promptopt.scorers.asked_composition import AskedComposition
from pytest_promptopt.scorers.asking import Asking
from pytest_promptopt.scorers.calls import unusable_or_calls
from pytest_promptopt.scorers.deferred import Deferred
from pytest_promptopt.scorers.grading import RIGHT, Scorer, shown, unparsed
from pytest_promptopt.scorers.own_asking import asks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion
    from pytest_promptopt.scorers.adapting import AnyScorer
    from pytest_promptopt.scorers.deferred import Lookup

TOLD = 3
"""Scorers whose reasons are repeated."""

_OURS = "pytest_promptopt.scorers."


def all_of(*scorers: str | AnyScorer, **named: str | AnyScorer) -> Scorer:
    """Make a scorer that is as right as the least right of several.

    Every scorer is asked, so that each has its part: ``parts["json"]``, and
    ``parts["json.total"]`` for a part of its own. A 0 decides whatever the others say;
    else one without a verdict leaves the reply unscored.

    Args:
        scorers: Names or functions, as the marker takes them.
        named: The same under names of your own: ``all_of("exact", short=is_short)``.

    Raises:
        ScorerError: None is given, or one is neither a name nor a function.
    """
    return Composition("all_of", _listed("all_of", scorers, named), least)


def any_of(*scorers: str | AnyScorer, **named: str | AnyScorer) -> Scorer:
    """Make a scorer that is as right as the most right of several.

    Every scorer is asked and has its part, as in :func:`all_of`. A 1 decides whatever
    the others say; else one without a verdict leaves the reply unscored.

    Args:
        scorers: Names or functions, as the marker takes them.
        named: The same under names of your own.

    Raises:
        ScorerError: None is given, or one is neither a name nor a function.
    """
    return Composition("any_of", _listed("any_of", scorers, named), most)


def not_(scorer: str | AnyScorer) -> Scorer:
    """Make a scorer that is right where another is wrong: 1 minus its score.

    A reply that is empty, refused or cut off stays wrong, and one without a verdict
    stays unscored.

    Args:
        scorer: A name or a function, as the marker takes it.

    Raises:
        ScorerError: It is neither.
    """
    return Composition("not_", _listed("not_", (scorer,), {}), turned)


Combine = Callable[[Mapping[str, Score]], Score]


@dataclass(frozen=True, slots=True)
class Composition(Deferred):
    """Several scorers, and how their scores become one.

    Attributes:
        kind: ``"all_of"``, ``"any_of"`` or ``"not_"``.
        scorers: Name and scorer of each; names are unique.
        combine: From the scores by name to one.
    """

    kind: str
    scorers: tuple[tuple[str, Any], ...]
    combine: Combine

    @property
    def label(self) -> str:
        """What messages and parts call the scorer."""
        return f"not_{self.scorers[0][0]}" if self.kind == "not_" else self.kind

    def inner(self) -> tuple[Any, ...]:
        """Return the names and functions that it is made of."""
        return tuple(spec for _, spec in self.scorers)

    def resolved(self, lookup: Lookup) -> Scorer:
        """Return the scorer with everything that it names."""
        made = {name: self._made(spec, lookup) for name, spec in self.scorers}
        combine = self.combine
        if any(isinstance(scorer, Asking) for scorer in made.values()):
            return AskedComposition(
                name=self.label, scorers=made, combine=combine, turns=combine is turned
            )

        def score(case: Case, completion: Completion) -> Score:
            reason = unusable_or_calls(completion)
            if reason is not None and combine is turned:
                return unparsed(reason)
            return combine(
                {name: scorer(case, completion) for name, scorer in made.items()}
            )

        return score

    def _made(self, spec: Any, lookup: Lookup) -> Scorer:
        try:
            return lookup.scorer(spec)
        except ScorerError as error:
            raise ScorerError(f"{self.kind}: {error.problem}", error.hint) from None


def least(scores: Mapping[str, Score]) -> Score:
    """Return the lowest score; unscored if only an unscored one could be lower."""
    given = _given(scores)
    lowest = min(given.values(), default=1.0)
    if len(given) < len(scores) and lowest > 0.0:
        return _unscored(scores)
    short = [name for name, value in given.items() if value < 1.0]
    return Score(
        value=lowest,
        reason=_told(scores, short),
        parts=_parts(scores),
        parsed=all(score.parsed for score in scores.values()),
    )


def most(scores: Mapping[str, Score]) -> Score:
    """Return the highest score; unscored if only an unscored one could be higher."""
    given = _given(scores)
    highest = max(given.values(), default=0.0)
    if len(given) < len(scores) and highest < 1.0:
        return _unscored(scores)
    reason = _told(scores, list(scores)) if highest < 1.0 else ""
    return Score(
        value=highest,
        reason=reason,
        parts=_parts(scores),
        parsed=any(score.parsed for score in scores.values()),
    )


def turned(scores: Mapping[str, Score]) -> Score:
    """Return 1 minus the one score."""
    ((name, score),) = scores.items()
    if score.value is None:
        return _unscored(scores)
    if score.value == 0.0:
        return RIGHT
    return Score(
        value=1.0 - score.value,
        reason=f"expected {name} to be 0, got {score.value:.3g}",
    )


def _given(scores: Mapping[str, Score]) -> dict[str, float]:
    return {
        name: score.value for name, score in scores.items() if score.value is not None
    }


def _unscored(scores: Mapping[str, Score]) -> Score:
    open_ones = [name for name, score in scores.items() if score.value is None]
    return Score.unscored(_told(scores, open_ones))


def _told(scores: Mapping[str, Score], names: Sequence[str]) -> str:
    reasons = [
        f"{name}: {scores[name].reason or f'scored {scores[name].value:.3g}'}"
        for name in names[:TOLD]
    ]
    if len(names) > TOLD:
        reasons.append(f"and {len(names) - TOLD} more")
    return "; ".join(reasons)


def _parts(scores: Mapping[str, Score]) -> dict[str, float]:
    parts: dict[str, float] = {}
    for name, score in scores.items():
        if score.value is not None:
            parts[name] = score.value
        parts.update({f"{name}.{part}": share for part, share in score.parts.items()})
    return parts


def _listed(
    kind: str, scorers: Sequence[Any], named: Mapping[str, Any]
) -> tuple[tuple[str, Any], ...]:
    for spec in (*scorers, *named.values()):
        if not (isinstance(spec, str) or callable(spec) or asks(spec)):
            raise ScorerError(
                f"{kind}: {shown(spec)} is neither a name nor a function",
                f'write {kind}("exact") or {kind}(number(tolerance=0.01)), with the '
                "scorers as arguments and not in a list",
            )
    if not scorers and not named:
        raise ScorerError(f"{kind}: no scorer is given", f'write {kind}("exact", ...)')
    listed = dict(named)
    for spec in scorers:
        listed[_free(_name_of(spec), listed)] = spec
    given_first = [*list(listed)[len(named) :], *named]
    return tuple((name, listed[name]) for name in given_first)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    free, n = name, 1
    while free in taken:
        n += 1
        free = f"{name}_{n}"
    return free


def _name_of(spec: Any) -> str:
    if isinstance(spec, str):
        return spec
    if isinstance(spec, Deferred):
        return spec.label
    name = str(getattr(spec, "__qualname__", type(spec).__qualname__))
    if str(getattr(spec, "__module__", "")).startswith(_OURS):
        return name.split(".", 1)[0]  # "exact.<locals>.score" is exact()
    return name.rpartition(".")[2].strip("<>")
