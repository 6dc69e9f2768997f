"""A budget as a user meets it: for gates, for searches, on a pull request, in money."""

from __future__ import annotations

import pytest
from conftest import CONFTEST, TEST, Project
from repositories import Repository

PRICED = '[tool.promptopt.prices."scripted:skill"]\ninput = 0.5\noutput = 2\n'
COUNTED = CONFTEST.replace(
    'return word if int(number) < skill else "nonsense"',
    'reply = word if int(number) < skill else "nonsense"\n'
    "    usage = Usage(prompt_tokens=10, completion_tokens=500)\n"
    "    return Completion(text=reply, usage=usage)",
).replace(
    "from pytest_promptopt.testing",
    "from pytest_promptopt.records import Completion, Usage\n"
    "from pytest_promptopt.testing",
)
SECOND = TEST.replace("test_sort", "test_second").replace("import pytest", "")


def said(result: pytest.RunResult) -> str:
    """Return the failure of the first prompt test that failed."""
    lines = result.stdout.lines
    start = next(at for at, line in enumerate(lines) if "error (budget)" in line)
    return "\n".join(lines[start : start + 4])


# ---------------------------------------------------------- before the first call


def test_prompt_tests_that_take_more_than_the_budget_send_nothing(
    project: Project,
) -> None:
    project.write_test(TEST + SECOND)

    result = project.run("--promptopt-budget=39")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert said(result) == (
        "prompts/sort.j2: error (budget)\n"
        "  the prompt tests of this run take 40 model calls (test_sort 20 calls, "
        "test_second 20 calls), and the budget is 39 model calls: nothing was sent\n"
        "    hint: allow it with --promptopt-budget=40-calls or more, or select fewer "
        "tests\n"
        "This says nothing about the prompt: no reply was scored as wrong."
    )
    result.stdout.fnmatch_lines(
        [
            "model calls to make: 40, for 2 prompt tests; the budget: 39 model calls",
            "*for the same reason as *test_sort",
            "requests: 0",
        ]
    )


def test_an_unchanged_prompt_passes_whatever_the_others_take(project: Project) -> None:
    project.record()
    (project.path / "test_other.py").write_text(f"import pytest\n{SECOND}")

    result = project.run("--promptopt-budget=5")

    result.stdout.fnmatch_lines(
        ["test_second  error (budget) *", "test_sort    pass (unchanged) *"]
    )


def test_under_ci_gates_have_a_budget_without_asking_for_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.write_cases(5_001)

    result = project.run()

    assert (
        "  the prompt tests of this run take 5,001 model calls, and the default budget "
        "under CI is 5,000 model calls: nothing was sent\n"
        "    hint: allow it with --promptopt-budget=5001-calls or more"
    ) in result.stdout.str()
    result.stdout.fnmatch_lines(["requests: 0"])


