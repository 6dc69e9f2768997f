"""What both arms replied to a case, with the words that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.markup import EMPTY, joined, tag
from pytest_promptopt.report.html.reply import circumstances
from pytest_promptopt.report.html.visible import Html, visible
from pytest_promptopt.report.html.word_marks import marked
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.report.html.case_view import CaseView
    from pytest_promptopt.report.html.effort import Effort
    from pytest_promptopt.report.html.reply import Reply

MOST_REPLIES = 10
"""Different replies of one arm that are shown; the rest are counted."""

MARKED = 8_000
"""Characters of a reply in which single words are marked."""


def arms_block(view: CaseView, most: int, effort: Effort) -> list[Html]:
    """Write what both arms replied, side by side; once where it is the same.

    Args:
        view: The case.
        most: Characters that are shown of each text.
        effort: What the comparison of words may still cost.
    """
    before, after = view.before, view.after
    if not before and not after:
        told = "No reply in this run: the recorded score is shown."
        return [tag("p", told, class_="meta")] if view.detail.now is not None else []
    if not before:
        return [tag("div", _arm("Replies", after, most), class_="arms one")]
    if not after:
        return [tag("div", _arm("Replies before", before, most), class_="arms one")]
    if before == after:
        alike = _arm("Both arms replied the same", after, most)
        return [tag("div", alike, class_="arms one")]
    return [_both(before, after, most, effort)]


def _both(
    before: Sequence[Reply], after: Sequence[Reply], most: int, effort: Effort
) -> Html:
    old, new = before[0], after[0]
    if old.text == new.text:
        note = " (first reply identical)" if old.text else ""
        left, right = _arm(f"Before{note}", before, most), _arm("After", after, most)
        return tag("div", left, right, class_="arms")
    cut = min(most, MARKED)
    left_text, right_text = marked(old.text[:cut], new.text[:cut], effort)
    left = _arm("Before", before, most, _continued(left_text, old.text, cut, most))
    right = _arm("After", after, most, _continued(right_text, new.text, cut, most))
    return tag("div", left, right, class_="arms")


def _continued(shown: Html, text: str, cut: int, most: int) -> Html:
    """Write what stands behind the part in which words are marked."""
    if len(text) <= cut:
        return shown
    return joined([shown, visible(text[cut:], max(0, most - cut))])


def _arm(
    title: str, replies: Sequence[Reply], most: int, first: Html | None = None
) -> Html:
    total = sum(reply.times for reply in replies)
    told = []
    for at, reply in enumerate(replies[:MOST_REPLIES]):
        told.append(_reply(reply, total, most, first if not at else None))
    if len(replies) > MOST_REPLIES:
        left = count(len(replies) - MOST_REPLIES, "more different reply")
        told.append(
            tag("p", f"{left.replace('replys', 'replies')} not shown", class_="how")
        )
    return tag("div", tag("p", title, class_="arm"), *told)


def _reply(reply: Reply, total: int, most: int, marked_text: Html | None) -> Html:
    said = ", ".join(circumstances(reply, total))
    head = tag("p", visible(said, 500), class_="how") if said else EMPTY
    if reply.missing:
        return joined([head, tag("p", visible(reply.missing, most), class_="why")])
    text = text_block(marked_text or reply.text, most)
    why = [tag("p", visible(reply.reason, most), class_="why")] if reply.reason else []
    return joined([head, text, *why])


def text_block(text: str, most: int, name: str = "div") -> Html:
    """Write a text of others, line ends and gaps as they are.

    Args:
        text: The text.
        most: Characters that are shown of it.
        name: Name of the element.
    """
    if not text:
        return tag(name, tag("i", "empty"), class_="t")
    return tag(name, visible(text, most), class_="t")
