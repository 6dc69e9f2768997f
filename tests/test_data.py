"""Extra tests on real data, run with ``--data FOLDER`` only."""

from __future__ import annotations

import importlib.util
import sys
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
    sys.modules[name] = module  # where dataclasses look for names
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
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


def test_sorting_words_step_by_step_fails_the_build(data: Path, tmp_path: Path) -> None:
    outcome = benchmark("recorded").judged(tmp_path, "word_sorting", data)

    assert outcome.code == 1
    assert "fail (worse): 40.4%" in outcome.line
    assert "of 250 cases, baseline 50.4% of " in outcome.line
    assert ", -10.0 points" in outcome.line
    assert "the edited prompt is worse by 10.0 points" in outcome.printed
    assert "worse: and 39 cases more" in outcome.printed
    assert "better: 19 cases" in outcome.printed


def test_navigating_step_by_step_passes_with_the_gain_shown(
    data: Path, tmp_path: Path
) -> None:
    outcome = benchmark("recorded").judged(tmp_path, "navigate", data)

    assert outcome.code == 0
    assert "pass (better): 96.4%" in outcome.line
    assert "baseline 50.4% of " in outcome.line
    assert ", +46.0 points" in outcome.line


def test_a_doubtful_regression_states_its_p_and_what_could_have_been_shown(
    data: Path, tmp_path: Path
) -> None:
    outcome = benchmark("recorded").judged(tmp_path, "causal_judgement", data)

    assert "54.0%" in outcome.line
    assert "of 187 cases, baseline 63.6% of " in outcome.line
    assert ", -9.6 points" in outcome.line
    assert "p = 0.00021 (limit 0.025)" in outcome.line
    assert "smallest drop it could show 2.0 points" in outcome.line


@pytest.mark.parametrize(
    ("task", "direct", "chain"),
    [("word_sorting", 50.4, 40.4), ("navigate", 50.4, 96.4)],
)
def test_published_accuracies_of_the_replies_are_those_of_the_readme(
    data: Path, task: str, direct: float, chain: float
) -> None:
    shares = benchmark("recorded").accuracies(task, data)

    assert shares == {
        "fewshot-direct": pytest.approx(direct),
        "fewshot-cot": pytest.approx(chain),
    }
