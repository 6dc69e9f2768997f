"""Names that data must not steer: branches, titles, messages of commits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_promptopt.errors import PublishError
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "promptopt/"
"""How the branches begin that are ours to push."""

BRANCH = re.compile(r"promptopt/[a-z0-9_]+(?:-[a-z0-9_]+)*-[0-9a-f]{6}")

_LONGEST = 60  # GitHub takes 256 characters of a title, and shows fewer
_SAFE = "/._:[]"


def branch_of(files: Sequence[str]) -> str:
    """Return the branch of a change, the same in every run.

    Args:
        files: The files that it changes, relative to the top of the work tree.

    Returns:
        ``"promptopt/prompts-triage-j2-3f2a1c"``: letters, digits and dashes of the
        first file's path, and the start of that path's digest.
    """
    first = min(files)
    slug = re.sub(r"[^a-z0-9_]+", "-", first.lower())[:_LONGEST].strip("-")
    return f"{PREFIX}{slug or 'prompt'}-{digest(first)[:6]}"


def shown(name: str) -> str:
    """Return a path or node id as it may stand in a commit's message or a title.

    What could mention somebody, close an issue or end a line is percent-encoded.
    """
    return quote(name, safe=_SAFE, errors="surrogatepass")


def in_order(names: Sequence[str]) -> str:
    """Return names for a title: ``"a, b and 2 more"``, of a long one its end."""
    told = ", ".join(map(_short, map(shown, names[:2])))
    more = len(names) - 2
    return f"{told} and {more} more" if more > 0 else told


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"...{name[-_LONGEST:]}"


def check_inside(name: str) -> None:
    """Refuse a path that does not stay below the top of the work tree.

    Args:
        name: Relative to the top, with ``/``.

    Raises:
        PublishError: It leaves it, or enters git's own folder.
    """
    parts = name.split("/")
    odd = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    if odd or "\0" in name or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise PublishError(
            f"{name!r} is no path within the repository",
            "run pytest --optimize-prompts again in the repository that has the prompt",
        )
