"""Several prompts in one test: marker, body, baseline, pull request, search."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import Project
from repositories import Repository

CONFTEST = '''
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    """Hand the case on as a draft, or say its word, as far as the prompt can."""
    text = request.messages[-1].content
    if "<attempt>" in text:
        return write(text)
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    if "Draft" in text:
        return f"Case {number}: say {word if int(number) < skill else 'nonsense'}"
    return word if int(number) >= 100 - skill else "nonsense"

def write(text):
    best = max(int(n) for n in re.findall(r"Skill (\\d+)", text))
    kind = "Draft" if "belongs to: draft." in text else "Finish"
    open_tag, close_tag = re.findall(r"</?\\w+>", text)[-2:]
    return f"{open_tag}{kind}. Skill {min(100, best + 20)} of it.{close_tag}"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        settings = {str(sorted(request.settings.items())) for request in MODEL.requests}
        print("settings:", *sorted(settings))
'''
BOTH = '{"draft": "prompts/draft.j2", "final": "prompts/final.j2"}'
BODY = """
    draft = prompt["draft"].complete(ticket=case["ticket"]).text
    assert prompt["final"].complete(draft=draft).text == case.expected
"""
ONE = '\n    assert prompt.complete(ticket=case["ticket"]).text\n'
LABEL = "draft: prompts/draft.j2 + final: prompts/final.j2"


def source(prompts: str = BOTH, more: str = "", body: str = BODY) -> str:
    return (
        "import pytest\n\n"
        f'@pytest.mark.prompt({prompts}, cases="cases.jsonl"{more})\n'
        f"def test_sort(case, prompt):{body}"
    )


def write_prompts(project: Project, **skills: int) -> None:
    texts = {"draft": "Draft. Skill {}.\n", "final": "Finish. Skill {}.\n"}
    inputs = {"draft": "{{ ticket }}\n", "final": "{{ draft }}\n"}
    for name, skill in skills.items():
        marked = (
            "{# promptopt: begin task -#}\n"
            + texts[name].format(skill)
            + "{# promptopt: end -#}\n"
            + inputs[name]
        )
        path = project.path / "prompts" / f"{name}.j2"
        path.write_text(marked, encoding="utf-8")


@pytest.fixture
def pipeline(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    project.write_test(source())
    write_prompts(project, draft=20, final=100)
    return project


def test_the_prompts_are_recorded_and_gated_together(pipeline: Project) -> None:
    pipeline.record()
    write_prompts(pipeline, draft=8)

    result = pipeline.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"{LABEL}: fail (worse)",
            "  the edited prompt is worse by 60.0 points: 40.0% against *",
            "  edited: draft (prompts/draft.j2)",
        ]
    )


def test_an_untouched_pipeline_with_watch_costs_nothing(pipeline: Project) -> None:
    pipeline.write_test(source(more=', watch=["prompts/final.j2"]'))
    pipeline.record()

    result = pipeline.run()

    result.stdout.fnmatch_lines([f"{LABEL} (*pass (unchanged): 100.0%*[[]0 calls[]]"])


def test_one_case_is_shown_under_the_names(pipeline: Project) -> None:
    result = pipeline.run("--promptopt-case=c3")

    lines = result.stdout.lines
    start = lines.index("case c3  cases.jsonl:4")
    assert lines[start + 1 : start + 12] == [
        "--- draft: user",
        "Draft. Skill 20.",
        "Case 3: say w3",
        "--- draft: reply",
        "Case 3: say w3",
        "--- final: user",
        "Finish. Skill 100.",
        "Case 3: say w3",
        "--- final: reply",
        "w3",
        "--- score 1, expected 'w3'",
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            'prompt.complete(ticket="x")',
            "the prompts of this test have names: 'draft', 'final'\n"
            '    hint: say which one is meant: prompt["draft"].complete(...)',
        ),
        (
            'prompt["fnal"].text',
            "no prompt of this test has the name 'fnal'\n"
            "    hint: did you mean 'final'?",
        ),
        (
            'prompt["final"]["draft"].text',
            "prompt['final'] is one prompt and has none with the name 'draft'\n"
            '    hint: write prompt["final"].complete(...)',
        ),
    ],
)
def test_a_body_that_does_not_say_which_prompt_is_told_how(
    pipeline: Project, body: str, told: str
) -> None:
    pipeline.write_test(source(body=f"\n    assert {body}\n"))

    result = pipeline.run()

    result.assert_outcomes(failed=1)
    assert f"{LABEL}: error (test)\n" in result.stdout.str()
    assert f"at test_sort.py:5: {told}\n" in result.stdout.str()


def test_a_lone_prompt_has_no_name(project: Project) -> None:
    project.write_test(
        source('"prompts/sort.j2"', body='\n    assert prompt["sort"].text\n')
    )

    result = project.run()

    result.stdout.fnmatch_lines(
        [
            "*test_sort.py:5: the prompt of this test has no name, so "
            "prompt[[]'sort'[]] is none",
            "*hint: write prompt.complete(...), or give it that name in the marker: "
            'prompt({"sort": ...}, cases=...)',
        ]
    )


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('\n    assert prompt["draft"] is not None\n', "failed"),
        ('\n    assert prompt["draft"].text\n', "passed"),
    ],
    ids=["none is used", "one of them is used"],
)
def test_a_body_has_to_use_one_of_the_prompts(
    pipeline: Project, body: str, outcome: str
) -> None:
    pipeline.write_test(source(body=body))

    pipeline.run().assert_outcomes(**{outcome: 1})


def test_a_body_that_takes_no_handle_is_refused_at_collection(
    pipeline: Project,
) -> None:
    pipeline.write_test(source(body=BODY).replace("(case, prompt)", "(case, output)"))

    result = pipeline.run()

    result.stdout.fnmatch_lines(
        [
            "*test_sort: the prompts 'draft', 'final' are sent by the body, which does "
            "not take 'prompt'",
            "  hint: take 'prompt' and send each by its name: "
            'prompt[[]"draft"].complete(...)',
        ]
    )


def test_each_prompt_is_sent_with_its_own_settings(pipeline: Project) -> None:
    (pipeline.path / "app.py").write_text('FINAL = {"temperature": 0, "top_p": 0.5}\n')
    pipeline.pytester.makepyprojecttoml("[tool.promptopt.request]\nseed_of = 7\n")
    more = ', request={"draft": {"temperature": 1}, "final": "app:FINAL"}'
    pipeline.write_test(source(more=more, body=BODY))

    recorded = pipeline.run("--promptopt-update-baseline")
    pipeline.write_test(source(more=more.replace(": 1}", ": 2}")))
    edited = pipeline.run()

    recorded.stdout.fnmatch_lines(
        [
            "settings: [[]('seed_of', 7), ('temperature', 0), ('top_p', 0.5)[]] "
            "[[]('seed_of', 7), ('temperature', 1)[]]"
        ]
    )
    record = pipeline.path / "__prompt_baselines__" / "test_sort" / "test_sort.json"
    assert json.loads(record.read_text())["request"] == {
        "draft": {"seed_of": 7, "temperature": 1},
        "final": {"seed_of": 7, "temperature": 0, "top_p": 0.5},
    }
    assert edited.ret == 0
    edited.stdout.fnmatch_lines(["*(*pass (*100.0%*baseline 100.0% of *"])


def test_settings_that_do_not_go_by_name_hold_for_all(pipeline: Project) -> None:
    pipeline.write_test(source(more=', request={"temperature": 0.5}'))

    result = pipeline.run()

    result.stdout.fnmatch_lines(["settings: [[]('temperature', 0.5)[]]"])


ADDED = (
    BOTH[:-1] + ', "check": {"system": "prompts/final.j2", "user": "prompts/draft.j2"}}'
)


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (BOTH, ADDED, "'draft', 'final' -> 'draft', 'final', 'check'"),
        (ADDED, BOTH, "'draft', 'final', 'check' -> 'draft', 'final'"),
        ('"prompts/draft.j2"', BOTH, "one without a name -> 'draft', 'final'"),
        (BOTH, '"prompts/draft.j2"', "'draft', 'final' -> one without a name"),
    ],
    ids=["added", "removed", "named", "no more named"],
)
def test_other_prompts_than_recorded_are_not_compared_and_not_passed(
    pipeline: Project, before: str, after: str, names: str
) -> None:
    bodies = {text: BODY if "{" in text else ONE for text in (before, after)}
    pipeline.write_test(source(before, body=bodies[before]))
    pipeline.record()
    pipeline.write_test(source(after, body=bodies[after]))

    result = pipeline.run("--promptopt-fail-on=inconclusive")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*: inconclusive (other prompts)",
            f"  the prompts of this test are other ones since the baseline: {names}. "
            "Its body cannot run with both, so nothing was compared: if that is meant, "
            "record a new baseline with --promptopt-update-baseline",
        ]
    )


def test_a_pull_request_is_held_against_the_prompts_at_its_base(
    pipeline: Project,
) -> None:
    more = ', request={"final": {"temperature": 0}}, syntax={"draft": "jinja"}'
    pipeline.write_test(source(more=more))
    repository = Repository(pipeline)
    write_prompts(pipeline, final=92)
    pipeline.write_test(source(more=more.replace(": 0}", ": 1}")))
    pipeline.record()
    repository.commit("Worse, with a record of its own")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"{LABEL}: fail (worse)",
            "  edited: final (prompts/final.j2); the request changed: final: "
            "temperature",
            "  compared with commit * (main)*",
        ]
    )


def test_a_step_that_a_pull_request_adds_is_accepted_with_a_reason(
    pipeline: Project,
) -> None:
    pipeline.write_test(source('"prompts/draft.j2"', body=ONE))
    repository = Repository(pipeline)
    pipeline.write_test(source())
    unsaid = repository.run()
    pipeline.run("--promptopt-update-baseline", "--promptopt-reason=two steps")

    said = repository.run("--promptopt-fail-on=inconclusive")

    unsaid.stdout.fnmatch_lines(
        [
            "*inconclusive (other prompts)*since commit * (main): one without a name "
            "-> 'draft', 'final'. *--promptopt-reason='...'*"
        ]
    )
    assert said.ret == 0
    said.stdout.fnmatch_lines(["*pass (accepted)*'two steps'*"])


def search(project: Project, more: str = "") -> tuple[pytest.RunResult, list[str]]:
    """Search, apply the diff, and return the files that it changed."""
    subprocess.run(["git", "init", "--quiet"], cwd=project.path, check=True)
    project.write_cases(60)
    write_prompts(project, draft=45, final=85)
    project.write_test(source(more=more))
    before = {p.name: p.read_bytes() for p in (project.path / "prompts").iterdir()}
    result = project.run("--optimize-prompts", "--promptopt-steps=2")
    if (project.path / "promptopt.diff").exists():
        command = ["git", "apply", "--whitespace=nowarn", "promptopt.diff"]
        subprocess.run(command, cwd=project.path, check=True)
    after = {p.name: p.read_bytes() for p in (project.path / "prompts").iterdir()}
    return result, sorted(name for name in after if after[name] != before[name])


def test_a_search_improves_the_prompts_together(pipeline: Project) -> None:
    result, changed = search(pipeline)

    result.stdout.fnmatch_lines(
        ["*search (opro, seed 0): proposed", "*hold-out * -> *%: +* points *"]
    )
    assert changed == ["draft.j2", "final.j2"]
    text = (pipeline.path / "promptopt.md").read_text("utf-8")
    for name in ("draft", "final"):
        assert f"- changed: `prompts/{name}.j2#task` (" in text


def test_a_search_changes_only_the_prompt_that_optimize_names(
    pipeline: Project,
) -> None:
    result, changed = search(pipeline, ', optimize="final"')

    result.stdout.fnmatch_lines(["*search (opro, seed 0): proposed"])
    assert changed == ["final.j2"]


PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text("utf-8")
PAGE_MODEL = """
from pytest_promptopt.testing import ScriptedModel

