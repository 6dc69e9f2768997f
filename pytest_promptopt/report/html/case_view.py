"""One case of a prompt test, ready to be shown: how it did, and by which replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.records import CaseDetail
from pytest_promptopt.report.html.reply import Reply, folded, telling_first

if TYPE_CHECKING:
    from pytest_promptopt.records import CaseChange

State = Literal["worse", "better", "wrong", "unscored", "right"]

_ROUNDING = 1e-9
"""Differences of means that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case with what its arms replied, the telling replies first.

    Attributes:
        detail: The case.
        before: Replies of the baseline arm.
        after: Replies of the arm under test.
    """

    detail: CaseDetail
    before: tuple[Reply, ...] = ()
    after: tuple[Reply, ...] = ()

    @property
    def state(self) -> State:
        """Return how it did, against the baseline where there is one."""
        was, now = self.detail.was, self.detail.now
        if now is None:
            return "unscored"
        if was is not None and abs(now - was) > _ROUNDING:
            return "worse" if now < was else "better"
        return "right" if now > 1.0 - _ROUNDING else "wrong"

    @property
    def drop(self) -> float:
        """Return by how much its mean score fell; below 0 where it rose."""
        was, now = self.detail.was, self.detail.now
        return 0.0 if was is None or now is None else was - now


def of_detail(detail: CaseDetail) -> CaseView:
    """Return the view of a case whose trials are known."""
    gained = (detail.now or 0.0) > (detail.was or 0.0)
    return CaseView(
        detail=detail,
        before=tuple(telling_first(folded(detail.before), right=not gained)),
        after=tuple(telling_first(folded(detail.after), right=gained)),
    )


def of_change(change: CaseChange) -> CaseView:
    """Return the view of a case of which only the verdict knows something."""
    withheld = not (change.expected or change.got or change.before or change.reason)
    detail = CaseDetail(
        case_id=change.case_id,
        place=change.place,
        expected=change.expected,
        tags=change.tags,
        must_pass=change.must_pass,
        was=change.was,
        now=change.now,
        withheld=withheld,
    )
    if withheld:
        return CaseView(detail=detail)
    got = Reply(
        text=change.got,
        score=None,
        reason=change.reason,
        finish_reason=change.finish_reason,
        times=0,
    )
    before = Reply(text=change.before, score=None, times=0)
    return CaseView(detail=detail, before=(before,), after=(got,))
