"""The pages that take a reader through a project do what they show, step by step.

``--write-docs`` puts what commands print now into the pages, for somebody to read.
"""

from __future__ import annotations

import pytest
from docs_blocks import FOLLOWED
from walkthrough import DOCS, Held, Typed, follow, prints, run, to_show


@pytest.fixture
def write_docs(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--write-docs"))


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_page_that_is_followed_from_top_to_bottom_shows_what_happens(
    name: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    *,
    write_docs: bool,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = DOCS / name
    text = page.read_text("utf-8")

    for step in follow(page, pytester.path):
        if isinstance(step, Held):
            assert step.holds.startswith(step.shown)
            continue
        printed, code = run(step.command, pytester)
        if write_docs and step.shown and not prints(printed, code, step.shown):
            text = shown_anew(text, step, printed)
            continue
        assert prints(printed, code, step.shown), f"$ {step.command}\n{printed}"

    if write_docs:
        page.write_text(text, encoding="utf-8", newline="\n")


def shown_anew(text: str, step: Typed, printed: str) -> str:
    """Return the text of a page with what a command prints now."""
    shown = "\n".join([*step.shown, ""])
    before, found, after = text.partition(f"{step.command}\n{shown}")
    assert found
    return (
        f"{before}{step.command}\n"
        + "\n".join([*to_show(step.command, printed), ""])
        + after
    )
