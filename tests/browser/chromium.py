"""A real browser, if there is one: Playwright's client and a Chromium executable."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str:
    """Return the browser's path: PROMPTOPT_CHROMIUM, else what PATH has."""
    told = os.environ.get("PROMPTOPT_CHROMIUM", "")
    named = [told] if told else NAMES
    found = next(filter(None, map(shutil.which, named)), None)
    if found is None:
        where = f"PROMPTOPT_CHROMIUM={told}" if told else f"none of {NAMES}"
        pytest.skip(f"no Chromium to open the report in: {where}")
    return found


@dataclass
class Opened:
    """A page in a browser, with all that it complained about and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate a script in the page."""
        return self.page.evaluate(script, argument)
