"""What the page is filtered by; it is there only where a script can act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.markup import EMPTY, joined, tag
from pytest_promptopt.report.html.visible import visible
from pytest_promptopt.report.suite_verdict import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.report.html.visible import Html


def filters(*, outcomes: Sequence[str], tags: Sequence[str]) -> Html:
    """Write the form; a script shows it.

    Args:
        outcomes: Those that a prompt test has.
        tags: Those that can be chosen; their numbers are their values.
    """
    chosen = [one for one in WORST_FIRST if one in outcomes]
    verdict = _choice("verdict", "Verdict", [(one, one) for one in chosen])
    tag_ = _choice("tag", "Tag", [(str(at), one) for at, one in enumerate(tags)])
    return tag(
        "form",
        tag(
            "p",
            tag("label", "Text", for_="f-text"),
            tag("input", type="search", id="f-text", name="text", autocomplete="off"),
        ),
        _check("changed", "only changed"),
        _check("wrong", "only wrong"),
        tag_ if tags else EMPTY,
        verdict if len(chosen) > 1 else EMPTY,
        tag("p", tag("button", "Clear", type="reset")),
        tag("output", role="status", id="f-count"),
        id="filter",
        role="search",
        aria_label="Filter cases",
        hidden=True,
    )


def _check(name: str, text: str) -> Html:
    box = tag("input", type="checkbox", id=f"f-{name}", name=name)
    return tag("p", box, tag("label", text, for_=f"f-{name}"))


def _choice(name: str, text: str, options: Sequence[tuple[str, str]]) -> Html:
    told = [tag("option", "all", value="")]
    told += [tag("option", visible(label, 60), value=key) for key, label in options]
    label = tag("label", text, for_=f"f-{name}")
    chosen = tag("select", *told, id=f"f-{name}", name=name)
    return tag("p", joined([label, chosen]))
