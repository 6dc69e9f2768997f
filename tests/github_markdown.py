"""Markdown read as GitHub reads it, and what data must not become in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(
    ["table", "strikethrough", "linkify"]
)
# GitHub links addresses with a scheme or www. only, this parser any "a.b" by default.
PARSER.linkify.set({"fuzzy_link": True, "fuzzy_email": True})  # type: ignore[union-attr]

OURS = re.compile(
    r"<!-- pytest-promptopt report -->|</?details>|<br>|</?sub>"
    r"|<summary>[A-Z][A-Za-z ,]+</summary>"
)
MEANING = re.compile(
    r"@\w|#\d|\bGH-\d|https?:|www\.|:\w+:|[A-Za-z]-\d|\b[0-9a-f]{7,40}\b|\$[^\s\d]"
)
"""What GitHub makes mentions, references, links, emoji and formulas of, in prose."""

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![a](https://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "<https://evil.example>",
    "https://evil.example/?q=1 www.evil.example a@evil.example",
    "@octocat @org/team",
    "fixes #12, octo/repo#3, GH-4, octo/repo@deadbeef1",
    "<!-- hidden --> <!-- pytest-promptopt report -->",
    "</details></td></table><h1>x</h1>",
    "```\n# heading\n```",
    "`` ` ``` ````",
    "| a | b |\n|---|---|\n| c | d |",
    "a\\|b\\\\|c",
    "::error::x\n##[error]y",
    "\x1b[31m\x00\x07\u202eabc\u2066\u200b\u00ad\ud800",
    "- a\n1. b\n> c\n# d\n===\n---",
    "[ref]: https://evil.example",
    "&lt;b&gt; &#64;octocat &commat;octocat",
    "$x^2$ :tada: ~~x~~ **b** _i_",
    "../../etc/passwd",
    "a\"b'c; rm -rf / #",
    "\r\nx\ry\u2028z",
    "*empty*",
)


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of a text, those within lines too."""
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def structure_of_data(text: str) -> list[str]:
    """Return what a text holds that only data can have brought in."""
    found = []
    for token in tokens(text):
        if token.type in ("image", "link_open", "heading_open") and (
            token.type != "heading_open" or token.tag not in ("h2", "h3")
        ):
            found.append(f"{token.type} {token.attrs}")
        if token.type in ("html_block", "html_inline"):
            left = OURS.sub("", token.content).strip()
            found += [f"html {left!r}"] if left else []
        if token.type == "text" and MEANING.search(token.content):
            found.append(f"text {token.content!r}")
    return found


def fences_close(text: str) -> bool:
    """Return whether each fence and each folded part of a text ends."""
    blocks = [token for token in PARSER.parse(text) if token.type == "fence"]
    lines = text.split("\n")
    closed = all(
        token.map is not None
        and lines[token.map[1] - 1].strip() == token.markup
        and token.map[1] - token.map[0] >= 2
        for token in blocks
    )
    html = "".join(t.content for t in tokens(text) if t.type.startswith("html"))
    return closed and html.count("<details>") == html.count("</details>")
