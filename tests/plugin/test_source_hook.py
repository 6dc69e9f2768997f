"""A prompt from a registry is a prompt like any other."""

from __future__ import annotations

import inspect
import textwrap

from conftest import Project

from pytest_promptopt import hookspecs

TEST = (
    "import pytest\n"
    "@pytest.mark.prompt('registry:sort', scorer='exact', min_score=0.1,"
    " cases=[{'ticket': 'Case 1: say abc', 'expected': 'abc'}])\n"
    "def test_sort(): ...\n"
)


def test_the_source_example_runs_as_written(project: Project) -> None:
    doc = inspect.cleandoc(str(hookspecs.pytest_promptopt_source.__doc__))
    conftest = (project.path / "conftest.py").read_text()
    example = textwrap.dedent(doc.partition("::\n")[2])
    project.pytester.makeconftest(f"{conftest}\n{example}")
    registry = project.path / "registry.json"
    registry.write_text('{"sort": "Skill 100: {{ ticket }}"}', encoding="utf-8")
    project.write_test(TEST)

    result = project.run()

    result.assert_outcomes(passed=1)


def test_an_unknown_name_says_where_it_was_looked_for(project: Project) -> None:
    project.write_test(TEST)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*module 'registry' does not exist: tried *"])


def test_a_name_like_a_file_is_left_to_the_hook(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(
        f"{conftest}\nfrom types import SimpleNamespace\n"
        "def pytest_promptopt_source(config, name):\n"
        "    known = name in ('sort.yaml:text', 'sort.j2')\n"
        "    text = 'Skill 100: {{ ticket }}'\n"
        "    return SimpleNamespace(text=text) if known else None\n"
    )
    for name, outcome in [
        ("sort.yaml:text", {"passed": 1}),
        ("sort.j2", {"passed": 1}),
        ("sirt.j2", {"failed": 1}),
    ]:
        project.write_test(TEST.replace("registry:sort", name))

        result = project.run()

        result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(["*prompt file 'sirt.j2' does not exist: tried *"])


def test_a_module_named_like_a_file_is_no_missing_file(project: Project) -> None:
    package = project.path / "app"
    package.mkdir()
    (package / "yaml.py").write_text("SORT = 'Skill 100: {{ ticket }}'\n")
    project.write_test(TEST.replace("registry:sort", "app.yaml:SORT"))

    result = project.run()

    result.assert_outcomes(passed=1)
