"""Extra tests on real data, run with ``--data FOLDER`` only."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def data(request: pytest.FixtureRequest) -> Path:
    folder = request.config.getoption("--data")
    if folder is None:
        pytest.skip("needs --data FOLDER")
    return Path(folder).resolve()


def benchmark(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("scorer", ["exact", "choice"])
def test_good_label_descriptions_beat_a_bare_list_on_banking77(
    data: Path, tmp_path: Path, scorer: str
) -> None:
    bank = benchmark("banking77")

    listed = bank.accuracy(tmp_path / "listed", bank.LISTED, scorer, data)
    described = bank.accuracy(tmp_path / "described", bank.DESCRIBED, scorer, data)

    assert described >= listed + 6.0


def test_a_search_from_a_hurried_start_is_confirmed_on_banking77(
    data: Path, tmp_path: Path
) -> None:
    bank = benchmark("banking77")

    gain = bank.gain(tmp_path, "choice", data, 0)

    assert gain is not None
    assert gain >= 8.0
