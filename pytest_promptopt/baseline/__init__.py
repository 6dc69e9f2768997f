"""The committed record of a prompt test: its value, its text, its place.

Pure: nothing here reads a file or a clock. The record holds what a comparison needs,
the prompt's text and every case's trials, not only a mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.baseline.place import FOLDER, looks_path_for, path_for
    from pytest_promptopt.baseline.record import Baseline, BaselineCase
    from pytest_promptopt.baseline.text import (
        ATTRIBUTES,
        VERSION,
        parse,
        readable_json,
        render,
    )

__all__ = [
    "ATTRIBUTES",
    "FOLDER",
    "VERSION",
    "Baseline",
    "BaselineCase",
    "looks_path_for",
    "parse",
    "path_for",
    "readable_json",
    "render",
]

resolve_lazily(
    __name__,
    {
        "place": ("FOLDER", "looks_path_for", "path_for"),
        "record": ("Baseline", "BaselineCase"),
        "text": ("ATTRIBUTES", "VERSION", "parse", "readable_json", "render"),
    },
)
