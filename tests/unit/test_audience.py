"""Whether texts may be shown, as far as the surroundings of a run tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.audience import usually_shown
from pytest_promptopt.settings import Setting

NOBODY = Setting("ids", "this is a CI job, and nothing tells who can read it")
PUBLIC = Setting("ids", "the repository is public")
PRIVATE = Setting("full", "the repository is private")


@pytest.mark.parametrize("ci", [{}, {"CI": ""}, {"CI": "false"}, {"CI": "0"}])
def test_outside_of_ci_everything_is_shown(ci: dict[str, str]) -> None:
    told = usually_shown({**ci, "CI_PROJECT_VISIBILITY": "public"})

    assert told == Setting("full", "this is no CI job")


@pytest.mark.parametrize(
    ("repository", "told"),
    [
        ({"private": False, "visibility": "public"}, PUBLIC),
        ({"private": False}, PUBLIC),
        ({"visibility": "public"}, PUBLIC),
        ({"private": True, "visibility": "private"}, PRIVATE),
        ({"private": True, "visibility": "internal"}, PRIVATE),
        ({"private": True}, PRIVATE),
        ({"private": True, "visibility": "public"}, PUBLIC),  # whom to believe?
        ({"private": "true"}, NOBODY),
        ({"name": "shop"}, NOBODY),
        ("shop", NOBODY),
        (None, NOBODY),
    ],
)
def test_the_event_of_github_tells_it(
    tmp_path: Path, repository: Any, told: Setting
) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"repository": repository, "action": "opened"}))

    found = usually_shown({"CI": "true", "GITHUB_EVENT_PATH": str(path)})

    assert found == told


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b"\xff\xfe{}", b"[" * 9999]
)
def test_an_event_that_cannot_be_read_shows_no_texts(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content)

    assert usually_shown({"CI": "1", "GITHUB_EVENT_PATH": str(path)}) == NOBODY


@pytest.mark.parametrize(
    ("visibility", "told"),
    [
        ("public", PUBLIC),
        ("internal", Setting("ids", "the repository is internal")),
        ("private", PRIVATE),
        ("", NOBODY),
        ("Secret", NOBODY),
    ],
)
def test_gitlab_says_it_in_a_variable(visibility: str, told: Setting) -> None:
    assert usually_shown({"CI": "1", "CI_PROJECT_VISIBILITY": visibility}) == told
