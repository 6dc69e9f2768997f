"""A model as a judge, as a user sees it: scores, records, pull requests, searches."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Project
from repositories import Repository

CONFTEST = """
import re
from pytest_promptopt.errors import ModelError
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "<attempt>" in text:
        return write(text)
    if "Judge" in text:
        return opinion(request)
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) % 100 < skill else "nonsense"

def write(text):
    open_tag, close_tag = re.findall(r"</?\\w+>", text)[-2:]
    best = max(int(n) for n in re.findall(r"Skill (\\d+)", text))
    return f"{open_tag}Skill {min(100, best + 30)} at sorting{close_tag}"

def opinion(request):
    text = request.messages[-1].content
    if "Judge nothing" in text:
        return "I would rather not say."
    word = re.search(r"<<(.*)>>", text)[1]
    return "verdict: pass" if re.match(r"w\\d", word) else "Not a word.\\nverdict: fail"

def blind(request):
    return "verdict: pass"

def broken(request):
    raise ModelError("the judge is away", "call it again later")

MODELS = {
    "scripted:skill": ScriptedModel(answer),
    "scripted:judge": ScriptedModel(opinion),
    "scripted:other": ScriptedModel(opinion),
    "scripted:blind": ScriptedModel(blind),
    "scripted:away": ScriptedModel(broken),
}

def pytest_promptopt_model(config, name, role):
    return MODELS.get(name)

def pytest_unconfigure(config):
    asked = {name: len(model.requests) for name, model in MODELS.items()}
    print("requests:", asked["scripted:skill"], "judged:", asked["scripted:judge"])
