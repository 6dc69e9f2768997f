"""Installed, but not asked for: no trace."""

from __future__ import annotations

import pytest

CONFTEST = """
import sys

def pytest_unconfigure():
    heavy = {"openai", "jinja2", "asyncio", "sqlite3", "pydantic", "tomli"}
    print("heavy:", sorted(heavy & set(sys.modules)))
    print("ours:", sorted(n for n in sys.modules if n.startswith("pytest_promptopt")))
"""


PYTESTERS = {"__pycache__", "stdout", "stderr", "runpytest-0", "runpytest-current"}


@pytest.fixture
def idle(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_unrelated(): pass")
    return pytester


def test_idle_plugin_imports_nothing_heavy_and_four_modules_of_its_own(
    idle: pytest.Pytester,
) -> None:
    result = idle.runpytest_subprocess("-p", "promptopt")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "heavy: []",
            "ours: ['pytest_promptopt', 'pytest_promptopt.hookspecs', "
            "'pytest_promptopt.options', 'pytest_promptopt.plugin']",
        ]
    )


def test_idle_plugin_prints_and_writes_nothing(idle: pytest.Pytester) -> None:
    before = {path.name for path in idle.path.iterdir()}

    result = idle.runpytest_subprocess("-p", "promptopt", "-p", "no:cacheprovider")

    said = [line for line in result.stdout.lines if "prompt" in line]
    path = str(idle.path)
    assert [line for line in said if path not in line] == [
        "plugins: promptopt-0.1.0",
        "ours: ['pytest_promptopt', 'pytest_promptopt.hookspecs', "
        "'pytest_promptopt.options', 'pytest_promptopt.plugin']",
    ]
    after = {path.name for path in idle.path.iterdir()} - PYTESTERS
    assert after == before


def test_idle_plugin_stays_idle_with_optimize_prompts_and_no_prompt_test(
    idle: pytest.Pytester,
) -> None:
    result = idle.runpytest_subprocess("-p", "promptopt", "--optimize-prompts")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["heavy: []"])
    assert not (idle.path / ".promptopt").exists()


def test_the_plugin_can_be_switched_off(idle: pytest.Pytester) -> None:
    result = idle.runpytest_subprocess("-p", "no:promptopt")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["ours: []"])
