"""Every fault that benchmarks/faults.py lists has tests that exist, or is run there."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="the source distribution has no benchmarks"
)


def runs() -> set[str]:
    """Return the faults that are done to the plugin, without importing anything."""
    tree = ast.parse((BENCHMARKS / "faults.py").read_text("utf-8"))
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "RUNS"
    )
    assert isinstance(table, ast.Dict)
    return {ast.literal_eval(key) for key in table.keys if key is not None}


def test_every_test_that_is_named_for_a_fault_exists() -> None:
    cover = runpy.run_path(str(BENCHMARKS / "cover.py"))

    gone = [name for fault in cover["FAULTS"] for name in cover["missing"](fault)]

    assert gone == []


def test_every_fault_has_a_test_or_is_done_to_the_plugin() -> None:
    cover = runpy.run_path(str(BENCHMARKS / "cover.py"))

    tested = {fault for fault, names in cover["COVER"].items() if names}

    assert tested | runs() == set(cover["FAULTS"])
    assert list(cover["FAULTS"]) == [f"F{number}" for number in range(1, 31)]
