"""Settings: four places, one order, every value with its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import (
    Setting,
    did_you_mean,
    fail_on_of,
    gather,
    one_of,
    resolve,
    some_of,
    whole,
)
from pytest_promptopt.tables import read_tables


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


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("inconclusive,drift", {"inconclusive", "drift"}),
        (" drift , ", {"drift"}),
        ("\ninconclusive\ndrift\n", {"inconclusive", "drift"}),
        (["inconclusive, drift", "drift"], {"inconclusive", "drift"}),
        ("", set()),
        ([], set()),
        ((), set()),
    ],
)
def test_words_stand_apart_by_commas_or_line_ends(value: Any, words: set[str]) -> None:
    assert some_of(Setting(value, "default"), ("drift", "inconclusive")) == words


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("drift,inconclusiv", "did you mean 'inconclusive'?"),
        (["drift", "inconclusiv"], "did you mean 'inconclusive'?"),
    ],
)
def test_one_wrong_word_among_right_ones_is_refused(value: Any, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        some_of(Setting(value, "--promptopt-fail-on"), ("drift", "inconclusive"))

    assert str(caught.value) == (
        "--promptopt-fail-on: 'inconclusiv' is none of drift, inconclusive\n"
        f"  hint: {hint}"
    )


@pytest.mark.parametrize(
    ("cli", "ini", "expected"),
    [
        (None, None, set()),
        (None, [], set()),
        (None, ["drift"], {"drift"}),
        ("inconclusive", ["drift"], {"inconclusive"}),
        ("", ["drift"], set()),
    ],
)
def test_an_empty_fail_on_of_the_command_line_switches_that_of_the_ini_off(
    cli: str | None, ini: list[str] | None, expected: set[str]
) -> None:
    options = {"promptopt_fail_on": cli}
    keys = {"promptopt_fail_on": ini}

    assert gather(options.get, keys.get, {}).fail_on == expected


def test_what_another_commit_fails_on_is_read_from_its_ini_text() -> None:
    assert fail_on_of({}) == set()
    assert fail_on_of({"promptopt_fail_on": "drift\ninconclusive"}) == {
        "drift",
        "inconclusive",
    }
    with pytest.raises(SettingError, match="did you mean 'drift'"):
        fail_on_of({"promptopt_fail_on": "drifd"})


def test_concurrency_is_divided_among_processes_and_never_0() -> None:
    def option(_: str) -> None:
        return None

    assert gather(option, option, {}, processes=4).concurrency == 8
    assert gather(option, option, {}, processes=99).concurrency == 1
    assert gather(option, option, {}, processes=4).processes == 4


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


def test_prices_are_a_table_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.promptopt.prices."openai:x"]\ninput = 1\noutput = 2\n')

    def unset(_: str) -> None:
        return None

    assert gather(unset, unset, read_tables(path)).prices == {
        "openai:x": {"input": 1, "output": 2}
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "token = 1",
            "unknown key 'token'\n  hint: did you mean 'tokens'?",
        ),
        (
            "tokens = -1",
            "tokens is -1, not a number from 0 up\n"
            "  hint: write the points that it costs, such as tokens = 0.5",
        ),
        (
            "latency = nan",
            "latency is nan, not a number from 0 up\n"
            "  hint: write the points that it costs, such as latency = 0.5",
        ),
        (
            "latency = true",
            "latency is True, not a number from 0 up\n"
            "  hint: write the points that it costs, such as latency = 0.5",
        ),
    ],
)
def test_an_objective_is_made_of_weights(
    tmp_path: Path, line: str, message: str
) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.promptopt.objective]\n{line}\n")

    with pytest.raises(SettingError) as caught:
        read_tables(path)

    assert str(caught.value) == f"{path}: [tool.promptopt.objective]: {message}"
