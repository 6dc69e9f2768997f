"""A second look, must_pass cases, drift of the suite: what a user sees of them."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import CONFTEST, TEST, Project


def requests(result: pytest.RunResult) -> int:
    line = next(e for e in result.stdout.lines if e.startswith("requests: "))
    return int(line.partition(": ")[2])


def test_a_clear_drop_fails_at_the_first_look(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")

    result = project.run()

    assert result.ret == 1
    assert requests(result) == 20 * 3 * 2


def test_one_flipped_case_takes_a_second_look_and_warns(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 19")

    result = project.run()

    assert result.ret == 0
    assert requests(result) == 20 * 6 * 2
    result.stdout.fnmatch_lines(["*inconclusive (unclear)*"])


def test_the_second_look_is_a_replay_in_the_same_run_again(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 19")
    first = project.run()

    again = project.run()

    assert requests(again) == 0
    told = [e for e in first.stdout.lines if "inconclusive (unclear)" in e][-1]
    assert told.partition("  [")[0] in again.stdout.str()


def with_must_pass(project: Project, case_id: str) -> None:
    path = project.path / "cases.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if row["id"] == case_id:
            row["must_pass"] = True
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_broken_must_pass_case_fails_after_five_fresh_trials(
    project: Project,
) -> None:
    with_must_pass(project, "c19")
    project.record()
    project.write_prompt("Skill 19")

    result = project.run()

    assert result.ret == 1
    assert requests(result) == 20 * 6 * 2 + 5 * 2
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (must_pass)", "*'c19'*"])


def test_a_must_pass_case_that_slips_once_does_not_fail(project: Project) -> None:
    slips = CONFTEST.replace(
        "    number, word =",
        "    if 'Skill 30' in text and 'Case 19' in text and request.seed == 0:\n"
        "        return 'nonsense'\n"
        "    number, word =",
    )
    project.pytester.makeconftest(slips)
    with_must_pass(project, "c19")
    project.record()
    project.write_prompt("Skill 30")

    result = project.run()

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*(must_pass)*")


def test_a_must_pass_case_that_was_not_steady_is_said_to_be_no_guard(
    project: Project,
) -> None:
    with_must_pass(project, "c19")
    project.write_prompt("Skill 19")
    project.record()

    result = project.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*must_pass: 'c19' cannot fail a build: not right in each of 3 recorded*"]
    )


def drifted(project: Project, tests: str = TEST) -> None:
    project.write_test(tests)
    project.record()
    project.pytester.makeconftest(
        CONFTEST.replace('int(re.search(r"Skill (\\d+)", text)[1])', "12")
    )


def test_drift_is_said_once_for_the_suite_and_does_not_fail(project: Project) -> None:
    two = TEST + TEST.replace("import pytest", "").replace("test_sort", "test_again")
    drifted(project, two)

    result = project.run("--promptopt-all")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (drift): 60.0%*"])
    said = [e for e in result.stdout.lines if e.startswith("drift: ")]
    assert len(said) == 1
    assert "not the prompts" in said[0]


@pytest.mark.parametrize("workers", [[], ["-n1"]], ids=["plain", "a worker"])
def test_drift_fails_the_run_if_that_is_asked_for(
    project: Project, workers: list[str]
) -> None:
    drifted(project)

    result = project.run("--promptopt-all", "--promptopt-fail-on=drift", *workers)

    assert result.ret == 1
    result.assert_outcomes(passed=1)


def test_an_inconclusive_verdict_fails_the_test_if_that_is_asked_for(
    project: Project,
) -> None:
    project.record()
    project.write_prompt("Skill 19")

    result = project.run("--promptopt-fail-on=inconclusive")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: inconclusive (unclear)"])
    result.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("arguments", "skill", "verdict"),
    [
        (["-W", "error"], 12, "fail (worse)"),
        (["-W", "error"], 19, "inconclusive (unclear)"),
        (["-n1"], 19, "inconclusive (unclear)"),
        (["-p", "no:xdist"], 12, "fail (worse)"),
        (["--reruns=2"], 12, "fail (worse)"),
        (["--reruns=2"], 19, "inconclusive (unclear)"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, list) else str(value),
)
def test_no_option_of_a_run_changes_a_verdict(
    project: Project, arguments: list[str], skill: int, verdict: str
) -> None:
    project.record()
    project.write_prompt(f"Skill {skill}")

    result = project.run(*arguments)

    assert result.ret == verdict.startswith("fail")
    assert verdict in result.stdout.str()


def test_xfail_covers_a_worse_prompt_but_not_an_inconclusive_one(
    project: Project,
) -> None:
    project.write_test(TEST.replace("@pytest", "@pytest.mark.xfail\n@pytest"))
    project.record()
    project.write_prompt("Skill 12")
    project.run().assert_outcomes(xfailed=1)
    project.write_prompt("Skill 19")

    result = project.run("--promptopt-fail-on=inconclusive")

    result.assert_outcomes(failed=1)


def test_both_arms_are_asked_in_turns(project: Project) -> None:
    project.record()
    project.write_ini("promptopt_concurrency = 1")
    project.pytester.makeconftest(
        CONFTEST.replace(
            'print("requests:", len(MODEL.requests))',
            "texts = [r.messages[-1].content for r in MODEL.requests]\n"
            '        print("requests:", len(texts))\n'
            '        print("order:", *[t.split(".")[0][6:] for t in texts[:6]])',
        )
    )
    project.write_prompt("Skill 12")

    result = project.run()

    order = next(e for e in result.stdout.lines if e.startswith("order: "))
    assert order in ("order: 20 12 20 12 20 12", "order: 12 20 12 20 12 20")


def test_drift_shows_in_the_baseline_arm_of_an_edited_prompt(project: Project) -> None:
    drifted(project)
    project.write_prompt("Skill 20!")

    result = project.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (same): 60.0% *", "drift: not the prompts: *"])


def test_each_limit_takes_a_share_of_the_error_rate(project: Project) -> None:
    limited = TEST.replace(
        'cases="cases.jsonl"', 'cases="cases.jsonl", limits={"length": "+900%"}'
    )
    two = limited + TEST.replace("import pytest", "").replace("test_sort", "test_again")
    project.write_test(two)
    project.record()
    project.write_prompt("Skill 12")

    result = project.run("-k", "again")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["  limit 0.00833 = 5% / (2 looks x 3 *)"])


def test_one_reply_that_never_came_is_no_lost_case(project: Project) -> None:
    project.record()
    project.pytester.makeconftest(
        CONFTEST.replace(
            "    number, word =",
            "    if 'Skill 30' in text and 'Case 3:' in text:\n"
            "        from pytest_promptopt.errors import ModelError\n"
            "        raise ModelError('model is down', 'wait')\n"
            "    number, word =",
        )
    )
    project.write_prompt("Skill 30")

    result = project.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*inconclusive (provider)*", "*3 of 120 requests got no reply*run it again*"]
    )
    result.stdout.no_fnmatch_line("*--promptopt-update-baseline*")


def test_an_error_tells_the_calls_that_it_cost(project: Project) -> None:
    limited = TEST.replace(
        'cases="cases.jsonl"', 'cases="cases.jsonl", limits={"brevity": "+10%"}'
    )
    project.write_test(limited)
    project.record()
    project.write_prompt("Skill 12")

    result = project.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*error (setup)*[[]120 calls[]]"])


LATE = """
import asyncio, os, random

LATENESS = random.Random(os.environ.get("LATENESS", "0"))

class LateModel:
    def __init__(self, model):
        self.model = model
        self.requests = model.requests

    async def complete(self, request):
        await asyncio.sleep(LATENESS.random() / 100)
        return self.model.complete(request)

MODEL = LateModel(MODEL)
"""


def test_the_order_in_which_replies_come_changes_no_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case is broken for good, another one in every second trial."""
    flaky = CONFTEST.replace(
        "    number, word =",
        "    if 'Skill 19' in text and 'Case 3:' in text and request.seed % 2:\n"
        "        return 'nonsense'\n"
        "    number, word =",
    )
    project.pytester.makeconftest(flaky + LATE)
    project.record()
    project.write_prompt("Skill 19")
    told = set()
    for lateness in "1234":
        monkeypatch.setenv("LATENESS", lateness)
        shutil.rmtree(project.path / ".promptopt")
        result = project.run("-v")
        told.add(
            tuple(e for e in result.stdout.lines if e.startswith((" ", "prompts")))
        )

    assert len(told) == 1
    assert "inconclusive (unclear)" in str(told)
