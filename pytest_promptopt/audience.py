"""Who may read what a run writes, as far as its surroundings tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.settings import Setting, one_of, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

NAME = "promptopt_show_data"
"""The ini key; the option is spelt after it."""

SHOW_DATA = ("full", "ids")

MOST_BYTES = 30_000_000
"""A longer event file is not read; GitHub sends none above 25 MB."""


def shown_data(config: pytest.Config, environ: Mapping[str, str]) -> Setting:
    """Decide whether texts of cases and replies may be shown.

    Args:
        config: The pytest configuration.
        environ: The environment's variables.

    Returns:
        ``"full"`` or ``"ids"``, and why: where it is set, or what the surroundings say,
        as the end of a sentence that begins with "since".

    Raises:
        SettingError: It is set to another word.
    """
    said = resolve(
        NAME,
        cli=config.getoption(NAME, None),
        ini=config.getini(NAME),
        default=None,
    )
    if said.value is None:
        return usually_shown(environ)
    return Setting(one_of(said, SHOW_DATA), f"{said.origin} says so")


def shown_by(word: str | None, environ: Mapping[str, str]) -> Setting:
    """Decide the same by what the base commit of a pull request says.

    Args:
        word: Value of the ini key there; ``None`` or empty if it is not set.
        environ: The environment's variables.

    Raises:
        SettingError: It is another word.
    """
    if not word:
        return usually_shown(environ)
    said = Setting(word, f"ini key {NAME} at the base commit")
    return Setting(one_of(said, SHOW_DATA), f"{said.origin} says so")


def usually_shown(environ: Mapping[str, str]) -> Setting:
    """Decide the same where nobody has set it.

    Outside of CI only who starts the run reads it. In CI everybody may, unless it is
    known that the project is private.

    Args:
        environ: The environment's variables.
    """
    if environ.get("CI", "").lower() in ("", "0", "false", "no"):
        return Setting("full", "this is no CI job")
    for visibility in (_at_github(environ), _at_gitlab(environ)):
        if visibility == "private":
            return Setting("full", "the repository is private")
        if visibility:
            return Setting("ids", f"the repository is {visibility}")
    return Setting("ids", "this is a CI job, and nothing tells who can read it")


def _at_github(environ: Mapping[str, str]) -> str:
    """Return how visible the repository of a GitHub event is; empty: not known.

    Source:
        GitHub Docs, "Webhook events and payloads": ``repository.private`` and
        ``repository.visibility``. Gitea and Forgejo write the former, too.
    """
    found = _read(environ.get("GITHUB_EVENT_PATH", "")).get("repository")
    repository = found if isinstance(found, dict) else {}
    visibility, private = repository.get("visibility"), repository.get("private")
    if private is False or visibility == "public":
        return "public"
    # "internal" there is for members of the enterprise alone.
    if private is True or visibility in ("private", "internal"):
        return "private"
    return ""


def _at_gitlab(environ: Mapping[str, str]) -> str:
    """Return how visible a GitLab project is; empty: not known.

    Source:
        GitLab Docs, "Predefined CI/CD variables reference". An internal project is
        open to everybody who has an account on the server.
    """
    visibility = environ.get("CI_PROJECT_VISIBILITY", "")
    return visibility if visibility in ("public", "internal", "private") else ""


def _read(path: str) -> dict[str, Any]:
    """Return what an event file holds; nothing if that cannot be told."""
    try:
        if not path or Path(path).stat().st_size > MOST_BYTES:
            return {}
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
