"""The reply cache of a project: where it lies, whether it is read, how to empty it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.models.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.settings import Settings

COMMITTED = (
    "the reply cache .promptopt/cache.sqlite is committed to git, so it is not used: "
    "git rm --cached it and ignore .promptopt/"
)


def cache_path(root: Path) -> Path:
    """Return the file of a project's cache."""
    return root / ".promptopt" / "cache.sqlite"


def cache_of(root: Path, settings: Settings) -> tuple[Cache | None, tuple[str, ...]]:
    """Return the cache of a run.

    Args:
        root: The project's folder.
        settings: Say whether it is read, and how big it may be.

    Returns:
        The cache, ``None`` if it cannot be trusted; and sentences that say why.
    """
    path = cache_path(root)
    # Whoever commits replies decides what is measured.
    if path.exists():
        from pytest_promptopt.git import is_tracked

        if is_tracked(path):
            return None, (COMMITTED,)
    cache = Cache(path, reads=settings.cache == "on", most_mb=settings.cache_size)
    return cache, ()


def clear_cache(root: Path) -> None:
    """Delete all replies of a project's cache.

    Raises:
        SettingError: Another process uses it.
    """
    cache = Cache(cache_path(root))
    try:
        cache.clear()
    finally:
        cache.close()