def test_under_ci_models_that_cost_nothing_have_no_budget_by_default(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("pytest_promptopt.items.allowance.CI_CALLS", 5)
    project.pytester.makeconftest(f"{CONFTEST}\nMODEL.free = True\n")

    result = project.run()

    result.stdout.fnmatch_lines(["*fail (no baseline)*[[]20 calls[]]", "requests: 20"])


def test_no_budget_is_no_limit_under_ci_either(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("pytest_promptopt.items.allowance.CI_CALLS", 5)
    project.write_ini("promptopt_budget = none")

    result = project.run()

    result.stdout.fnmatch_lines(["requests: 20"])


def test_prompts_alone_that_take_more_tokens_than_there_are_send_nothing(
    project: Project,
) -> None:
    result = project.run("--promptopt-budget=100-tokens")

    assert "take, for their prompts alone, about" in said(result)
    assert "and the budget is 100 tokens: nothing was sent" in said(result)
    result.stdout.fnmatch_lines(["requests: 0"])


def test_a_bad_ini_value_fails_with_the_value_and_the_forms(project: Project) -> None:
    project.write_ini("promptopt_budget = 5 euros")

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "ini key promptopt_budget: '5 euros' is no budget\n"
        "  hint: write 500-calls, 200k-tokens, 2.50usd or 10m (also 90s, 2h), several "
        "with a comma between them, or none"
    ) in result.stderr.str()


def test_the_command_line_takes_the_place_of_addopts(project: Project) -> None:
    project.write_ini("addopts = --promptopt-budget=5-calls,9h")

    result = project.run("--promptopt-budget=20-calls")

    result.stdout.fnmatch_lines(["requests: 20"])


# ---------------------------------------------------------------- the hard stop


BUSY = """
from pytest_promptopt import ModelError

def check(request):
    if len(MODEL.requests) == 1:
        raise ModelError("busy", "wait", retryable=True)
"""


def busy(project: Project) -> None:
    """Let the first attempt fail, so that there is one more than was planned."""
    answer = "def answer(request):\n"
    project.pytester.makeconftest(
        CONFTEST.replace(answer, f"{answer}    check(request)\n") + BUSY
    )


def test_a_test_that_lacks_a_single_reply_for_want_of_budget_does_not_pass(
    project: Project,
) -> None:
    busy(project)
    project.write_test(TEST.replace('jsonl")', 'jsonl", min_score=0.5)'))

    result = project.run("--promptopt-budget=20")

    result.stdout.fnmatch_lines(
        [
            "*prompts/sort.j2: inconclusive (budget): *",
            "*1 of 20 requests were not sent, so that this is no pass",
            "*the budget of 20 model calls is spent",
            "*hint: raise it with --promptopt-budget: replies that came are kept and "
            "not paid for twice",
            "requests: 20",
        ]
    )
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest.replace("== 1:", "== 0:"))
    again = project.run("--promptopt-budget=20")  # goes on where it stopped
    again.stdout.fnmatch_lines(["*pass (floor)*", "requests: 1"])


def test_a_recording_that_lacks_replies_for_want_of_budget_writes_nothing(
    project: Project,
) -> None:
    busy(project)

    result = project.run("--promptopt-update-baseline", "--promptopt-budget=60")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "prompts/sort.j2: error (budget)\n  1 of 60 requests got no reply" in (
        result.stdout.str()
    )
    assert not (project.path / "__prompt_baselines__").exists()


# ------------------------------------------------------------- on a pull request


def test_a_pull_request_can_lower_the_budget_and_not_raise_it(
    repository: Repository,
) -> None:
    project = repository.project
    project.write_ini("promptopt_budget = 30")
    repository.commit_on_main("A budget")
    project.write_ini("promptopt_budget = 9000", "addopts = --promptopt-budget=9000")
    project.write_prompt("Skill 19")

    refused = repository.run()
    allowed = repository.run("--promptopt-budget=9000")
    project.write_ini("promptopt_budget = 29")
    lowered = repository.run()

    assert "and the budget is 30 model calls: nothing was sent" in said(refused)
    refused.stdout.fnmatch_lines(
        [
            "*hint: allow it with --promptopt-budget=120-calls on the command line, "
            "since on a pull request the base commit's promptopt_budget holds, *",
            "requests: 0",
        ]
    )
    allowed.stdout.fnmatch_lines(["requests: *[1-9]*"])
    assert "and the budget is 29 model calls: nothing was sent" in said(lowered)


# ----------------------------------------------------------------------- money


@pytest.fixture
def priced(project: Project) -> Project:
    """A model whose replies cost a tenth of a cent each."""
    project.pytester.makeconftest(COUNTED)
    (project.path / "pyproject.toml").write_text(PRICED)
    return project


def test_what_the_calls_cost_is_told_and_replays_cost_nothing(priced: Project) -> None:
    first, again = priced.run(), priced.run()

    first.stdout.fnmatch_lines(["*  [[]20 calls, $0.0201[]]"])
    again.stdout.fnmatch_lines(["*  [[]0 calls, 20 from the cache[]]"])


