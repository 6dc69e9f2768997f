"""What a body returns to the scorer of its marker, where the application answers."""

from __future__ import annotations

import json

import pytest
from conftest import Project

MARKED = """
import enum
import pytest
from pytest_promptopt.scorers import judge

class Label(str, enum.Enum):
    SORT = "sort"

@pytest.mark.prompt(
    "prompts/sort.j2", cases="cases.jsonl", scorer={scorer}, min_score=0
)
def test_sort(case, prompt):
    reply = prompt.complete(ticket=case["ticket"]).text
    {body}
"""


@pytest.fixture
def answering(project: Project) -> Project:
    """Return a project whose two cases expect values that are no texts."""
    lines = [
        {"id": "c0", "ticket": "Case 0: say w0", "expected": {"label": "w0", "n": [1]}},
        {"id": "c1", "ticket": "Case 1: say w1", "expected": None},
    ]
    (project.path / "cases.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return project


@pytest.mark.parametrize(
    ("body", "share"),
    [
        ("return {'label': 'w0', 'n': (1,)} if case.id == 'c0' else None", "100.0%"),
        ("return None", "50.0%"),
        ("return reply and Label.SORT", "0.0%"),
    ],
)
def test_what_an_application_has_read_is_graded_as_json(
    answering: Project, body: str, share: str
) -> None:
    answering.write_test(MARKED.format(scorer="'json'", body=body))

    result = answering.run("-rA")

    result.stdout.fnmatch_lines([f"prompts/sort.j2 *: {share} [[]*"])


@pytest.mark.parametrize("scorer", ["'exact'", "judge('prompts/rubric.j2')"])
def test_a_body_that_never_returns_anything_is_an_error(
    project: Project, scorer: str
) -> None:
    (project.path / "prompts" / "rubric.j2").write_text("Fine? {{ output }}")
    body = "assert case.id != 'c3'"
    project.write_test(MARKED.format(scorer=scorer, body=body))

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (test)",
            "  the body returned nothing in 19 of 20 runs and raised in the others, so "
            "that the scorer had no reply to grade",
            "    hint: return what the application answers, or drop scorer= and assert",
        ]
    )


def test_an_application_that_finds_nothing_for_a_case_is_wrong_there(
    project: Project,
) -> None:
    body = "return None if case.id == 'c3' else reply"
    project.write_test(MARKED.format(scorer="'exact'", body=body))

    result = project.run("-q", "--promptopt-case=c3")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["--- returned", "None", "--- score 0*", "the body returned None"]
    )


def test_bytes_are_no_reply(project: Project) -> None:
    body = "return reply.encode()"
    project.write_test(MARKED.format(scorer="'exact'", body=body))

    result = project.run()

    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (test)",
            "  the body gave no score in 20 of 20 runs, first for case c0: the body "
            "returned b'w0' of type bytes, which the scorer cannot grade",
            "    hint: return the reply as a text (subprocess.run(..., text=True)"
            ".stdout), or a value that JSON can hold",
        ]
    )
