"""One case in one piece of text, for pages with very many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.reply import circumstances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.report.html.case_view import CaseView
    from pytest_promptopt.report.html.reply import Reply


def brief_text(view: CaseView, most: int) -> str:
    """Return what is known of a case, a line or more for each text.

    Args:
        view: The case.
        most: Characters that are shown of each text.
    """
    detail = view.detail
    told = [f"{name}: {_cut(text, most)}" for name, text in detail.inputs.items()]
    if detail.expected:
        told.append(f"expected: {_cut(detail.expected, most)}")
    if view.before == view.after:
        return "\n".join([*told, *_replies("both", view.after, most)])
    told += _replies("before", view.before, most)
    return "\n".join([*told, *_replies("after", view.after, most)])


def _replies(arm: str, replies: Sequence[Reply], most: int) -> list[str]:
    total = sum(reply.times for reply in replies)
    return [_told(arm, reply, total, most) for reply in replies]


def _told(arm: str, reply: Reply, total: int, most: int) -> str:
    text = _cut(reply.missing or reply.text, most)
    why = f" (because {_cut(reply.reason, most)})" if reply.reason else ""
    return f"{arm}, {', '.join(circumstances(reply, total))}: {text}{why}"


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}... ({len(text) - most:,} more characters not shown)"
