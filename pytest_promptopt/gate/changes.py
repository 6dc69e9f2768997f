"""The cases that one arm does better than the other, with a reply to show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_promptopt.records import CaseChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.gate.comparison import Pair
    from pytest_promptopt.records import Case, Trial


def worse_cases(pairs: Sequence[Pair]) -> tuple[CaseChange, ...]:
    """Return the cases whose mean fell, worst first.

    ``got`` is the worst reply of the new arm, ``before`` the best of the baseline's.
    """
    fallen = sorted((pair for pair in pairs if pair.now < pair.was), key=_fall)
    return tuple(_change(pair, got=min, before=max) for pair in fallen)


def better_cases(pairs: Sequence[Pair]) -> tuple[CaseChange, ...]:
    """Return the cases whose mean rose, best first.

    ``got`` is the best reply of the new arm, ``before`` the worst of the baseline's.
    """
    risen = [pair for pair in pairs if pair.now > pair.was]
    risen.sort(key=lambda pair: (-_fall(pair)[0], pair.case.id))
    return tuple(_change(pair, got=max, before=min) for pair in risen)


def expected_text(case: Case) -> str:
    """Return the right answer as a reader would write it; empty if there is none."""
    if not case.has_expected:
        return ""
    if isinstance(case.expected, str):
        return case.expected
    return json.dumps(case.expected, ensure_ascii=False, sort_keys=True, default=repr)


def _fall(pair: Pair) -> tuple[float, str]:
    # Rounded: means of thirds must tie where they are equal.
    return round((pair.now - pair.was) * pair.case.weight, 9), pair.case.id


def _change(
    pair: Pair,
    *,
    got: Callable[..., Trial],
    before: Callable[..., Trial],
) -> CaseChange:
    shown = _shown(pair.new_trials, got)
    earlier = _shown(pair.old_trials, before)
    return CaseChange(
        case_id=pair.case.id,
        place=pair.case.place,
        expected=expected_text(pair.case),
        got="" if shown is None else shown.output,
        before="" if earlier is None else earlier.output,
        was=pair.was,
        now=pair.now,
        reason="" if shown is None else shown.score.reason,
        finish_reason="stop" if shown is None else shown.finish_reason,
        tags=pair.case.tags,
        must_pass=pair.case.must_pass,
        flaky=pair.is_flaky,
    )


def _shown(trials: Sequence[Trial], choose: Callable[..., Trial]) -> Trial | None:
    scored = [trial for trial in trials if trial.score.value is not None]
    if not scored:
        return None
    # Ties are broken by the text, so that the order of the trials does not matter.
    return choose(
        scored,
        key=lambda x: (x.score.value, x.output, x.score.reason, x.finish_reason),
    )
