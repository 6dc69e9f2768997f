"""Where a search leaves what nobody has to commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 150
"""Bytes that the name of a folder may have; most file systems allow 255."""


def run_folder(root: Path, nodeid: str) -> Path:
    """Return the folder of a prompt test's latest search.

    Args:
        root: Pytest's root folder.
        nodeid: Node id of the prompt test.
    """
    name = re.sub(r"[^\w.-]+", "-", nodeid).strip("-")
    encoded = name.encode("utf-8")
    if len(encoded) > LONGEST:
        start = encoded[: LONGEST - 13].decode("utf-8", errors="ignore")
        name = f"{start}-{digest(nodeid)[:12]}"
    return root / ".promptopt" / "runs" / name