SETTINGS = {"Draft": {"temperature": 1}, "Check": {}, "Rewrite it": {"temperature": 0}}

def answer(request):
    step, _, given = request.messages[-1].content.partition(": ")
    assert request.settings == SETTINGS[step]
    assert (step == "Draft") == (len(request.messages) == 1)
    if step == "Check":
        return "fine" if "Sorry" in given else "rude"
    return given if step == "Draft" else f"{given} Sorry"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
"""


def test_the_example_of_the_page_runs(project: Project) -> None:
    shown = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    for name, text in shown:
        (project.path / name).write_text(text, encoding="utf-8")
    for name in ("draft", "check"):
        text = f"{name.title()}: {{{{ {'ticket' if name == 'draft' else 'draft'} }}}}"
        (project.path / "prompts" / f"{name}.j2").write_text(text, encoding="utf-8")
    (project.path / "prompts" / "house.j2").write_text("House", encoding="utf-8")
    rows = [{"ticket": text, "expected": "Sorry"} for text in ("Why?", "Sorry?")]
    cases = "".join(json.dumps(row) + "\n" for row in rows)
    (project.path / "cases.jsonl").write_text(cases, encoding="utf-8")
    project.pytester.makeconftest(PAGE_MODEL)

    result = project.run("test_letters.py")

    assert len(shown) == PAGE.count("\n```") // 2 - 1  # but for what a run prints
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*100.0% *[[]5 calls[]]"])
