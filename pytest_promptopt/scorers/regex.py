"""The reply matches a regular expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    wrong,
)

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score

_PIECE = re.compile(
    r"\\. | \[ \^? \]? (?: \\. | [^\]\\] )* \] | \{ [0-9]* , [0-9]* \} | .",
    re.VERBOSE | re.DOTALL,
)


def regex(pattern: str | None = None) -> Scorer:
    r"""Make a scorer that searches the reply for a pattern of Python's ``re``.

    The pattern may match anywhere: write ``\A...\Z`` for the whole reply, ``(?i)`` to
    ignore letter case. Outer white space of the reply is dropped first. Patterns from
    case files must not repeat a group that repeats something itself, ``(a+)+``, since
    Python cannot stop a search that takes for ever; one given here is trusted.

    Args:
        pattern: The pattern; by default each case's ``expected``.

    Raises:
        ScorerError: The pattern does not compile.
    """
    given = None if pattern is None else _compiled(pattern)

    def score(case: Case, completion: Completion) -> Score:
        wanted = _expected_pattern(case) if given is None else given
        return graded(case, completion, lambda text: compare_regex(wanted, text))

    return score


def compare_regex(pattern: re.Pattern[str], text: str) -> Score:
    """Search a text for a pattern."""
    if pattern.search(text.strip()):
        return RIGHT
    return wrong(f"expected a match of {shown(pattern.pattern)}, got {shown(text)}")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError, TypeError, Warning) as error:
        # A warning, of "[[" for instance, is raised where the user's -W error says so.
        raise ScorerError(
            f"regex: {shown(pattern)} does not compile: {error}",
            "correct the pattern; a literal bracket, dot or star needs a backslash",
        ) from None


def _expected_pattern(case: Case) -> re.Pattern[str]:
    expected = expected_of(case, "regex")
    if not isinstance(expected, str) or not expected:
        raise case_fault(
            case,
            "regex",
            f"needs a pattern, got {shown(expected)}",
            "write a regular expression as the expected answer",
        )
    if repeats_a_repeat(expected):
        raise case_fault(
            case,
            "regex",
            f"refuses {shown(expected)}: a repeated group that repeats something "
            "itself can take for ever",
            "rewrite it without a repeat in a repeated group, or pass the pattern in "
            "the test as regex(pattern)",
        )
    try:
        return _compiled(expected)
    except ScorerError as error:
        raise case_fault(
            case, "regex", f"cannot use its pattern: {error.problem}", error.hint
        ) from None


def repeats_a_repeat(pattern: str) -> bool:
    r"""Tell whether a repeated group holds a repeat: the usual endless search.

    It errs on the safe side, ``(\d+,)+`` is harmless, and does not see alternatives
    that overlap, as in ``(a|aa)+``.
    """
    inside = [False]  # for each open group: whether anything in it repeats
    closed = False  # whether a group that holds a repeat has just been closed
    for piece in _PIECE.findall(pattern):
        if piece in "*+" or (piece[0] == "{" and len(piece) > 1):
            if closed:
                return True
            inside[-1] = True
        closed = False
        if piece == "(":
            inside.append(False)
        elif piece == ")" and len(inside) > 1:
            closed = inside.pop()
            inside[-1] = inside[-1] or closed
    return False
