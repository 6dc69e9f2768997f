"""--optimize-prompts as a user sees it: proposal, refusal, diff, files, budget."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from conftest import TEST, Project, run_beside

CONFTEST = """
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "<attempt>" in text:
        return write(request)
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) % 100 < skill else "nonsense"

def write(request):
    open_tag, close_tag = re.findall(r"</?\\w+>", text_of(request))[-2:]
    best = max(int(n) for n in re.findall(r"Skill (\\d+)", text_of(request)))
    return f"{open_tag}Skill {min(100, best + STEP)} at sorting{close_tag}"

def text_of(request):
    return request.messages[-1].content

STEP = 10
MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        print("requests:", len(MODEL.requests))
"""


def git(project: Project, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.path, check=True)


@pytest.fixture
def searching(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    project.write_cases(100)
    (project.path / "prompts" / "sort.j2").write_text(
        "{# promptopt: begin instructions -#}\nSkill 40 at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n"
    )
    return project


def test_a_confirmed_proposal_is_written_as_a_diff_that_git_applies(
    searching: Project,
) -> None:
    git(searching, "init", "--quiet")

    result = searching.run("--optimize-prompts", "--promptopt-steps=4")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "search of test_sort (opro): up to 32 proposals, 3,032 model calls at "
            "most; gains of 14.0 points or more can be confirmed",
            "*search (opro, seed 0): proposed",
            "*step 1: best on train *",
            "*hold-out 42.0% -> 82.0%: +40.0 points * 50 cases x 1 trial, look 1",
            "*written: promptopt.diff",
            "*written: promptopt.md",
            "apply the proposals with: git apply --whitespace=nowarn promptopt.diff",
        ]
    )
    git(searching, "apply", "--whitespace=nowarn", "promptopt.diff")
    text = (searching.path / "prompts" / "sort.j2").read_text()
    assert "Skill 80 at sorting\n" in text
    assert text.endswith("{# promptopt: end -#}\n{{ ticket }}\n")


def test_the_pull_request_text_has_numbers_diff_and_commands(
    searching: Project,
) -> None:
    searching.run("--optimize-prompts", "--promptopt-steps=4")

    text = (searching.path / "promptopt.md").read_text()

    assert "| `prompts/sort.j2` | 42.0% | **82.0%** | +40.0 points [" in text
    assert "-Skill 40 at sorting\n+Skill 80 at sorting\n" in text
    assert "    git apply --whitespace=nowarn promptopt.diff\n" in text
    assert "pytest test_sort.py::test_sort --promptopt-update-baseline" in text


def test_the_same_seed_writes_the_same_diff_also_under_xdist(
    searching: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    diffs = []
    for hash_seed, ways in (("1", ()), ("3", ("-n1",))):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        shutil.rmtree(searching.path / ".promptopt", ignore_errors=True)
        run_beside(
            searching.pytester, "--optimize-prompts", "--promptopt-steps=4", *ways
        )
        diffs.append((searching.path / "promptopt.diff").read_bytes())

    assert diffs[0] == diffs[1]


def test_under_xdist_it_is_said_as_well_what_a_search_may_take(
    searching: Project,
) -> None:
    result = run_beside(
        searching.pytester, "--optimize-prompts", "--promptopt-steps=4", "-n2"
    )

    lines = result.stdout.lines
    told = next(at for at, line in enumerate(lines) if line.startswith("search of"))
    assert lines[told] == (
        "search of test_sort (opro): up to 32 proposals, 3,032 model calls at most; "
        "gains of 14.0 points or more can be confirmed"
    )
    assert told < next(at for at, line in enumerate(lines) if "prompts ===" in line)


def test_a_repeated_search_is_replayed_from_the_cache(searching: Project) -> None:
    searching.run("--optimize-prompts", "--promptopt-steps=4")
    first = (searching.path / "promptopt.diff").read_bytes()

    again = searching.run("--optimize-prompts", "--promptopt-steps=4")

    again.stdout.fnmatch_lines(["requests: 0"])
    assert (searching.path / "promptopt.diff").read_bytes() == first


def test_the_use_of_the_hold_out_is_recorded_once_per_run(searching: Project) -> None:
    for _ in range(2):
        searching.run("--optimize-prompts", "--promptopt-steps=4")
    searching.run("--optimize-prompts", "--promptopt-steps=4", "--promptopt-seed=5")

    folder = searching.path / "__prompt_baselines__" / "test_sort"
    lines = (folder / "test_sort.looks.jsonl").read_text().splitlines()
    runs = {json.loads(line)["run"] for line in lines}
    assert len(lines) == len(runs) == 2


GATE = 100  # calls of the gate: one trial of each case


@pytest.fixture
def thirsty(searching: Project) -> Project:
    """Make every reply of the optimizer a new text, so that only the budget ends it."""
    conftest = CONFTEST.replace(
        "Skill {min(100, best + STEP)} at",
        "Skill {41 + request.seed % 8} in draft {request.seed} at",
    ).replace(
        "def answer(request):\n",
        "def answer(request):\n"
        "    with open('requests.bin', 'ab') as seen: seen.write(b'.')\n"
        "    check(request)\n",
    )
    searching.pytester.makeconftest(conftest + "\ndef check(request): pass\n")
    return searching


def requests(project: Project) -> int:
    return (project.path / "requests.bin").stat().st_size


def test_the_budget_is_never_exceeded(thirsty: Project) -> None:
    result = thirsty.run("--optimize-prompts", "--promptopt-budget=2500")

    result.stdout.fnmatch_lines(
        ["*it ended when what it may spend was not enough *; *calls, * of them to *"]
    )
    assert 1600 < requests(thirsty) <= 2500


def test_requests_that_are_sent_again_are_charged_too(thirsty: Project) -> None:
    thirsty.write_cases(60)  # of which 24 are train: 8 proposals and all else take 980
    conftest = (thirsty.path / "conftest.py").read_text()
    thirsty.pytester.makeconftest(
        conftest.replace('else "nonsense"', 'else f"nonsense {request.seed}"')
        + "\nfrom pytest_promptopt import ModelError\n"
        "def check(request):\n"
        "    again = 'in draft' in text_of(request) and len(MODEL.requests) % 20 == 0\n"
        "    if again: raise ModelError('busy', 'wait', retryable=True)\n"
    )

    result = thirsty.run("--optimize-prompts", "--promptopt-budget=1040")

    told = "*: this search's budget of 980 model calls is spent*"
    result.stdout.fnmatch_lines([told])
    result.stdout.fnmatch_lines(["*it ended when what it may spend was not enough *"])
    assert 980 < requests(thirsty) <= 1040


def test_prompt_tests_on_two_workers_share_the_budget(thirsty: Project) -> None:
    second = thirsty.path / "prompts" / "second.j2"
    text = (thirsty.path / "prompts" / "sort.j2").read_text()
    # Other requests throughout: a shared reply would be paid for only once.
    second.write_text(text.replace("Skill 40", "Skill 39") + "Now.\n")
    other = TEST.replace("test_sort", "test_second").replace("sort.j2", "second.j2")
    thirsty.write_test(TEST + other)

    result = thirsty.run("-n2", "--optimize-prompts", "--promptopt-budget=4000")

    stopped = [
        line for line in result.stdout.lines if "it may spend was not enough" in line
    ]
    assert len(stopped) == 2
    assert 2 * 1500 < requests(thirsty) <= 4000
    assert not list(thirsty.path.glob(".promptopt/budget-*"))


def test_too_few_cases_are_refused_with_the_figure(searching: Project) -> None:
    searching.write_cases(20)

    result = searching.run("--optimize-prompts")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*search (opro, seed 0): refused. *30 hold-out cases*"]
    )
    assert not (searching.path / "promptopt.diff").exists()


def test_an_old_diff_is_removed_when_nothing_is_proposed(searching: Project) -> None:
    searching.write_cases(20)
    (searching.path / "promptopt.diff").write_text("old")
    (searching.path / "promptopt.md").write_text("old")

    searching.run("--optimize-prompts")

    assert not (searching.path / "promptopt.diff").exists()
    assert not (searching.path / "promptopt.md").exists()


def test_an_unconfirmed_best_stays_in_the_runs_folder(searching: Project) -> None:
    conftest = CONFTEST.replace("STEP = 10", "STEP = 2")
    searching.pytester.makeconftest(conftest)

    result = searching.run("--optimize-prompts", "--promptopt-steps=1")

    result.stdout.fnmatch_lines(
        ["*search (opro, seed 0): unconfirmed. Better on train*"]
    )
    assert not (searching.path / "promptopt.diff").exists()
    best = searching.path / ".promptopt" / "runs"
    assert [path.name for path in best.rglob("*.diff")] == ["best.diff"]


def test_the_hold_out_never_reaches_the_optimizer(searching: Project) -> None:
    conftest = CONFTEST.replace(
        "def write(request):\n",
        "def write(request):\n"
        "    with open('asked.txt', 'a') as asked: asked.write(text_of(request))\n",
    )
    searching.pytester.makeconftest(conftest)
    searching.run("--optimize-prompts", "--promptopt-steps=4")

    from pytest_promptopt.cases import load_cases, split_cases

    cases = load_cases("cases.jsonl", roots=(searching.path,), label="cases")
    asked = (searching.path / "asked.txt").read_text()
    holdout = split_cases(cases).holdout
    assert len(holdout) == 50
    assert not [c.id for c in holdout if f"{c.inputs['ticket']}\n" in asked]


def test_the_diff_goes_where_the_option_says(searching: Project) -> None:
    result = searching.run(
        "--optimize-prompts", "--promptopt-steps=4", "--promptopt-diff=out/new.diff"
    )

    assert result.ret == 0
    assert (searching.path / "out" / "new.diff").is_file()
    assert (searching.path / "out" / "new.md").is_file()


def test_a_worse_prompt_still_fails_when_a_better_one_is_proposed(
    searching: Project,
) -> None:
    searching.record()
    path = searching.path / "prompts" / "sort.j2"
    path.write_text(path.read_text().replace("Skill 40", "Skill 10"))

    result = searching.run("--optimize-prompts", "--promptopt-steps=4")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)", "*: proposed"])
    assert (searching.path / "promptopt.diff").is_file()


def test_of_two_proposals_for_one_place_the_larger_gain_is_kept() -> None:
    from builders import proposed

    from pytest_promptopt.proposals import without_conflicts

    small, large, other = (
        proposed("a", gain=0.1),
        proposed("b", gain=0.3),
        proposed("c", gain=0.05, path="/q"),
    )

    kept, dropped = without_conflicts([small, large, other])

    assert (kept, dropped) == ([large, other], [small])


def test_an_optimizer_model_that_nobody_supplies_is_named_as_what_failed(
    searching: Project,
) -> None:
    result = searching.run(
        "--optimize-prompts", "--promptopt-optimizer-model=nowhere:writer"
    )

    result.stdout.fnmatch_lines(
        ["*search failed: the optimizer model could not be asked: *nowhere*"]
    )


IN_THE_WAY = """
def pytest_runtest_teardown(item):
    (item.config.invocation_params.dir / "promptopt.diff").mkdir()
