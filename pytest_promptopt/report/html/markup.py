"""Elements of the page: the one place that writes angle brackets around data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.html.visible import Html, attribute, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"meta", "input", "link", "br", "rect", "line", "circle", "path"})

EMPTY = Html("")


def tag(name: str, /, *children: str, **attributes: str | float | bool | None) -> Html:
    """Write an element.

    Args:
        name: Its name; never from data.
        children: What is in it: markup as it is, any other text escaped.
        attributes: Theirs: ``class_`` is ``class``, ``aria_label`` is ``aria-label``.
            ``None`` and false ones are left out, true ones have no value.
    """
    head = name
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        head += f" {key.rstrip('_').replace('_', '-')}"
        if value is not True:
            head += f'="{_value(value)}"'
    if name in _VOID:
        return Html(f"<{head}>" if name in ("meta", "input", "link") else f"<{head}/>")
    return Html(f"<{head}>{joined(children)}</{name}>")


def _value(value: str | float) -> str:
    # Of coordinates more than a tenth of a pixel is noise.
    return attribute(value) if isinstance(value, str) else f"{round(value, 1):g}"


def joined(children: Iterable[str]) -> Html:
    """Write children one behind the other, escaped where they are not markup."""
    return Html("".join(map(visible, children)))


def items(texts: Iterable[str], *, class_: str | None = None) -> Html:
    """Write a list; nothing for an empty one."""
    told = [tag("li", text) for text in texts]
    return tag("ul", *told, class_=class_) if told else EMPTY


def table(
    caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]], *, name: str
) -> Html:
    """Write a table whose first column names the rows.

    It scrolls by itself where it is wider than the window, also by keyboard.

    Args:
        caption: What it shows.
        heads: The heads of its columns.
        rows: Their cells.
        name: Identity of the caption in the page.
    """
    head = tag("tr", *(tag("th", text, scope="col") for text in heads))
    body = [_row(list(cells)) for cells in rows]
    whole = tag(
        "table",
        tag("caption", caption, id=name),
        tag("thead", head),
        tag("tbody", *body),
    )
    region = {"role": "region", "aria_labelledby": name, "tabindex": "0"}
    return tag("div", whole, class_="scroll", **region)


def _row(cells: list[str]) -> Html:
    first, *others = cells
    return tag(
        "tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in others)
    )
