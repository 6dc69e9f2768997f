"""The style and the script of the page, and what allows them to run."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files

from pytest_promptopt.report.html.markup import tag
from pytest_promptopt.report.html.visible import Html


@functools.cache
def style() -> str:
    """Return the style sheet."""
    return _read("style.css")


@functools.cache
def script() -> str:
    """Return the script; the page says all that it says without it, too."""
    return _read("filter.js")


def policy() -> str:
    """Return the content security policy of a page with both.

    Nothing is loaded, nothing is sent, and no other script or style is applied, should
    markup of others ever get into the page.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_digest(style())}'",
            f"script-src '{_digest(script())}'",
            "img-src data:",  # the empty icon, so that none is asked for
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def embedded() -> tuple[Html, Html]:
    """Return the elements of the style and of the script."""
    return tag("style", Html(style())), tag("script", Html(script()))


def _read(name: str) -> str:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    # The digest is of what a browser sees, whose line ends are line feeds.
    return text.replace("\r\n", "\n")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