"""


def test_a_proposal_whose_diff_cannot_be_written_is_kept_with_the_search(
    searching: Project,
) -> None:
    git(searching, "init", "--quiet")
    conftest = searching.path / "conftest.py"
    conftest.write_text(CONFTEST + IN_THE_WAY)

    result = searching.run("--optimize-prompts", "--promptopt-steps=4")

    assert result.ret == 1
    kept = ".promptopt/runs/test_sort.py-test_sort/proposal.diff"
    result.stdout.fnmatch_lines(
        [
            f"written: {kept}",
            "*promptopt.diff was not written: Is a directory",
            f"the proposal for prompts/sort.j2 is in {kept}: apply it with git apply "
            f"--whitespace=nowarn {kept}",
        ]
    )
    git(searching, "apply", "--whitespace=nowarn", kept)
    text = (searching.path / "prompts" / "sort.j2").read_text()
    assert "Skill 80 at sorting\n" in text


def test_a_kept_proposal_of_an_earlier_search_does_not_stay(
    searching: Project,
) -> None:
    folder = searching.path / ".promptopt" / "runs" / "test_sort.py-test_sort"
    folder.mkdir(parents=True)
    (folder / "proposal.diff").write_text("--- old")

    searching.run("--optimize-prompts", "--promptopt-steps=4")

    assert (searching.path / "promptopt.diff").exists()
    assert not (folder / "proposal.diff").exists()


def test_an_optimizer_that_cannot_be_called_warns_and_proposes_nothing(
    searching: Project,
) -> None:
    result = searching.run(
        "--optimize-prompts",
        "--promptopt-optimizer-model=openai:gpt-5-mini",
        "--promptopt-budget=none",
    )

    result.assert_outcomes(passed=1, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "*PromptOptWarning: prompts/sort.j2: search failed: the optimizer model "
            "failed: *OPENAI_API_KEY*"
        ]
    )
    assert not (searching.path / "promptopt.diff").exists()
