"""The reply includes everything that it must mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.scorers.answers import token_pattern
from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    text_of,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion, Score


def includes(*, ignore_case: bool = True) -> Scorer:
    """Make a scorer that asks for the expected text, or each of a list, in the reply.

    A text counts where it stands as whole tokens, so that "valid" is not in "invalid"
    and "5" not in "15"; runs of white space match each other. One missing text makes
    the reply wrong.

    Args:
        ignore_case: Whether letter case is ignored.
    """

    def score(case: Case, completion: Completion) -> Score:
        expected = expected_of(case, "includes")
        entries = expected if isinstance(expected, list) else [expected]
        if not entries:
            raise case_fault(
                case,
                "includes",
                "needs something to look for, got an empty list",
                "name at least one text that the reply must include",
            )
        texts = [text_of(entry, case, "includes") for entry in entries]
        return graded(
            case,
            completion,
            lambda text: compare_includes(texts, text, ignore_case=ignore_case),
        )

    return score


def compare_includes(texts: Sequence[str], reply: str, *, ignore_case: bool) -> Score:
    """Look for every text in a reply."""
    flags = re.IGNORECASE if ignore_case else 0
    missing = [
        text for text in texts if not re.search(token_pattern(text), reply, flags)
    ]
    if not missing:
        return RIGHT
    named = ", ".join(shown(text) for text in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return wrong(f"expected {named}{more} in the reply, got {shown(reply)}")
