"""Optional libraries of scorers, and the error where one is not installed."""

from __future__ import annotations

from pytest_promptopt.errors import ScorerError


def missing_library(scorer: str, library: str) -> ScorerError:
    """Return the error of a scorer whose library is not installed.

    Args:
        scorer: What needs it.
        library: The library, which is the name of our extra too.
    """
    return ScorerError(
        f"scorer {scorer!r} needs the library {library!r}, which is not installed",
        f"pip install 'pytest-promptopt[{library}]'",
    )
