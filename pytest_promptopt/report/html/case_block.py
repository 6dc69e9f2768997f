"""One case as a block that opens: inputs, right answer, what both arms replied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.arms_block import arms_block, text_block
from pytest_promptopt.report.html.brief_text import brief_text
from pytest_promptopt.report.html.markup import EMPTY, joined, tag
from pytest_promptopt.report.html.reply import circumstances
from pytest_promptopt.report.html.visible import Html, visible
from pytest_promptopt.wording import count, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.report.html.case_view import CaseView
    from pytest_promptopt.report.html.effort import Effort

MOST_FIELDS = 30
"""Inputs of one case that a block shows."""


def case_block(
    view: CaseView, *, most: int, effort: Effort, tags: Mapping[str, int]
) -> Html:
    """Write one case.

    Args:
        view: The case.
        most: Characters that are shown of each text.
        effort: What laying it out may still cost.
        tags: Number of each tag that can be filtered by.
    """
    detail = view.detail
    known = " ".join(str(tags[tag_]) for tag_ in detail.tags if tag_ in tags)
    return tag(
        "details",
        _summary(view),
        tag("div", *_inside(view, most, effort), class_="in"),
        class_=f"case {view.state}",
        data_g=known or None,
        data_w=detail.now is not None and view.state != "right" and detail.now < 1.0,
    )


def _summary(view: CaseView) -> Html:
    detail = view.detail
    labels = [tag("span", "must_pass", class_="must")] if detail.must_pass else []
    labels += [tag("span", visible(one, 60), class_="tag") for one in detail.tags[:6]]
    return tag(
        "summary",
        tag("b", _label(view), class_="state"),
        " ",
        tag("span", visible(detail.case_id, 200), class_="id"),
        " ",
        tag("span", _figures(view), class_="fig"),
        *(joined([" ", label]) for label in labels),
    )


def _figures(view: CaseView) -> str:
    was, now = view.detail.was, view.detail.now
    if now is None:
        return "no score" if was is None else f"{was:.2f} → no score"
    moved = was is not None and view.state in ("worse", "better")
    return f"{was:.2f} → {now:.2f}" if moved else f"{now:.2f}"


def _label(view: CaseView) -> str:
    """Return how it did in a word; a score between wrong and right is neither."""
    return "partly" if view.state == "wrong" and view.detail.now else view.state


def _inside(view: CaseView, most: int, effort: Effort) -> list[Html]:
    detail = view.detail
    where = [detail.place] if detail.place else []
    if detail.weight != 1.0:
        where.append(f"weight {quantity(detail.weight)}")
    told = [tag("p", visible(", ".join(where), 500), class_="meta")] if where else []
    if detail.withheld:
        return [*told, *_withheld(view)]
    if not effort.lay_out(right=view.state == "right"):
        return [*told, text_block(brief_text(view, most), 100 * most)]
    return [*told, _facts(view, most), *arms_block(view, most, effort)]


def _withheld(view: CaseView) -> list[Html]:
    """Write what may be told of replies where their texts may not."""
    arms = (("Before", view.before), ("After", view.after))
    told = [
        f"{name}: {'; '.join(', '.join(circumstances(one, total)) for one in replies)}"
        for name, replies in arms
        if (total := sum(reply.times for reply in replies))
    ]
    return [
        *(tag("p", visible(text, 500), class_="meta") for text in told),
        tag("p", "Its texts are withheld.", class_="meta"),
    ]


def _facts(view: CaseView, most: int) -> Html:
    detail = view.detail
    pairs = list(detail.inputs.items())
    told = [_fact(name, text, most) for name, text in pairs[:MOST_FIELDS]]
    if len(pairs) > MOST_FIELDS:
        left = count(len(pairs) - MOST_FIELDS, "more input")
        told.append(_fact("…", f"{left} not shown", most))
    if detail.expected:
        told.append(
            joined(
                [
                    tag("dt", "expected", class_="right"),
                    text_block(detail.expected, most, "dd"),
                ]
            )
        )
    return tag("dl", *told) if told else EMPTY


def _fact(name: str, text: str, most: int) -> Html:
    return joined([tag("dt", visible(name, 200)), text_block(text, most, "dd")])
