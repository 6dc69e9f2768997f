"""The report as one HTML file: what it holds of others is text, and only text.

:func:`~pytest_promptopt.report.html.page.page` writes it. Everything goes through
:func:`~pytest_promptopt.report.html.markup.tag`, which escapes what is not markup of
ours; there are no templates that data could become part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.report.html.page import page

__all__ = ["page"]

resolve_lazily(__name__, {"page": ("page",)})
