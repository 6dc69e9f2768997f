"""Templates of other syntaxes, and the project's environment, in real runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Project
from repositories import Repository
from test_optimizing import CONFTEST

TEST = """
import pytest

@pytest.mark.prompt({marker}, cases="cases.jsonl")
def test_sort(case, output):
    assert output == case.expected
"""


def use(project: Project, marker: str, **files: str) -> None:
    project.write_test(TEST.replace("{marker}", marker))
    for name, text in files.items():
        (project.path / f"{name}.py").write_text(text, encoding="utf-8")


def baseline(project: Project) -> dict[str, object]:
    (path,) = project.path.glob("__prompt_baselines__/**/*.json")
    found: dict[str, object] = json.loads(path.read_text("utf-8"))
    return found


def test_a_format_constant_is_recorded_kept_and_gated(project: Project) -> None:
    source = 'SORT = "Skill {n}. Reply {{}}. {ticket}"\n'
    use(project, '"app:SORT", syntax="format"', app=source.replace("{n}", "20"))
    project.record()

    record = baseline(project)["prompt"]
    kept = project.run()
    use(project, '"app:SORT", syntax="format"', app=source.replace("{n}", "2"))
    worse = project.run()

    assert isinstance(record, dict)
    assert record["sources"][0]["syntax"] == "format"
    kept.stdout.fnmatch_lines(["requests: 0"])
    assert kept.ret == 0
    assert worse.ret == 1
    worse.stdout.fnmatch_lines(["*app:SORT*"])


def test_a_constant_that_looks_like_a_format_template_is_a_collection_error(
    project: Project,
) -> None:
    use(project, '"app:SORT"', app='\nSORT = "Skill 20. {ticket}"\n')

    result = project.run("--co")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "test_sort.py:4: test_sort: */app.py:2: '{ticket}' looks like a field of "
            "str.format, and the prompt marker does not say so",
            '  hint: add syntax="format" to the marker, or syntax="literal" if the '
            "model shall read {ticket} as it stands",
        ]
    )


def test_a_literal_prompt_alone_is_an_error_and_is_none_with_a_user_message(
    project: Project,
) -> None:
    source = 'RULES = "Skill 20 {x}"\nTICKET = "Skill 20. {{ ticket }}"\n'
    use(project, '"app:RULES", syntax="literal"', app=source)
    alone = project.run()
    use(
        project,
        'system="app:RULES", user="app:TICKET", syntax={"system": "literal"}',
    )
    both = project.run()

    assert alone.ret == 1
    alone.stdout.fnmatch_lines(["*a literal prompt has no variables*'ticket'"])
    both.assert_outcomes(passed=1)


ENVIRONMENT = """
import jinja2

