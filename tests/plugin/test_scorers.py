"""Scorers that name files and other scorers, on a marker."""

from __future__ import annotations

import json

from conftest import Project

MARKER = (
    "import pytest, own_scorer\n"
    "from pytest_promptopt.scorers import all_of, json_schema, not_\n"
    "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl',\n"
    "    scorer=all_of(not_(json_schema('word.json')), own_scorer.right, 'exact'))\n"
    "def test_sort(): ...\n"
)


def test_files_and_functions_of_a_composition_belong_to_the_fingerprint(
    project: Project,
) -> None:
    schema, own = project.path / "word.json", project.path / "own_scorer.py"
    schema.write_text('{"type": "string"}')
    own.write_text("def right(case, completion): return 1.0\n")
    project.write_test(MARKER)
    project.record()

    before = project.run()
    schema.write_text('{"type": "number"}')
    other_schema = project.run()
    own.write_text("def right(case, completion): return 0.0\n")
    other_function = project.run()

    before.stdout.fnmatch_lines(["*pass (unchanged): 100.0%*"])
    other_schema.stdout.no_fnmatch_line("*pass (unchanged)*")
    other_function.stdout.fnmatch_lines(["*pass (drift): 0.0%*"])


def test_a_schema_that_is_not_there_is_named_with_the_places_tried(
    project: Project,
) -> None:
    (project.path / "own_scorer.py").write_text("def right(case, completion): ...\n")
    project.write_test(MARKER)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"*prompt marker: no file 'word.json' (tried {project.path}/word.json*"]
    )


def test_a_scorer_that_cannot_be_made_fails_the_collection_with_the_fix(
    project: Project,
) -> None:
    project.write_test(
        "import pytest\n"
        "from pytest_promptopt.scorers import json_schema\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl',\n"
        "    scorer=json_schema({'type': 'text'}))\n"
        "def test_sort(): ...\n"
    )

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ScorerError: json_schema: cannot use the schema: type: fits none of*",
            "*hint: correct it as JSON Schema asks*",
        ]
    )


def test_a_failing_choice_says_which_label_is_taken_for_which(
    project: Project,
) -> None:
    cases = [
        {"id": f"c{n}", "ticket": f"Case {n}: say w{n % 2}", "expected": f"w{n % 2}"}
        for n in range(20)
    ]
    text = "".join(json.dumps(case) + "\n" for case in cases)
    (project.path / "cases.jsonl").write_text(text, encoding="utf-8")
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', scorer='choice')\n"
        "def test_sort(): ...\n"
    )
    project.record()
    project.write_prompt("Skill 5")

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*labels: 25.0% of 60 labels right; weakest: w1 (precision 100.0%, recall "
            "20.0%); most confused: w1 as (none), 24x",
        ]
    )
