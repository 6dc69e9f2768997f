"""Reading a page back: its elements, and what a reader sees of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "br"})


@dataclass
class Element:
    """One element: its name, attributes, what is in it and what it is in."""

    name: str
    attributes: dict[str, str]
    parents: tuple[str, ...] = ()
    children: list[Element] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    start: int = 0
    end: int | None = None

    @property
    def text(self) -> str:
        """Return what is between its tags, as a reader sees it."""
        return "".join(self.said[self.start : self.end])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self.open: list[Element] = []
        self.strays: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parents = tuple(one.name for one in self.open)
        given = {name: value or "" for name, value in attrs}
        element = Element(tag, given, parents, said=self.said, start=len(self.said))
        self.found.append(element)
        if self.open:
            self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].name != tag:
            self.strays.append(tag)
        else:
            self.open.pop().end = len(self.said)

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_comment(self, data: str) -> None:
        self.strays.append(f"<!--{data}")

    def unknown_decl(self, data: str) -> None:
        self.strays.append(f"<![{data}")


def elements(page: str) -> list[Element]:
    """Return the elements of a page in their order; each must be closed properly."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.strays, reader.strays[:5]
    assert not reader.open, [one.name for one in reader.open]
    return reader.found


def named(page: str, name: str, class_: str = "") -> list[Element]:
    """Return the elements with a name, and with a class if one is given."""
    return [
        one
        for one in elements(page)
        if one.name == name
        and (not class_ or class_ in one.attributes.get("class", "").split())
    ]


def text_of(page: str) -> str:
    """Return what a reader sees, without scripts: gaps are one space."""
    (body,) = named(page, "body")
    (script,) = named(page, "script")
    return " ".join(body.text.replace(script.text, "").split())