def test_a_price_that_is_not_known_is_said_where_others_are(priced: Project) -> None:
    path = priced.path / "pyproject.toml"
    path.write_text(PRICED.replace("scripted:skill", "openai:gpt-5-mini"))

    result = priced.run()

    result.stdout.fnmatch_lines(["*  [[]20 calls, cost unknown[]]"])


def test_a_budget_in_dollars_is_a_hard_limit(priced: Project) -> None:
    priced.write_test(TEST.replace('jsonl")', 'jsonl", request={"max_tokens": 500})'))

    result = priced.run("--promptopt-budget=0.015usd")

    result.stdout.fnmatch_lines(
        [
            "*error (budget)*",
            "*the budget of $0.015 is spent: $0.0* with what is on its way, and a call "
            "may take $0.001",
            "requests: 14",
        ]
    )


def test_a_budget_in_dollars_needs_prices(project: Project) -> None:
    result = project.run("--promptopt-budget=2usd")

    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (setup)",
            "*the budget is in dollars, and what 'scripted:skill' costs is not known",
            "requests: 0",
        ]
    )


SEARCHED = """\
{# promptopt: begin instructions -#}
Skill 40 at sorting
{# promptopt: end -#}
{{ ticket }}
"""


@pytest.fixture
def searching(priced: Project) -> Project:
    conftest = COUNTED.replace(
        "def answer(request):",
        "def answer(request):\n"
        "    text = request.messages[-1].content\n"
        '    if "<attempt>" in text:\n'
        '        opening, closing = re.findall(r"</?\\w+>", text)[-2:]\n'
        '        text = f"{opening}Skill 80 at sorting{closing}"\n'
        "        usage = Usage(prompt_tokens=900, completion_tokens=30)\n"
        "        return Completion(text=text, usage=usage)\n"
        "    return answer_case(request)\n\n"
        "def answer_case(request):",
    )
    priced.pytester.makeconftest(conftest)
    priced.write_cases(60)
    (priced.path / "prompts" / "sort.j2").write_text(SEARCHED)
    return priced


def test_a_search_that_costs_money_is_not_begun_without_a_budget(
    searching: Project,
) -> None:
    result = searching.run("--optimize-prompts")

    result.stdout.fnmatch_lines(
        [
            "*search (opro, seed 0): refused. prompts/sort.j2: a search costs money "
            "(scripted:skill), and no budget is set: up to 12,000 calls, about $* at * "
            "tokens a prompt and 300 a reply; allow it with --promptopt-budget=*usd, "
            "which all prompt tests of the run share, or with --promptopt-budget=none",
            "requests: 60",
        ]
    )


def test_with_a_budget_in_dollars_it_searches_and_tells_what_it_cost(
    searching: Project,
) -> None:
    result = searching.run("--optimize-prompts", "--promptopt-budget=5usd")

    result.stdout.fnmatch_lines(
        [
            "search of test_sort (opro): up to 64 proposals, * model calls at most, "
            "about $* (an estimate from the lengths of the texts); gains of *",
            "*search (opro, seed 0): proposed",
            "*it ended when *, 0 replayed from the cache, $*",
        ]
    )
    text = (searching.path / "promptopt.md").read_text()
    assert "- cost: unknown (the price of a model is not known)" not in text
    assert "- cost: $" in text


def test_dollars_that_buy_too_few_proposals_are_refused_with_the_figures(
    searching: Project,
) -> None:
    searching.run()  # what the gate asks is in the cache from now on
    result = searching.run("--optimize-prompts", "--promptopt-budget=0.001usd")

    result.stdout.fnmatch_lines(
        [
            "*refused. prompts/sort.j2: $0, beside $0.0* for the gate, which are 0 "
            "calls at most, buy 0 proposals,*"
        ]
    )