"""
RUBRIC = "Judge this reply to {{ ticket }}: <<{{ output }}>>"
TEST = """
import pytest
from pytest_promptopt.scorers import judge

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", scorer=judge({judge}))
{body}
"""
LABELS = [("Case 1: say w1", "w1", "pass"), ("Case 2: say w2", "oh", "fail")]


@pytest.fixture
def judged(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    project.write_ini("promptopt_judge_model = scripted:judge")
    (project.path / "polite.j2").write_text(RUBRIC)
    write_test(project)
    return project


def write_test(
    project: Project, judge: str = '"polite.j2"', body: str = "def test_sort(): ..."
) -> None:
    project.write_test(TEST.format(judge=judge, body=body))


def record_of(project: Project) -> dict[str, Any]:
    path = project.path / "__prompt_baselines__" / "test_sort" / "test_sort.json"
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def test_a_judge_scores_the_replies_and_says_how_far_it_can_be_trusted(
    judged: Project,
) -> None:
    judged.write_prompt("Skill 15")

    recorded = judged.run("--promptopt-update-baseline")
    unchanged = judged.run()

    recorded.stdout.fnmatch_lines(
        [
            "baselines to record: 1 prompt test, 170 calls: test_sort 170 (20 cases x "
            "3 trials, scripted:skill; up to 110 to judge them)",
            "*pass (recorded): 75.0% *  [[]140 calls[]]",
            "  judge model scripted:judge: 80 calls",
            "  judge polite.j2: all of 60 verdicts could be read",
            "  judge polite.j2: judged 20 of 20 replies (100.0% [[]83.9, 100.0[]]) the "
            "same when asked twice",
        ]
    )
    recorded.stdout.no_fnmatch_line("*grades its own replies*")
    unchanged.stdout.fnmatch_lines(
        ["*pass (unchanged): 75.0% *[[]0 calls[]]", "requests: 0 judged: 0"]
    )
    unchanged.stdout.no_fnmatch_line("*judge model*")
    assert "judge" in record_of(judged)["parts"]
    assert record_of(judged)["model_ids"] == []


@pytest.mark.parametrize(
    "body",
    [
        "def test_sort(case): assert case.id != 'c3'",
        "async def test_sort(case): assert case.id != 'c3'",
        "def test_sort(case, prompt):\n"
        "    reply = prompt.complete(**case.inputs)\n"
        "    assert case.id != 'c3'\n"
        "    return reply.text",
    ],
)
def test_a_body_runs_first_and_its_failing_assert_needs_no_judge(
    judged: Project, body: str
) -> None:
    write_test(judged, '"polite.j2", repeats=0', body)

    result = judged.run()

    result.stdout.fnmatch_lines(
        [
            "*: 95.0% *",
            "*judge model scripted:judge: 19 calls",
            "requests: 20 judged: 19",
        ]
    )


def test_bodies_in_threads_are_judged_alike(judged: Project) -> None:
    judged.write_test(
        TEST.format(
            judge='"polite.j2"', body="def test_sort(output): assert output"
        ).replace("scorer=", "threads=4, scorer=")
    )
    judged.write_prompt("Skill 15")

    result = judged.run()

    result.stdout.fnmatch_lines(["*: 75.0% *"])


def test_a_changed_rubric_scores_both_arms_anew_and_equal_replies_once(
    judged: Project,
) -> None:
    judged.record()
    (judged.path / "polite.j2").write_text(f"Be strict. {RUBRIC}")

    result = judged.run("-v", "-p", "no:cacheprovider")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*pass (same): 100.0% *",
            "  the judge changed: both arms were scored with the new one",
            "  judge model scripted:judge: 80 calls, 60 from the cache",
            "  judge changed: the judge (its rubric, verdicts or model) is not the one "
            "that the baseline was recorded with: both prompts are scored by the new "
            "one, until it is recorded anew with --promptopt-update-baseline",
        ]
    )
    result.stdout.no_fnmatch_line("*drift*")


def test_another_judge_model_scores_both_arms_and_moves_no_record(
    judged: Project,
) -> None:
    judged.record()
    judged.write_prompt("Skill 5")

    result = judged.run("--promptopt-judge-model=scripted:other")
    blind = judged.run("--promptopt-judge-model=scripted:blind")

    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)", "*judge changed*"])
    blind.stdout.fnmatch_lines(["*pass (same): 100.0% *", "*judge changed: *"])
    blind.stdout.no_fnmatch_line("*drift*")


def test_a_judge_that_does_not_answer_is_no_wrong_reply(judged: Project) -> None:
    result = judged.run("--promptopt-judge-model=scripted:away")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (provider)",
            "  20 of 20 requests got no reply",
            "  the judge is away",
            "*This says nothing about the prompt*",
        ]
    )


def test_a_verdict_that_cannot_be_read_is_unscored(judged: Project) -> None:
    (judged.path / "polite.j2").write_text(
        "{% if ticket == 'Case 7: say w7' %}Judge nothing of {% endif %}" + RUBRIC
    )

    result = judged.run()

    result.stdout.fnmatch_lines(
        [
            "*: 100.0% [[]*[]] of 19 cases*",
            "  judge polite.j2: 1 of 20 verdicts (5.0%) could not be read",
        ]
    )


def test_a_judge_that_often_cannot_be_read_is_warned_about_on_either_side(
    judged: Project,
) -> None:
    (judged.path / "polite.j2").write_text(
        "{% if ticket < 'Case 2' %}Judge nothing of {% endif %}" + RUBRIC
    )
    judged.run("--promptopt-update-baseline")
    judged.write_prompt("Skill 100. Please sort.")

    result = judged.run("-q")

    result.assert_outcomes(passed=1, warnings=1)
    text = (
        "judge: judge polite.j2: 36 of 60 verdicts (60.0%) could not be read, so those "
        "replies have no score and count for no prompt; look at one with "
        "--promptopt-case"
    )
    result.stdout.fnmatch_lines(
        [
            f"*PromptOptWarning: prompts/sort.j2: {text}",
            "prompts/sort.j2 *: pass (same): 100.0% * of 8 cases*",
            f"  {text}",
        ]
    )


def test_a_judge_that_is_the_task_model_is_warned_about_once(judged: Project) -> None:
    judged.write_ini()

    result = judged.run()

    text = (
        "judge: the judge is the task model 'scripted:skill' and grades its own "
        "replies: name another model with promptopt_judge_model"
    )
    result.stdout.fnmatch_lines([f"*PromptOptWarning: prompts/sort.j2: {text}"])
    assert result.stdout.str().count("PromptOptWarning") == 2  # with its own result


def test_an_unknown_judge_model_on_the_command_line_ends_the_run(
    project: Project,
) -> None:
    project.pytester.makeconftest("")

    result = project.run("--promptopt-judge-model=nope:x")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: model 'nope:x': 'nope' is no provider; *"])


def test_a_judge_that_disagrees_with_people_is_an_error_with_the_figure(
    judged: Project,
) -> None:
    rows = [
        {
            "ticket": ticket,
            "output": "w1" if verdict == "fail" else "oh",
            "verdict": verdict,
        }
        for ticket, _, verdict in LABELS * 15
    ]
    text = "".join(
        json.dumps({"id": f"l{at}", **row}) + "\n" for at, row in enumerate(rows)
    )
    (judged.path / "labels.jsonl").write_text(text)
    write_test(judged, '"polite.j2", labels="labels.jsonl", min_kappa=0.6')

    result = judged.run("--promptopt-update-baseline")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (judge)",
            "  judge polite.j2: it does not grade as people do: kappa -1.00 *",
        ]
    )
    assert not (judged.path / "__prompt_baselines__").exists()


def test_a_look_at_one_case_shows_what_the_judge_was_asked(judged: Project) -> None:
    judged.write_prompt("Skill 5")

    result = judged.run("--promptopt-case=c7")

    result.stdout.fnmatch_lines(
        [
            "--- reply",
            "nonsense",
            "--- judge scripted:judge: user",
            "Judge this reply to Case 7: say w7: <<nonsense>>",
            "--- judge scripted:judge: reply",
            "Not a word.",
            "verdict: fail",
            "--- score 0, expected 'w7'",
            "fail: Not a word.",
        ],
        consecutive=True,
    )


def test_a_rubric_that_the_cases_do_not_fit_costs_no_call(judged: Project) -> None:
    (judged.path / "polite.j2").write_text("{{ customer }}: {{ output }}")

    result = judged.run("-p", "no:xdist")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*cases.jsonl:1: case *: scorer 'judge' finds no field 'customer', which *"]
    )
    result.stdout.no_fnmatch_line("*1 call*")


def test_an_object_with_requests_and_compare_is_a_judge_too(judged: Project) -> None:
    judged.write_test(
        "import pytest\n"
        "from pytest_promptopt import Message, Request\n"
        "class Words:\n"
        "    def requests(self, case, completion):\n"
        "        text = f'Judge: <<{completion.text}>>'\n"
        "        return [Request(messages=(Message(role='user', content=text),))]\n"
        "    def compare(self, case, completion, replies):\n"
        "        return 'pass' in replies[0].text\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', scorer=Words())\n"
        "def test_sort(): ...\n"
    )
    judged.write_prompt("Skill 15")

    result = judged.run()

    result.stdout.fnmatch_lines(
        ["*: 75.0% *", "*judge model scripted:judge: 32 calls*"]
    )


def test_a_reviewer_is_told_of_a_judge_that_the_base_does_not_have(
    repository: Repository,
) -> None:
    project = repository.project
    project.pytester.makeconftest(CONFTEST)
    project.write_ini("promptopt_judge_model = scripted:judge")
    (project.path / "polite.j2").write_text(RUBRIC)
    write_test(project)

    assert "judge" not in record_of(project)["parts"]
    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*pass (same): 100.0% *",
            "  judge changed: the baseline was recorded without a judge: both prompts "
            "are scored by the new one, until *",
        ]
    )


@pytest.fixture
def searching(judged: Project) -> Project:
    judged.write_cases(60)
    (judged.path / "prompts" / "sort.j2").write_text(
        "{# promptopt: begin instructions -#}\nSkill 40 at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n"
    )
    return judged


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (
            '"scripted:blind"',
            "unconfirmed. Better on hold-out by the judge alone: *; the second opinion "
            "does not bear it out: 100.0% -> 100.0%*",
        ),
        (
            '"scripted:judge"',
            "error. the second opinion is by the judge itself, 'scripted:judge'; name "
            'another model, judge(..., second="openai:other"), *',
        ),
        (
            '"scripted:away"',
            "error. the task model or its judge failed: prompts/sort.j2: 100.0% of the "
            "trials of an evaluation got no score, more than 5.0%; most "
            "often provider: the judge is away; *",
        ),
    ],
)
def test_a_proposal_that_only_the_judge_bears_out_is_not_written(
    searching: Project, second: str, told: str
) -> None:
    write_test(searching, f'"polite.j2", second={second}')

    result = searching.run("--optimize-prompts", "--promptopt-steps=1", "-q")

    result.stdout.fnmatch_lines([f"*search (opro, seed 0): {told}"])
    assert not (searching.path / "promptopt.diff").exists()


def test_a_proposal_that_labelled_cases_bear_out_shows_both_figures(
    searching: Project,
) -> None:
    # What a body turns down is wrong by the second opinion, too.
    body = "def test_sort(output): assert output != 'nonsense'"
    write_test(searching, '"polite.j2", second="exact"', body)

    result = searching.run("--optimize-prompts", "--promptopt-steps=1")

    shown = "second opinion: 72.2% -> 100.0%, +27.8 points, p = 0.00098, 36 cases"
    result.stdout.fnmatch_lines(
        ["*hold-out 72.2% -> 100.0%: +27.8 points *", f"  {shown}"]
    )
    assert f"- {shown}\n" in (searching.path / "promptopt.md").read_text()


def test_the_budget_of_a_search_holds_for_its_judge(searching: Project) -> None:
    result = searching.run("--optimize-prompts", "--promptopt-budget=900")

    result.stdout.fnmatch_lines(
        [
            "*refused. prompts/sort.j2: 730 calls (900, less 170 for the gates) buy 0 "
            "proposals, * the judge's calls included; *"
        ]
    )
