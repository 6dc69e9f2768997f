"""What is refused at collection, with the fix, and what collection leaves alone."""

from __future__ import annotations

import pytest
from conftest import Project

HEAD = "import pytest\nmark = pytest.mark.prompt\n"
GOOD = "'prompts/sort.j2', cases='cases.jsonl'"


# Source, problem and hint; in one run, as each is refused in a file of its own.
FAULTS = [
    (
        f"@mark({GOOD})\ndef test_sort(case, output):\n    print(output)\n",
        "the body checks nothing, so every reply would be right",
        "assert something about the reply*",
    ),
    (
        f"@mark({GOOD})\n@mark({GOOD})\n"
        "def test_sort(case, output):\n    assert output\n",
        "two prompt markers on one function",
        "name all sources in one marker*",
    ),
    (
        f"@mark({GOOD})\n@pytest.mark.parametrize('case', [1])\n"
        "def test_sort(case, output):\n    assert output\n",
        "parametrize over the injected argument 'case'",
        "give the parameter another name than 'case'",
    ),
    (
        f"@mark({GOOD})\ndef test_sort(case, output, subtests):\n    assert output\n",
        "'subtests' in a prompt test",
        "drop 'subtests'*",
    ),
    (
        "@pytest.fixture\ndef helper(case):\n    return case\n"
        f"@mark({GOOD})\ndef test_sort(case, output, helper):\n    assert output\n",
        "fixture 'helper' asks for 'case'",
        "fixtures are set up once per prompt test*",
    ),
    (
        "@mark('prompts/sort.j2')\ndef test_sort(case, output):\n    assert output\n",
        "prompt marker: no cases",
        "write prompt(*",
    ),
    (
        f"@mark({GOOD}, scoerr='exact')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: unknown argument 'scoerr'",
        "did you mean 'scorer'?",
    ),
    (
        "@mark('prompts/sort.j2', 'b', cases='cases.jsonl')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: takes one source, or sources by role*",
        "write prompt(*",
    ),
    (
        "@mark('prompts/sirt.j2', cases='cases.jsonl')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: no file 'prompts/sirt.j2' (tried *",
        "did you mean 'prompts/sort.j2'?",
    ),
    (
        "@mark(r'prompts\\sort.j2', cases='cases.jsonl')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: no file 'prompts*sort.j2' (tried *",
        "did you mean 'prompts/sort.j2'?",
    ),
    (
        f"@mark({GOOD}, scorer=['exact', 'json'])\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: scorer=[[]'exact', 'json'[]] is no name and no function",
        "several go into all_of(*",
    ),
    (
        "@mark('prompts/sort.j2', cases='case.jsonl')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: no file 'case.jsonl' (tried *",
        "did you mean 'cases.jsonl'?",
    ),
    (
        "@mark('prompts/sirt.toml:a.b', cases='cases.jsonl')\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: no file 'prompts/sirt.toml' (tried *",
        "did you mean 'prompts/sort.j2'?",
    ),
    (
        f"@mark({GOOD}, watch=5)\ndef test_sort(case, output):\n    assert output\n",
        "prompt marker: watch=5 is no list of paths",
        'write watch=[[]"src/app.py"[]]',
    ),
    (
        f"@mark({GOOD}, min_score=80)\n"
        "def test_sort(case, output):\n    assert output\n",
        "prompt marker: min_score=80 is not in [[]0, 1[]]",
        "write min_score=0.8",
    ),
    (
        f"@mark({GOOD})\ndef test_sort(case, output, prompt):\n    assert output\n",
        "the body asks for 'prompt' and for a reply",
        "take 'output' or 'completion'*",
    ),
]


def test_a_faulty_prompt_test_is_refused_with_the_fix(project: Project) -> None:
    for number, (source, _, _) in enumerate(FAULTS):
        (project.path / f"test_fault{number:02}.py").write_text(HEAD + source)

    result = project.run()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    _, *refusals = result.stdout.str().split(" ERROR collecting ")
    assert len(refusals) == len(FAULTS)
    for refusal, (_, problem, hint) in zip(refusals, FAULTS, strict=True):
        pytest.LineMatcher(refusal.splitlines()).fnmatch_lines(
            [f"*test_sort: {problem}", f"*hint: {hint}"]
        )


