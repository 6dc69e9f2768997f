"""Options, ini keys and tables: precedence, bad values, help, one case alone."""

from __future__ import annotations

import pytest
from conftest import TEST, Project, debug_beside, leave_debugger


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--promptopt-steps=0", "'0' is not a whole number from 1 up"),
        ("--promptopt-steps=many", "'many' is not a whole number from 1 up"),
        ("--promptopt-budget=-5", "'-5' is no budget; write 500-calls, 200k-tokens"),
        ("--promptopt-budget=0", "'0' is no budget"),
        ("--promptopt-seed=x", "'x' is not a whole number from 0 up"),
        ("--promptopt-diff=", "'' is not the path of a file"),
        ("--promptopt-diff=out/", "'out/' is not the path of a file"),
        ("--promptopt-strategy=orpo", "did you mean 'opro'?"),
        ("--promptopt-fail-on=drfit", "did you mean 'drift'?"),
        ("--promptopt-compare=", "'' names no commit"),
        ("--promptopt-compare=--upload-pack=x", "names no commit"),
        ("--promptopt-baseline-only=old", "invalid choice: 'old'"),
        ("--promptopt-reason= ", "' ' is no reason"),
    ],
)
def test_a_bad_option_value_ends_with_exit_code_4(
    project: Project, argument: str, message: str
) -> None:
    result = project.run("--optimize-prompts", argument)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_an_unknown_model_prefix_on_the_command_line_ends_with_exit_code_4(
    project: Project,
) -> None:
    project.pytester.makeconftest("")

    result = project.run("--promptopt-model=opnai:gpt-5-mini")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'openai" in result.stderr.str()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["promptopt_gate = strict"], "'strict' is none of enforce, report"),
        (["promptopt_concurrency = 0"], "0 is not a whole number from 1 up"),
        (["promptopt_steps = few"], "ini key promptopt_steps"),
        (
            ["promptopt_fail_on =", "    drift", "    fail"],
            "ini key promptopt_fail_on: 'fail' is none of drift, inconclusive",
        ),
    ],
)
def test_a_bad_ini_value_ends_with_exit_code_4(
    project: Project, lines: list[str], message: str
) -> None:
    project.write_ini(*lines)

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


STRATEGY = """
def pytest_promptopt_strategy(config, name):
    with open("asked.txt", "a") as asked: asked.write(name + "\\n")
"""


def test_a_bad_option_value_leaves_an_earlier_diff_alone(project: Project) -> None:
    diff = project.path / "promptopt.diff"
    diff.write_text("--- earlier")

    result = project.run("--optimize-prompts", "--promptopt-strategy=orpo")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert diff.read_text() == "--- earlier"


def test_where_the_strategy_hook_is_implemented_no_name_is_refused_before_the_run(
    project: Project,
) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + STRATEGY)

    result = project.run("--promptopt-strategy=house")

    result.assert_outcomes(passed=1, warnings=1)
    assert not (project.path / "asked.txt").exists()


def test_the_strategy_hook_is_asked_once_per_searched_prompt_test(
    project: Project,
) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + STRATEGY)
    second = TEST.replace("test_sort", "test_second")
    project.write_test(TEST + second)

    project.run("--optimize-prompts", "--promptopt-strategy=opro")

    assert (project.path / "asked.txt").read_text() == "opro\nopro\n"


@pytest.mark.parametrize(
    ("arguments", "table", "told"),
    [
        (["--promptopt-strategy=orpo"], "", "unknown strategy 'orpo'"),
        (
            [],
            "[tool.promptopt.strategy.opro]\nper_step = 0\n",
            "[tool.promptopt.strategy.opro]: strategy opro: per_step is 0",
        ),
        (
            [],
            "[tool.promptopt.strategy.orpo]\nper_step = 4\n",
            "[tool.promptopt.strategy.orpo]: unknown strategy 'orpo'",
        ),
    ],
)
def test_where_no_hook_knows_the_strategy_a_search_ends_before_the_first_call(
    project: Project, arguments: list[str], table: str, told: str
) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + STRATEGY)
    (project.path / "pyproject.toml").write_text(table)

    result = project.run("--optimize-prompts", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {told}" in result.stderr.str()


def test_collecting_only_asks_no_hook_and_checks_no_name(project: Project) -> None:
    project.pytester.makeconftest(
        "def pytest_promptopt_model(config, name, role): raise AssertionError\n"
        "def pytest_promptopt_scorer(config, name): raise AssertionError\n"
        "def pytest_promptopt_strategy(config, name): raise AssertionError\n"
    )
    project.write_test(TEST.replace('jsonl")', "jsonl\", scorer='house')"))

    result = project.run(
        "--collect-only",
        "--optimize-prompts",
        "--promptopt-model=house:model",
        "--promptopt-strategy=house",
    )

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*<Function test_sort>"])


def test_the_marker_is_listed_with_all_its_arguments(project: Project) -> None:
    from pytest_promptopt.items.marker import ARGUMENTS

    result = project.run("--markers")

    line = next(line for line in result.stdout.lines if "mark.prompt(" in line)
    assert [name for name in ARGUMENTS if f" {name}" not in line] == []


def test_a_watched_folder_is_refused_with_what_is_taken(project: Project) -> None:
    (project.path / "src").mkdir()
    project.write_test(TEST.replace('jsonl")', "jsonl\", watch=['src'])"))

    result = project.run()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            f"*test_sort: prompt marker: 'src' is a folder ({project.path / 'src'})",
            "*hint: name the files in it one by one: only files are taken",
        ]
    )


