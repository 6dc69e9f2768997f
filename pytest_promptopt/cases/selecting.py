"""Fewer cases than there are: the first ones, or a sample that stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case


def select_cases(
    cases: Sequence[Case], *, limit: int | None, sample: int | None, label: str
) -> tuple[Case, ...]:
    """Return the cases that a prompt test is to use, in their order.

    A sample holds every ``must_pass`` case, and then those whose content has the lowest
    hashes. So it depends on neither order nor ids, and a new case displaces one at
    most.

    Args:
        cases: All cases; ids are unique.
        limit: How many to take from the start, at least 1; ``None`` for all.
        sample: How many to draw by content, at least 1; ``None`` for all. With both,
            the sample is drawn from the first ``limit``.
        label: What messages call the cases.

    Raises:
        CaseFileError: The sample is too small for the ``must_pass`` cases.
    """
    taken = tuple(cases)[:limit]
    if sample is None or sample >= len(taken):
        return taken
    decisive = sum(case.must_pass for case in taken)
    if decisive > sample:
        raise CaseFileError(
            f"{label}: sample={sample} leaves no room for the {decisive} must_pass "
            "cases, which always belong to the sample",
            f"write sample={decisive} or more",
        )
    drawn = {case.id for case in sorted(taken, key=_order)[:sample]}
    return tuple(case for case in taken if case.id in drawn)


def selection_note(
    total: int, chosen: int, *, limit: int | None, sample: int | None
) -> str:
    """Say how many of how many cases are used; empty if all are.

    Args:
        total: How many cases there are.
        chosen: How many are used.
        limit: As on the marker.
        sample: The same.
    """
    if chosen == total:
        return ""
    given = {"limit": limit, "sample": sample}
    written = ", ".join(f"{name}={n}" for name, n in given.items() if n is not None)
    return f"{chosen} of {total} cases are used ({written})"


def _order(case: Case) -> tuple[bool, str, str]:
    # Not case.hash: a changed weight must not change who is in the sample.
    expected = [case.expected] if case.has_expected else []
    content = digest(["sample", dict(case.inputs), expected])
    return not case.must_pass, content, case.id