def test_unittest_methods_are_refused(project: Project) -> None:
    project.write_test(
        "import pytest, unittest\n"
        "class TestSort(unittest.TestCase):\n"
        f"    @pytest.mark.prompt({GOOD})\n"
        "    def test_it(self): assert True\n"
    )

    result = project.run()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*TestSort: the prompt marker does not work on unittest.TestCase"]
    )


def test_a_unittest_class_without_the_marker_is_left_alone(project: Project) -> None:
    project.write_test(
        "import unittest\n"
        "class TestSort(unittest.TestCase):\n"
        "    def test_it(self): assert True\n"
    )

    project.run().assert_outcomes(passed=1)


def test_an_ordinary_test_may_have_fixtures_with_our_names(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.fixture\ndef case(): return 1\n"
        "@pytest.fixture\ndef prompt(case): return case + 1\n"
        "def test_plain(case, prompt): assert (case, prompt) == (1, 2)\n"
    )

    project.run().assert_outcomes(passed=1)


def test_a_function_of_the_body_can_be_handed_the_case(project: Project) -> None:
    project.write_test(
        HEAD + "@pytest.fixture\ndef right():\n"
        "    return lambda case, output: output == case.expected\n"
        f"@mark({GOOD}, min_score=0.9)\n"
        "def test_sort(case, output, right):\n    assert right(case, output)\n"
    )

    project.run().assert_outcomes(passed=1)


def test_injected_names_raise_outside_the_body(project: Project) -> None:
    project.write_test(
        HEAD + "@pytest.fixture(autouse=True)\n"
        "def nosy(request):\n"
        "    if 'case' in request.node.funcargs:\n"
        "        request.node.funcargs['case'].id\n"
        "    else:\n"
        "        request.getfixturevalue('case').id\n"
        f"@mark({GOOD})\ndef test_sort(case, output):\n    assert output\n"
    )

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'case' was used outside the body of test_sort"])


def test_a_faulty_template_or_case_file_fails_only_its_own_item(
    project: Project,
) -> None:
    (project.path / "prompts" / "bad.j2").write_text("{{ ticket")
    (project.path / "bad.jsonl").write_text('{"id": 1, "ticket": \n')
    project.write_test(
        HEAD + f"@mark({GOOD}, min_score=0.9)\n"
        "def test_good(case, output):\n    assert output\n"
        "@mark('prompts/bad.j2', cases='cases.jsonl')\n"
        "def test_template(case, output):\n    assert output\n"
        "@mark('prompts/sort.j2', cases='bad.jsonl')\n"
        "def test_cases(case, output):\n    assert output\n"
        "def test_ordinary(): pass\n"
    )

    result = project.run()

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*bad.j2:1: *", "*bad.jsonl:1:*"])


def test_deselected_prompt_tests_are_not_read(project: Project) -> None:
    (project.path / "bad.jsonl").write_text("nonsense\n")
    project.write_test(
        HEAD + f"@mark({GOOD}, min_score=0.9)\n"
        "def test_good(case, output):\n    assert output\n"
        "@mark('prompts/sort.j2', cases='bad.jsonl')\n"
        "def test_bad(case, output):\n    assert output\n"
    )

    result = project.run("-k", "good")

    result.assert_outcomes(passed=1, deselected=1)


def test_collect_only_builds_no_model_and_writes_nothing(project: Project) -> None:
    result = project.run("--collect-only", "--optimize-prompts")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["requests: 0"])
    assert not (project.path / ".promptopt").exists()


def test_the_marker_is_listed_with_its_arguments(project: Project) -> None:
    result = project.run("--markers")

    result.stdout.fnmatch_lines(["@pytest.mark.prompt(source, [*], cases, *"])


def test_a_nearer_marker_overrides_the_modules(project: Project) -> None:
    project.write_test(
        "import pytest\n"
        f"pytestmark = pytest.mark.prompt({GOOD}, min_score=1.0)\n"
        "def test_module(case, output):\n    assert output == case.expected\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases=[{'ticket': 'Case 99: say x',"
        " 'expected': 'nonsense'}], min_score=1.0)\n"
        "def test_own(case, output):\n    assert output == case.expected\n"
    )

    project.run().assert_outcomes(passed=2)


def test_a_fault_of_collection_is_no_interruption_of_prompt_tests(
    project: Project,
) -> None:
    (project.path / "test_broken.py").write_text("import nothing_like_this\n")

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*interrupted: *")
