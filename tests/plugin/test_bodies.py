"""What a body may ask for, what its outcomes are worth, what stays an ordinary test."""

from __future__ import annotations

import json

import pytest
from conftest import Project


def accuracy(project: Project, *arguments: str) -> str:
    """Run, and return the accuracy that the summary shows."""
    result = project.run("-rA", *arguments)
    lines = [line for line in result.stdout.lines if line.startswith("prompts/sort.j2")]
    assert len(lines) == 1, result.stdout.str()
    return lines[0]


def test_one_function_is_one_item_however_many_cases_it_has(project: Project) -> None:
    result = project.run("--collect-only", "-q")

    assert result.stdout.lines[0] == "test_sort.py::test_sort"
    result.stdout.fnmatch_lines(["1 test collected*"])


@pytest.mark.parametrize(
    ("body", "share"),
    [
        ("assert output == case.expected", "100.0%"),
        ("return case.id in ('c1', 'c2')", "10.0%"),
        ("return 0.25", "25.0%"),
        ("return Score(value=0.5, reason='half')", "50.0%"),
        ("if case.id == 'c0': pytest.fail('no')", "95.0%"),
        ("if case.id == 'c0': raise KeyError(case.id)", "95.0%"),
        ("assert output == case['ticket'].split()[-1]", "100.0%"),
    ],
)
def test_outcomes_of_a_body_are_scores(project: Project, body: str, share: str) -> None:
    project.write_test(
        "import pytest\n"
        "from pytest_promptopt import Score\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        f"def test_sort(case, output):\n    {body}\n"
    )

    assert f": {share} " in accuracy(project)


def test_skipped_and_xfailed_cases_are_unscored_not_wrong(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        "def test_sort(case, output):\n"
        "    if case.id in ('c0', 'c1'): pytest.skip('later')\n"
        "    if case.id == 'c2': pytest.xfail('known')\n"
        "    assert case.id != 'c3'\n"
    )

    assert ": 94.1% " in accuracy(project)  # 16 of 17


def test_an_exception_in_every_case_is_an_error_of_the_test(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        "def test_sort(case, output):\n"
        "    assert output.nothing == case.expected\n"
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*prompts/sort.j2: error (test)", "*raised AttributeError in 20 of 20 runs*"]
    )


def test_fixtures_are_set_up_once_and_captures_cleared_before_each_case(
    project: Project,
) -> None:
    project.write_test(
        "import logging, pytest\n"
        "@pytest.fixture\n"
        "def own():\n"
        "    own.times = getattr(own, 'times', 0) + 1\n"
        "    return own.times\n"
        "own_count = []\n"
        "@pytest.fixture(scope='session')\n"
        "def shared():\n"
        "    own_count.append(1)\n"
        "    return own_count\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.9)\n"
        "def test_sort(case, output, shared, capsys, caplog, monkeypatch, tmp_path):\n"
        "    print(case.id)\n"
        "    logging.getLogger().warning(case.id)\n"
        "    monkeypatch.setenv('CASE', case.id)\n"
        "    assert capsys.readouterr().out == case.id + '\\n'\n"
        "    assert caplog.messages == [case.id]\n"
        "    assert shared == [1] and tmp_path.is_dir()\n"
    )

    result = project.run()

    result.assert_outcomes(passed=1)


def test_classes_parameters_and_marks_on_parameters_work(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.9)\n"
        "class TestSort:\n"
        "    word = 'w'\n"
        "    @pytest.mark.parametrize('start', ['w', pytest.param('x', marks=[\n"
        "        pytest.mark.prompt('prompts/sort.j2', cases=[\n"
        "            {'ticket': 'Case 1: say x1', 'expected': 'x1'}], min_score=0.9)\n"
        "    ])])\n"
        "    def test_it(self, case, output, start):\n"
        "        assert output.startswith(start) and self.word\n"
        "    @pytest.mark.skip(reason='not now')\n"
        "    def test_skipped(self, case, output):\n"
        "        assert False\n"
    )

    result = project.run("-v")

    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*TestSort::test_it?w?*", "*TestSort::test_it?x?*"])


def test_the_whole_completion_can_be_checked(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        "def test_sort(case, completion):\n"
        "    assert completion.finish_reason == 'stop'\n"
        "    assert completion.text == case.expected\n"
        "    if case.id == 'c5':\n"
        "        completion.json\n"
    )

    assert ": 95.0% " in accuracy(project)


def test_a_scorer_replaces_the_body_and_a_failing_body_still_counts(
    project: Project,
) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', scorer='exact',"
        " min_score=0.0)\n"
        "def test_sort(case, output):\n"
        "    assert case.id != 'c7'\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', scorer='exact',"
        " min_score=0.99)\n"
        "def test_bare(): ...\n"
    )

    result = project.run("-rA")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*(test_bare*: 100.0% *", "*(test_sort*: 95.0% *"])


def test_the_live_handle_measures_the_application(project: Project) -> None:
    (project.path / "shop.py").write_text(
        "def reply(ticket, complete):\n    return complete(ticket=ticket).text\n"
    )
    project.write_test(
        "import pytest, shop\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.9)\n"
        "def test_sort(case, prompt):\n"
        "    assert 'Skill' in prompt.text\n"
        "    assert case['ticket'] in prompt.render(ticket=case['ticket'])\n"
        "    assert shop.reply(case['ticket'], prompt.complete) == case.expected\n"
    )

    assert ": 100.0% " in accuracy(project)


def test_a_fault_of_the_application_is_an_error_not_a_wrong_answer(
    project: Project,
) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        "def test_sort(case, prompt):\n"
        "    assert prompt.complete(ticket=case['ticket']).text\n"
        "    if case.id == 'c3': raise ValueError('bad day')\n"
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*error (test)", "*ValueError in 1 of 20*bad day*"])


def test_a_live_handle_that_is_never_used_is_an_error(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0)\n"
        "def test_sort(case, prompt):\n"
        "    assert case.expected\n"
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  *test_*.py:2: the body takes 'prompt' but never *"])


def test_keyboard_interrupt_and_exit_pass_through(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl')\n"
        "def test_sort(case, output):\n"
        "    if case.id == 'c4': pytest.exit('enough', returncode=7)\n"
        "    assert output\n"
    )

    result = project.run()

    assert result.ret == 7


def test_threads_run_bodies_at_once_with_the_same_scores(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.0,"
        " threads=4)\n"
        "def test_sort(case, output):\n"
        "    assert case.id != 'c9'\n"
    )

    assert ": 95.0% " in accuracy(project)


def test_model_settings_of_the_marker_win_over_the_table(project: Project) -> None:
    (project.path / "pyproject.toml").write_text(
        "[tool.promptopt.request]\ntemperature = 1\ntop_p = 0.5\n"
    )
    project.write_test(
        "import json, pytest, conftest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.9,"
        " request={'temperature': 0})\n"
        "def test_sort(case, output):\n"
        "    sent = conftest.MODEL.requests[0].settings\n"
        "    assert dict(sent) == "
        + json.dumps({"temperature": 0, "top_p": 0.5})
        + "\n"
    )

    assert ": 100.0% " in accuracy(project)
