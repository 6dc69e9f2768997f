"""Options, ini keys and tables: precedence, bad values, help, one case alone."""

from __future__ import annotations

import pytest
from conftest import TEST, Project


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--promptopt-steps=0", "'0' is not a whole number from 1 up"),
        ("--promptopt-steps=many", "'many' is not a whole number from 1 up"),
        ("--promptopt-budget=-5", "'-5' is not a whole number from 1 up"),
        ("--promptopt-seed=x", "'x' is not a whole number from 0 up"),
        ("--promptopt-diff=", "'' is not the path of a file"),
        ("--promptopt-diff=out/", "'out/' is not the path of a file"),
        ("--promptopt-strategy=orpo", "did you mean 'opro'?"),
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
    ],
)
def test_a_bad_ini_value_ends_with_exit_code_4(
    project: Project, lines: list[str], message: str
) -> None:
    project.write_ini(*lines)

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


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

    child = project.pytester.spawn_pytest("--pdb -p no:randomly --promptopt-case=c3")
    child.expect("Pdb")
    child.sendline("p case.id, output")
    child.expect(r"\('c3', 'nonsense'\)")
    child.sendeof()
    child.wait()
