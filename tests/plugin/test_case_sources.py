"""Cases from other places than a file of ours: the page on cases, sizes, generators."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Project

from pytest_promptopt.cases import load_cases

PAGE = Path(__file__).parents[2] / "docs" / "cases.md"
BLOCK = re.compile(r"<!-- file: (.+?) -->\n```\w+\n(.*?)```\n", re.DOTALL)

CONFTEST = """
from pytest_promptopt.testing import ScriptedModel

ANSWERS = {"France": "It is Paris.", "Japan": "It is Tokyo."}

def answer(request):
    return ANSWERS.get(request.messages[-1].content.split()[-1], "other")

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
"""


@pytest.fixture
def page(project: Project) -> Project:
    pytest.importorskip("yaml")
    project.pytester.makeconftest(CONFTEST)
    for name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        path = project.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, text in [
        ("capital.txt", "The capital of {{ country }}"),
        ("triage.j2", "Sort this: {{ ticket }}"),
    ]:
        (project.path / "prompts" / name).write_text(text, encoding="utf-8")
    return project


def test_the_tests_of_the_page_run(page: Project) -> None:
    result = page.run(
        "test_capital.py", "test_triage.py", "--promptopt-update-baseline"
    )

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["note: prompts/triage.j2: 20 of 300 cases are used (sample=20)"]
    )
    result.stdout.no_fnmatch_line("*prompts/capital.txt: * are used*")


def test_the_files_of_the_page_say_what_it_says(page: Project) -> None:
    def load(name: str) -> list[tuple[object, ...]]:
        cases = load_cases(name, roots=[page.path], label="")
        return [(dict(case.inputs), case.expected, case.tags) for case in cases]

    assert load("cases/triage.csv") == [
        (
            {"ticket": "My card was charged twice", "facts": ["Visa", 2]},
            "billing",
            ("money", "urgent"),
        ),
        (
            {"ticket": "The lamp is dead,\nthe cable too", "facts": []},
            "technical",
            (),
        ),
    ]
    assert load("cases/triage.yaml") == [
        ({"ticket": "Is the lamp CE marked?", "since": "2024-05-01"}, "yes", ()),
        ({"ticket": "My card was charged\ntwice.\n"}, "no", ()),
    ]
    assert [entry[2] for entry in load("promptfooconfig.yaml")] == [
        ("area=europe",),
        ("area=asia",),
    ]


def test_a_smaller_sample_is_not_what_the_baseline_was_recorded_with(
    project: Project,
) -> None:
    project.record()
    test = (project.path / "test_sort.py").read_text("utf-8")
    project.write_test(test.replace('"cases.jsonl"', '"cases.jsonl", sample=5'))

    result = project.run()

    result.stdout.fnmatch_lines(
        [
            "*inconclusive (cases lost)*",
            "note: prompts/sort.j2: 5 of 20 cases are used (sample=5)",
        ]
    )


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            "cases='cases.jsonl', sample=0",
            "prompt marker: sample=0 is no whole number from 1 up",
        ),
        (
            "cases='cases.jsonl', limit='5'",
            "prompt marker: limit='5' is no whole number from 1 up",
        ),
        (
            "cases=iter([])",
            "prompt marker: cases=*iterator* is an iterator, which is empty after the "
            "first use",
        ),
    ],
)
def test_a_marker_that_cannot_be_used_is_refused_at_collection(
    project: Project, argument: str, message: str
) -> None:
    test = (project.path / "test_sort.py").read_text("utf-8")
    project.write_test(test.replace('cases="cases.jsonl"', argument))

    result = project.run("--collect-only")

    result.stdout.fnmatch_lines([f"*{message}*"])


def test_what_a_generator_raises_names_its_line(project: Project) -> None:
    source = """
import pytest

def cases():
    yield {"ticket": "a", "expected": "b"}
    raise ValueError("no more tickets")

@pytest.mark.prompt("prompts/sort.j2", cases=cases)
def test_sort(case, output):
    assert output == case.expected
"""
    project.write_test(source)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*prompts/sort.j2 cases: cases() raised ValueError*test_sort.py:6*: "
            "no more tickets*",
        ]
    )


def test_a_path_object_is_a_path(project: Project) -> None:
    test = (project.path / "test_sort.py").read_text("utf-8")
    place = "__import__('pathlib').Path(__file__).with_name('cases.jsonl')"
    project.write_test(test.replace('"cases.jsonl"', place))

    project.record()
