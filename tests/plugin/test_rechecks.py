"""A proposal is tried on all prompt tests that it changes before it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Project, run_within

CONFTEST = '''
import re
from types import SimpleNamespace
import pytest
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    """Be as good as the prompt's skill, or as bad where it says "Contrary"."""
    text = "\\n".join(message.content for message in request.messages)
    if "<attempt>" in text:
        open_tag, close_tag = re.findall(r"</?\\w+>", text)[-2:]
        return f"{open_tag}Skill 60 {WORDS}{close_tag}"
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    if "Contrary" in text:
        return word if int(number) >= skill - 40 else "nonsense"
    if "Long" in text:
        return word + " " * skill
    if "Picky" in text:
        return word if int(number) or skill < 60 else "nonsense"
    return word if "Steady" in text or int(number) < skill else "nonsense"

WORDS = "at sorting"
MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        print("requests:", len(MODEL.requests))
'''

SORT = """{# promptopt: begin a -#}
Skill 20 at sorting
{# promptopt: end -#}
{{ ticket }}
"""

MARK = """
@pytest.mark.prompt("prompts/{0}.j2", cases="{1}.jsonl"{2})
"""

BODY = "    assert output.strip() == case.expected\n"

SEARCH = ("--optimize-prompts", "--promptopt-steps=1")


class Sharing:
    """A project in which the prompts of others include the one that is searched."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path: Path = project.path
        project.pytester.makeconftest(CONFTEST)
        project.write_cases(20)
        (self.path / "cases.jsonl").rename(self.path / "few.jsonl")
        project.write_cases(50)
        (self.path / "prompts").mkdir(exist_ok=True)
        (self.path / "prompts" / "sort.j2").write_text(SORT)
        self.write("sort", "sort", cases="cases")
        self.include("steady", "sort", "Steady")
        self.include("contrary", "sort", "Contrary")

    def include(self, name: str, included: str, text: str) -> None:
        source = f'{{% include "{included}.j2" %}}\n{text}\n'
        (self.path / "prompts" / f"{name}.j2").write_text(source)

    def write(
        self,
        test: str,
        prompt: str,
        *,
        cases: str = "few",
        more: str = "",
        head: str = "import pytest\n",
        signature: str = "def test_{}(case, output):\n",
        body: str = BODY,
    ) -> None:
        mark = MARK.format(prompt, cases, more)
        source = head + mark + signature.format(test) + body
        (self.path / f"test_{test}.py").write_text(source)

    def search(self, *arguments: str) -> pytest.RunResult:
        return run_within(self.project.pytester, *SEARCH, *arguments)

    def text(self) -> str:
        return (self.path / "promptopt.md").read_text()

    def proposes(self) -> bool:
        return (self.path / "promptopt.diff").exists()


@pytest.fixture
def sharing(project: Project) -> Sharing:
    return Sharing(project)


def rechecked(result: pytest.RunResult) -> list[str]:
    """Return the lines on re-checks, the one on their cost first."""
    lines = result.stdout.lines
    first = next(n for n, line in enumerate(lines) if line.startswith("  it changes "))
    told = [lines[first].strip()]
    for line in lines[first + 1 :]:
        if not line.startswith("    "):
            break
        told.append(line.strip())
    return told


def test_a_proposal_that_breaks_another_prompt_test_is_withdrawn(
    sharing: Sharing,
) -> None:
    sharing.write("reply", "contrary")

    result = sharing.search("-k", "test_sort")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "  search (opro, seed 0): unconfirmed. Hold-out: * Withdrawn, since "
            "test_reply.py::test_reply fails with it (worse): 100.0% -> 0.0%: "
            "-100.0 points, p < 0.0001 (limit 0.025), 20 cases x 3 trials.",
            "written: .promptopt/runs/test_sort.py-test_sort/best.diff",
        ]
    )
    assert rechecked(result) == [
        "it changes 1 other prompt test; re-checks: 120 calls, "
        "0 replayed from the cache"
    ]
    assert not sharing.proposes()
    assert not (sharing.path / "promptopt.md").exists()
    best = sharing.path / ".promptopt" / "runs" / "test_sort.py-test_sort" / "best.diff"
    assert "+Skill 60 at sorting" in best.read_text()


SAME = (
    "test_{0}.py::test_{0}: pass (same): 100.0% -> 100.0%: +0.0 points, "
    "p of a drop = 1 (limit 0.00278), 20 cases x 3 trials"
)
NOT = (
    "not re-checked: test_{0}.py::test_{0}: {1}; once the proposal is applied, run: "
    "pytest test_{0}.py::test_{0}"
)
TOLD = [
    SAME.format("deep"),
    NOT.format("gone", "the test cannot be read: gone.jsonl:1:2: bad JSON: *"),
    SAME.format("live"),
    SAME.format("long").replace("pass (same)", "inconclusive (limit)")
    + "; the edited prompt exceeds the limit 'length' <=1 (22.5 -> 62.5, p < 0.0001, "
    "limit 0.00278): 100.0% against 100.0% at the files as they are (20 cases, "
    "3 trials each); so it does without the edit",
    SAME.format("loop"),
    NOT.format("off", "it was skipped: no key"),
    SAME.format("pool"),
    NOT.format("port", "its setup failed: OSError: port 80 is in use"),
    NOT.format(
        "reads",
        "it watches 'prompts/sort.j2', and what that changes shows in its own run only",
    ),
    NOT.format("torn", "the body raised KeyError in 120 of 120 runs, *: 'when'"),
]


def write_many(sharing: Sharing) -> None:
    """Write prompt tests of all kinds that it changes, and one that it does not."""
    sharing.include("deep", "steady", "Deep")
    sharing.write(
        "deep",
        "deep",
        head="import pytest\n@pytest.fixture(scope='session')\n"
        "def answers():\n    yield 'w'\n",
        signature="def test_{}(case, output, answers, tmp_path, caplog):\n",
        body="    assert tmp_path.is_dir() and output.startswith(answers)\n" + BODY,
    )
    sharing.write("loop", "steady", signature="async def test_{}(case, output):\n")
    sharing.write("pool", "steady", more=", threads=2")
    sharing.include("long", "sort", "Long")
    sharing.write("long", "long", more=", limits={'length': '<=1'}")
    sharing.write(
        "live",
        "steady",
        signature="def test_{}(case, prompt):\n",
        body="    output = prompt.complete(ticket=case['ticket']).text\n" + BODY,
    )
    sharing.write(
        "port",
        "steady",
        head="import pytest\n@pytest.fixture\n"
        "def port():\n    raise OSError('port 80 is in use')\n",
        signature="def test_{}(case, output, port):\n",
    )
    skip = "import pytest\n@pytest.mark.skip(reason='no key')"
    sharing.write("off", "steady", head=skip)
    sharing.write("torn", "steady", body="    raise KeyError('when')\n")
    sharing.write("gone", "steady", cases="gone")
    (sharing.path / "gone.jsonl").write_text("{")
    (sharing.path / "prompts" / "other.j2").write_text("Skill 9 {{ ticket }}")
    sharing.write("other", "other")
    sharing.write("reads", "other", more=", watch=['prompts/sort.j2']")


def test_every_other_test_with_the_text_is_said_with_how_it_came_out(
    sharing: Sharing,
) -> None:
    write_many(sharing)

    result = sharing.search("-k", "test_sort or test_deep")
    text = sharing.text()
    again = sharing.search("-k", "test_sort or test_deep")

    result.assert_outcomes(passed=2, deselected=10, warnings=2)
    head, *told = rechecked(result)
    assert head.startswith("it changes 10 other prompt tests; re-checks: ")
    pytest.LineMatcher(told).fnmatch_lines(TOLD, consecutive=True)
    assert "- re-checked, with the change against without it:\n" in text
    as_markdown = TOLD[0].replace(
        "test_deep.py::test_deep", "`test_deep.py::test_deep`"
    )
    assert "\n  - " + as_markdown.replace("->", "-\\>") + "\n" in text
    recorded = [f"test_{name}.py::test_{name}" for name in ("deep", "live", "loop")]
    assert f"    pytest test_sort.py::test_sort {' '.join(recorded)} " in text
    # Once more: not one call, and the same figures.
    again.stdout.fnmatch_lines(["requests: 0"])
    assert rechecked(again)[1:] == told
    assert sharing.proposes()


def test_a_text_that_another_test_cannot_use_withdraws_it_at_no_cost(
    sharing: Sharing,
) -> None:
    # What is literal to the one is a template to the other.
    sharing.project.pytester.makeconftest(CONFTEST.replace('"at ', '"at {kind} '))
    (sharing.path / "prompts" / "tone.txt").write_text("Skill 20 at sorting")
    (sharing.path / "prompts" / "user.j2").write_text("Steady {{ ticket }}")
    for test, syntax, cases in (
        ("sort", "literal", "cases"),
        ("reply", "format", "few"),
    ):
        (sharing.path / f"test_{test}.py").write_text(
            "import pytest\n"
            '@pytest.mark.prompt(system="prompts/tone.txt", user="prompts/user.j2", '
            f'syntax={{"system": "{syntax}"}}, cases="{cases}.jsonl")\n'
            f"def test_{test}(case, output):\n{BODY}"
        )
    (sharing.path / "prompts" / "user.j2").write_text("{{ ticket }}")

    result = sharing.search("-k", "test_sort")

    result.stdout.fnmatch_lines(
        [
            "*Withdrawn, since test_reply.py::test_reply fails with it (unusable): "
            "with the edit its prompt cannot be used: *'kind'*",
            "  it changes 1 other prompt test; re-checks: 0 calls, 0 replayed *",
        ]
    )
    assert not sharing.proposes()


def test_the_text_of_a_registry_is_tried_on_all_who_use_it(sharing: Sharing) -> None:
    supply = f"""
SORT = {SORT!r}

def pytest_promptopt_source(config, name):
    return SimpleNamespace(text=SORT) if name == "registry:sort" else None
"""
    sharing.project.pytester.makeconftest(CONFTEST + supply)
    for test, cases in (("sort", "cases"), ("reply", "few")):
        (sharing.path / f"test_{test}.py").write_text(
            "import pytest\n"
            f'@pytest.mark.prompt("registry:sort", cases="{cases}.jsonl")\n'
            f"def test_{test}(case, output):\n{BODY}"
        )

    result = sharing.search("-k", "test_sort")

    (line,) = rechecked(result)[1:]
    assert line == SAME.format("reply").replace("0.00278", "0.025")
    assert (sharing.path / "promptopt.sort.txt").exists()


def test_without_the_calls_it_takes_a_test_is_not_re_checked(sharing: Sharing) -> None:
    sharing.write("reply", "contrary", cases="cases")

    result = sharing.search("-k", "test_sort", "--promptopt-budget=850")

    assert rechecked(result)[1:] == [
        NOT.format(
            "reply",
            "it may take 600 calls, and 573 of the 800 of this search are left: raise "
            "--promptopt-budget",
        )
    ]
    assert sharing.proposes()


def test_a_run_that_stops_before_says_so(sharing: Sharing) -> None:
    sharing.write("reply", "contrary")
    (sharing.path / "test_zeal.py").write_text("def test_zeal(): assert False\n")

    result = sharing.search("-k", "test_sort or test_zeal", "-x")

    assert rechecked(result)[1:] == [
        NOT.format("reply", "the run ended before its turn")
    ]


def test_two_searches_of_one_text_are_re_checked_on_each_other(
    sharing: Sharing,
) -> None:
    sharing.write("also", "sort", cases="cases")

    result = sharing.search()

    result.assert_outcomes(passed=2, warnings=2)
    better = (
        "pass (better): 40.0% -> 100.0%: +60.0 points, p of a drop = 1 (limit 0.025)"
    )
    result.stdout.fnmatch_lines(
        [
            f"    test_sort.py::test_sort: {better}, 50 cases x 3 trials",
            f"    test_also.py::test_also: {better}, 50 cases x 3 trials",
            "left out: prompts/sort.j2 (test_sort.py::test_sort), since another *",
        ]
    )


def test_a_must_pass_case_of_another_test_withdraws_it(sharing: Sharing) -> None:
    sharing.include("picky", "sort", "Picky")
    sharing.write("reply", "picky")
    few = sharing.path / "few.jsonl"
    few.write_text(few.read_text().replace("{", '{"must_pass": true, ', 1))
    recording = ("--promptopt-update-baseline", "-k", "test_reply")
    assert run_within(sharing.project.pytester, *recording).ret == 0

    result = sharing.search("-k", "test_sort")

    result.stdout.fnmatch_lines(
        ["*Withdrawn, since test_reply.py::test_reply fails with it (must_pass): *"]
    )


def test_a_worker_hands_over_what_its_re_checks_say(sharing: Sharing) -> None:
    sharing.write("reply", "contrary")

    result = sharing.project.pytester.runpytest_subprocess(
        "-p", "no:randomly", *SEARCH, "-n2"
    )

    # Two of the verdicts, and one says what the search may take.
    result.assert_outcomes(passed=2, warnings=3)
    result.stdout.fnmatch_lines(
        ["*Withdrawn, since test_reply.py::test_reply fails with it (worse): 100.0% *"]
    )
    assert not sharing.proposes()