TWO_FILES = TEST.replace('"prompts/sort.j2"', 'system="a.j2", user="b.j2"')


def test_a_setup_error_names_every_file_of_the_prompt(project: Project) -> None:
    (project.path / "a.j2").write_text("{% if %}")
    (project.path / "b.j2").write_text("{{ ticket }}")
    project.write_test(TWO_FILES)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["a.j2 + b.j2: error (setup)"])


def test_a_setup_error_names_the_files_of_a_marker_that_cannot_be_read(
    project: Project,
) -> None:
    conftest = (project.path / "conftest.py").read_text()
    late = "pytest.mark.prompt(system='a.j2', user='b.j2', typo=1)"
    project.pytester.makeconftest(
        f"import pytest\n{conftest}\n"
        "def pytest_collection_modifyitems(items):\n"
        f"    items[-1].add_marker({late})\n"
    )
    project.write_test(TEST + "def test_late(): pass\n")

    result = project.run()

    result.assert_outcomes(passed=1, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["a.j2 + b.j2: error (setup)"])


def test_a_misspelt_table_key_ends_with_exit_code_4(project: Project) -> None:
    (project.path / "pyproject.toml").write_text(
        '[tool.promptopt.provider.local]\nbase_url = "http://127.0.0.1:1/v1"\n'
    )

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unknown key 'provider' in [tool.promptopt]" in result.stderr.str()
    assert "did you mean 'providers'?" in result.stderr.str()


@pytest.mark.parametrize(
    "pair",
    [
        ("--optimize-prompts", "--promptopt-update-baseline"),
        ("--optimize-prompts", "--promptopt-case=c1"),
        ("--promptopt-update-baseline", "--promptopt-case=c1"),
    ],
)
def test_options_that_exclude_each_other_end_with_exit_code_4(
    project: Project, pair: tuple[str, str]
) -> None:
    result = project.run(*pair)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot be used together" in result.stderr.str()


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("--promptopt-baseline-only=new", "--promptopt-baseline-only='new'"),
        ("--promptopt-reason=We drop refunds", "--promptopt-reason='We drop refunds'"),
    ],
)
def test_what_says_how_to_record_goes_with_a_recording_only(
    project: Project, argument: str, shown: str
) -> None:
    result = project.run(argument)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = argument.partition("=")[0]
    assert (
        f"ERROR: {shown} says how baselines are recorded, but this run records none\n"
        f"  hint: add --promptopt-update-baseline, or leave {name} out\n"
    ) in result.stderr.str()


def test_a_bare_update_flag_does_not_swallow_the_path(project: Project) -> None:
    result = project.run("--promptopt-update-baseline", "test_sort.py")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (recorded)*"])


def test_the_option_wins_over_the_marker_and_the_marker_over_the_ini(
    project: Project,
) -> None:
    project.pytester.makeconftest(
        "from pytest_promptopt.testing import ScriptedModel\n"
        "def pytest_promptopt_model(config, name, role):\n"
        "    return ScriptedModel(lambda request: name)\n"
    )
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', gate='report',"
        " model='house:marker')\n"
        "def test_marked(case, output): assert output == 'house:marker'\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', gate='report')\n"
        "def test_plain(case, output): assert output == 'scripted:skill'\n"
    )

    by_marker = project.run()
    by_option = project.run("--promptopt-model=house:option")

    by_marker.stdout.fnmatch_lines(["*test_marked*: 100.0%*", "*test_plain*: 100.0%*"])
    by_option.stdout.fnmatch_lines(["*test_marked*: 0.0%*", "*test_plain*: 0.0%*"])


def test_without_a_model_the_error_shows_three_ready_lines(project: Project) -> None:
    project.pytester.makeini("[pytest]\n")

    result = project.run()

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "prompts/sort.j2: error (setup)" in text
    assert "offline:rules" in text
    assert "openai:" in text
    assert "127.0.0.1" in text or "localhost" in text