env = jinja2.Environment(variable_start_string="<<", variable_end_string=">>")
env.filters["plain"] = lambda text: text.strip()
"""


def test_the_projects_environment_holds_and_belongs_to_the_fingerprint(
    project: Project,
) -> None:
    project.write_ini("pythonpath = .", "promptopt_environment = house_llm_b:env")
    path = project.path / "prompts" / "sort.j2"
    path.write_text("Skill 20. {{ as it is }} << ticket | plain >>", "utf-8")
    use(project, '"prompts/sort.j2"', house_llm_b=ENVIRONMENT)
    project.record()
    kept = project.run()
    use(project, '"prompts/sort.j2"', house_llm_b=f"{ENVIRONMENT}\n# changed\n")
    changed = project.run()

    kept.stdout.fnmatch_lines(["requests: 0"])
    assert baseline(project)["prompt"] == {
        "sources": [
            {
                "role": "",
                "key": "prompts/sort.j2",
                "text": path.read_text("utf-8"),
                "includes": {},
            }
        ],
        "environment": {"variable_start_string": "<<", "variable_end_string": ">>"},
    }
    assert changed.ret == 0
    changed.stdout.fnmatch_lines(["requests: 20"])


def test_a_filter_that_a_record_needs_is_missed_until_it_is_recorded_anew(
    project: Project,
) -> None:
    project.write_ini("pythonpath = .", "promptopt_environment = house_llm_e:env")
    path = project.path / "prompts" / "sort.j2"
    path.write_text("Skill 20. << ticket | plain >>", "utf-8")
    use(project, '"prompts/sort.j2"', house_llm_e=ENVIRONMENT)
    project.record()
    path.write_text("Skill 20. << ticket >>", "utf-8")
    less = ENVIRONMENT.replace('env.filters["plain"]', "unused")
    use(project, '"prompts/sort.j2"', house_llm_e=less)

    missed = project.run()
    project.record()
    found = project.run()

    assert missed.ret == 1
    missed.stdout.fnmatch_lines(
        [
            "  test_sort.py:4: the recorded prompt cannot be read with house_llm_e:env "
            "as it is now: prompts/sort.j2:1: No filter named 'plain' in *",
            "    hint: record it anew with: pytest test_sort.py::test_sort "
            "--promptopt-update-baseline",
        ]
    )
    assert found.ret == 0


def test_an_environment_that_is_not_there_fails_the_prompt_tests_only(
    project: Project,
) -> None:
    project.write_ini("promptopt_environment = house_llm_c:env")
    ordinary = "def test_other():\n    pass\n"
    (project.path / "test_other.py").write_text(ordinary, encoding="utf-8")

    result = project.run()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "  ini key promptopt_environment: 'house_llm_c:env' cannot be imported: "
            "there is no module 'house_llm_c'",
            "    hint: add the folder that has it to the ini key pythonpath: "
            'pythonpath = [[]".[]"[]]',
        ]
    )


def test_a_run_without_prompt_tests_imports_no_environment(project: Project) -> None:
    project.write_ini("promptopt_environment = house_llm_d:env")
    Path(project.path / "test_sort.py").unlink()
    (project.path / "test_other.py").write_text("def test_other():\n    pass\n")

    project.run().assert_outcomes(passed=1)


def test_a_search_rewrites_a_format_constant_and_keeps_its_fields(
    project: Project,
) -> None:
    reply = "Skill {min(100, best + STEP)}. Say {{{{}}}}: {kept(request)}"
    scripted = CONFTEST.replace("Skill {min(100, best + STEP)} at sorting", reply)
    scripted += (
        "\ndef kept(request):\n"
        '    return re.search(r"keep (\\S+) exactly", text_of(request))[1]\n'
    )
    project.pytester.makeconftest(scripted)
    project.write_cases(100)
    source = '# -*- prompts -*-\nSORT = "Skill 40. Say {{}}: {ticket}"  # ours\n'
    use(project, '"app:SORT", syntax="format"', app=source)

    result = project.run("--optimize-prompts", "--promptopt-steps=4")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*search (opro, seed 0): proposed"])
    changed = (project.path / "promptopt.diff").read_text("utf-8")
    assert '-SORT = "Skill 40. Say {{}}: {ticket}"  # ours\n' in changed
    assert '+SORT = "Skill 80. Say {{}}: {ticket}"  # ours\n' in changed


def test_a_pull_request_is_held_against_the_base_in_the_bases_syntax(
    project: Project,
) -> None:
    use(project, '"app:SORT"', app='SORT = "Skill 20. {{ ticket }}"\n')
    repository = Repository(project)
    use(project, '"app:SORT", syntax="format"', app='SORT = "Skill 12. {ticket}"\n')

    worse = repository.run()
    use(project, '"app:SORT", syntax="format"', app='SORT = "Skill 20. {ticket}"\n')
    same = repository.run()

    assert worse.ret == 1
    worse.stdout.fnmatch_lines(["app:SORT: fail (worse)*"])
    assert same.ret == 0
    same.stdout.fnmatch_lines(["*pass (same)*", "requests: 20"])
