"""Settings: four places, one order, every value with its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import (
    Setting,
    did_you_mean,
    gather,
    one_of,
    read_tables,
    resolve,
    whole,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"cli": 1, "marker": 2, "ini": 3}, Setting(1, "--promptopt-steps")),
        ({"marker": 2, "ini": 3}, Setting(2, "the prompt marker")),
        ({"ini": 3}, Setting(3, "ini key promptopt_steps")),
        ({"ini": ""}, Setting(4, "default")),
        ({}, Setting(4, "default")),
        ({"cli": 0, "marker": 2}, Setting(0, "--promptopt-steps")),
    ],
)
def test_the_command_line_wins_then_marker_then_ini_then_default(
    given: dict[str, Any], expected: Setting
) -> None:
    assert resolve("promptopt_steps", **given, default=4) == expected


@pytest.mark.parametrize("value", ["x", "", None, 0, "-1", 2.5j])
def test_what_is_no_whole_number_is_refused_with_its_origin(value: Any) -> None:
    with pytest.raises(SettingError, match="ini key promptopt_steps"):
        whole(Setting(value, "ini key promptopt_steps"), least=1)


def test_a_word_that_is_not_allowed_gets_a_suggestion() -> None:
    with pytest.raises(SettingError) as caught:
        one_of(Setting("reprot", "ini key promptopt_gate"), ("enforce", "report"))

    assert str(caught.value) == (
        "ini key promptopt_gate: 'reprot' is none of enforce, report\n"
        "  hint: did you mean 'report'?"
    )


def test_a_hint_without_a_close_word_lists_all() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "use one of: a, b"


def test_concurrency_is_divided_among_processes_and_never_0() -> None:
    def option(_: str) -> None:
        return None

    assert gather(option, option, {}, processes=4).concurrency == 8
    assert gather(option, option, {}, processes=99).concurrency == 1


def test_a_project_without_tables_has_empty_ones(tmp_path: Path) -> None:
    assert read_tables(tmp_path / "pyproject.toml") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.promptopt]\nmodel = 'x'\n", "unknown key 'model'"),
        ("[tool.promptopt]\nrequest = 3\n", "'request' in"),
        ("[tool.promptopt\n", "not TOML"),
    ],
)
def test_a_faulty_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)

    with pytest.raises(SettingError, match=message):
        read_tables(path)
