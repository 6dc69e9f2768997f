"""Every refusal of a prompt test names file, line, value and what to do."""

from __future__ import annotations

import pytest
from conftest import run_within

MODEL = """
import sys
from pytest_promptopt.testing import ScriptedModel

for name in ("jsonschema", "rapidfuzz"):
    sys.modules[name] = None  # as if it were not installed

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(lambda request: "x") if name == "scripted:x" else None
"""
HEAD = """import pytest
from pytest_promptopt.scorers import choice

CASES = [{"id": "a", "ticket": "T", "expected": "x"}]


"""
LINE = len(HEAD.splitlines()) + 1
JINJA = '"p.j2", cases=CASES'

COLLECTED = {
    "syntax": (
        f'{JINJA}, syntax="mustache"',
        "prompt marker: syntax='mustache' is none of jinja, format, literal",
        "use one of: format, jinja, literal",
    ),
    "field": (
        '"p.txt", cases=CASES',
        "{root}/p.txt:2: '{{ticket}}' looks like a field of str.format, and the "
        "prompt marker does not say so",
        'add syntax="format" to the marker, or syntax="literal" if the model shall '
        "read {{ticket}} as it stands",
    ),
    "limit": (
        f"{JINJA}, limit=0",
        "prompt marker: limit=0 is no whole number from 1 up",
        "write limit=100, or delete it to use all cases",
    ),
}
READ = {
    "fstring": (
        '"app:FILLED", cases=CASES',
        "{root}/app.py:2: 'FILLED' is an f-string, whose text exists only when the "
        "program runs",
        "write a plain string with {{{{ variable }}}} where the values go",
    ),
    "inside": (
        '"app:INNER", cases=CASES',
        "{root}/app.py:6: 'INNER' is assigned in the function 'ask', so that its text "
        "exists only while it runs",
        "assign it outside of functions, and use it in there",
    ),
    "registry": (
        '"registry:triage", cases=CASES',
        "{place}: module 'registry' does not exist: tried *",
        "write the module as it is imported from one of these folders; the prompt of a "
        "registry comes from the hook pytest_promptopt_source",
    ),
    "labels": (
        f'{JINJA}, scorer="choice"',
        "{place}: p.j2 cases[[]0]: case 'a': scorer 'choice' has ambiguous choices: "
        "the labels 'X' and 'x' cannot be told apart",
        "give each label a name of its own; letter case counts with "
        "choice([[]...], ignore_case=False), and the punctuation around a label never "
        "does",
    ),
    "schema": (
        f'{JINJA}, scorer="json_schema"',
        "{place}: scorer 'json_schema' needs the library 'jsonschema', which is not "
        "installed",
        "pip install 'pytest-promptopt[[]jsonschema]'",
    ),
    "likeness": (
        f'{JINJA}, scorer="similarity"',
        "{place}: scorer 'similarity' needs the library 'rapidfuzz', which is not "
        "installed",
        "pip install 'pytest-promptopt[[]rapidfuzz]'",
    ),
    "scorer": (
        f'{JINJA}, scorer="exakt"',
        "{place}: unknown scorer 'exakt'",
        "did you mean 'exact'? *",
    ),
    "request": (
        f'{JINJA}, request={{"stream": True}}',
        "{place}: model setting 'stream' = True is not supported: replies are "
        "read whole",
        "remove it from the request settings",
    ),
    "asserted": (
        '"p.j2", cases=[{"ticket": "T", "expected": {"assert": [{"type": "llm"}]}}], '
        'scorer="promptfoo"',
        "{place}: p.j2 cases[[]0]: case '*': scorer 'promptfoo' cannot grade the "
        "assertion {{'type': 'llm'}}",
        'write {{"type": "contains", "value": "TEXT"}}, with one of the types *',
    ),
    "returned": (
        f"{JINJA}, scorer=lambda case, completion: 2.0",
        "{place}: p.j2 cases[[]0]: scorer '*': 2.0 is no score",
        "return True or False, a number from 0 to 1, or Score(value, reason)",
    ),
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\npromptopt_model = scripted:x\n")
    pytester.makeconftest(MODEL)
    (pytester.path / "p.j2").write_text("Say {{ ticket }}\n")
    (pytester.path / "p.txt").write_text("Hi.\nSay {ticket}\n")
    (pytester.path / "app.py").write_text(
        'NAME = "ACME"\nFILLED = f"{NAME}: {{ ticket }}"\n\n\n'
        'def ask():\n    INNER = "Say {{ ticket }}"\n    return INNER\n'
    )
    for name, (arguments, _, _) in (COLLECTED | READ).items():
        head = HEAD
        if name == "labels":
            head = HEAD.replace('"T",', '"T", "choices": ["X", "x"],')
        test = "def test_it(case, output): assert output\n"
        source = f"{head}@pytest.mark.prompt({arguments})\n{test}"
        (pytester.path / f"test_{name}.py").write_text(source)
    return pytester


def test_a_marker_that_cannot_be_meant_is_refused_at_its_line(
    project: pytest.Pytester,
) -> None:
    files = [f"test_{name}.py" for name in COLLECTED]

    result = run_within(project, *files)

    for name, (_, problem, hint) in COLLECTED.items():
        told = problem.format(root=project.path)
        lines = [f"test_{name}.py:{LINE}: test_it: {told}", f"  hint: {hint.format()}"]
        result.stdout.fnmatch_lines(lines)


def test_what_a_marker_names_is_refused_at_a_line_and_each_refusal_is_told(
    project: pytest.Pytester,
) -> None:
    files = [f"test_{name}.py" for name in READ]

    result = run_within(project, *files)

    result.assert_outcomes(failed=len(READ))
    for name, (_, problem, hint) in READ.items():
        place = f"test_{name}.py:{LINE}"
        told = problem.format(root=project.path, place=place)
        result.stdout.fnmatch_lines([f"  {told}", f"    hint: {hint.format()}"])
    result.stdout.no_fnmatch_line("*for the same reason*")