def test_help_lists_the_options_in_one_group(project: Project) -> None:
    result = project.run("--help")

    result.stdout.fnmatch_lines(
        [
            "prompt regression and prompt search:",
            "*--optimize-prompts*",
            "*--promptopt-strategy=NAME*",
            "*--promptopt-update-baseline*",
            "*promptopt_model (string)*",
        ]
    )


def test_one_case_shows_messages_reply_and_score(project: Project) -> None:
    project.record()

    result = project.run("--promptopt-case=c3")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*= prompts =*",
            "case c3  cases.jsonl:4",
            "--- user",
            "Skill 20. Case 3: say w3",
            "--- reply",
            "w3",
            "--- score 1, expected 'w3'",
        ]
    )
    assert "pass (" not in result.stdout.str()


LIVE = """
import pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl")
def test_sort(case, prompt):
    first = prompt.complete(ticket="Case 1: say hello").text
    assert prompt.complete(ticket=f"{case['ticket']}").text == case.expected
    assert first == "hello"
"""


def test_one_case_shows_every_exchange_of_a_live_handle(project: Project) -> None:
    project.write_test(LIVE)

    result = project.run("--promptopt-case=c3")

    assert result.ret == 0
    assert shown(result) == [
        "case c3  cases.jsonl:4",
        "--- user",
        "Skill 20. Case 1: say hello",
        "--- reply",
        "hello",
        "--- user",
        "Skill 20. Case 3: say w3",
        "--- reply",
        "w3",
        "--- score 1, expected 'w3'",
    ]


def test_one_case_shows_what_a_live_body_handed_to_the_scorer(
    project: Project,
) -> None:
    project.write_test(
        LIVE.replace('jsonl")', 'jsonl", scorer="exact")').partition("    assert")[0]
        + "    return first.replace('hello', case.expected)\n"
    )

    result = project.run("--promptopt-case=c3")

    assert result.ret == 0
    assert shown(result) == [
        "case c3  cases.jsonl:4",
        "--- user",
        "Skill 20. Case 1: say hello",
        "--- reply",
        "hello",
        "--- returned",
        "w3",
        "--- score 1, expected 'w3'",
    ]


def test_one_case_says_where_no_request_went_through_the_handle(
    project: Project,
) -> None:
    project.write_test(LIVE.partition("    first")[0] + "    assert prompt.text\n")

    result = project.run("--promptopt-case=c3")

    assert result.ret == 0
    assert shown(result) == [
        "case c3  cases.jsonl:4",
        "--- nothing to show: the body sent nothing with prompt.complete or "
        "prompt.send",
        "--- score 1, expected 'w3'",
    ]


def shown(result: pytest.RunResult) -> list[str]:
    """Return what the section on prompts says."""
    lines = result.stdout.lines
    start = next(at for at, line in enumerate(lines) if "= prompts =" in line)
    end = next(at for at in range(start + 1, len(lines)) if lines[at][:3] == "===")
    return list(filter(None, lines[start + 1 : end]))


def test_a_failure_shows_the_last_reply_that_a_live_handle_got(
    project: Project,
) -> None:
    project.write_test(LIVE)
    project.record()
    project.write_prompt("Skill 2")

    result = project.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*worse: c10 *: expected 'w10', got 'nonsense'*"])


def test_one_case_that_is_wrong_fails_with_the_users_own_line(
    project: Project,
) -> None:
    project.write_prompt("Skill 2")

    result = project.run("--promptopt-case=c3")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["E *assert 'nonsense' == 'w3'", "case c3*"])


def test_a_case_that_no_test_has_is_an_error_that_names_a_close_one(
    project: Project,
) -> None:
    result = project.run("--promptopt-case=c33")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no case 'c33'*", "*did you mean 'c3'?*"])


def test_a_case_of_another_test_skips_the_rest(project: Project) -> None:
    project.write_test(
        TEST + "@pytest.mark.prompt('prompts/sort.j2', cases=[{'id': 'other',"
        " 'ticket': 'Case 1: say x', 'expected': 'x'}])\n"
        "def test_other(case, output):\n    assert output == case.expected\n"
    )

    result = project.run("--promptopt-case=other")

    result.assert_outcomes(passed=1, skipped=1)


def test_pdb_stops_in_the_users_frame_of_one_case(project: Project) -> None:
    project.write_prompt("Skill 2")

    child = debug_beside(project.pytester, "--promptopt-case=c3")
    child.expect("Pdb")
    child.sendline("p case.id, output")
    child.expect(r"\('c3', 'nonsense'\)")
    leave_debugger(child)
