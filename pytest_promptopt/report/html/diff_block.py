"""A unified diff, its lines marked by what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.markup import tag

if TYPE_CHECKING:
    from pytest_promptopt.report.html.visible import Html

MOST = 60_000
"""Characters of a diff that are shown."""

BRIEF = 1_000
"""The same in a page with very many of them."""

_MARKS = {"+": "ins", "-": "del"}


def diff_block(diff: str, *, label: str, most: int = MOST) -> Html:
    """Write a diff, so that it can be scrolled by keyboard, too.

    Args:
        diff: The text of the diff.
        label: What it is the diff of.
        most: Characters that are shown of it.
    """
    shown = diff if len(diff) <= most else diff[:most].rpartition("\n")[0]
    lines = [_line(line) for line in shown.removesuffix("\n").split("\n")]
    if shown != diff:
        left = f"{len(diff) - len(shown):,} more characters not shown"
        lines.append(tag("span", left, class_="cut"))
    return tag(
        "pre",
        *lines,
        class_="diff",
        tabindex="0",
        role="region",
        aria_label=f"Diff of {label}",
    )


def _line(line: str) -> Html:
    if line.startswith(("+++ ", "--- ", "@@", "diff --git", "index ")):
        return tag("span", f"{line}\n", class_="hunk")
    name = _MARKS.get(line[:1])
    return tag(name, f"{line}\n") if name else tag("span", f"{line}\n")
