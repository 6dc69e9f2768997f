"""The live handle in applications with several turns, tools, or a loop of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Project, run_within

PAGE = (Path(__file__).parents[2] / "docs" / "conversations.md").read_text("utf-8")
BLOCKS = re.findall(r"<!-- (\w+): (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)

HEAD = """
import asyncio, pytest
from conftest import MODEL
"""
MARK = "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.5)\n"
ONE = MARK.replace("min_score", "limit=1, min_score")

DRAWS = '''
from threading import Barrier
from pytest_promptopt import Completion
from pytest_promptopt.testing import ScriptedModel

BOTH = Barrier(2)

def answer(request):
    """Reply with the number of the draw; a pair is answered together only."""
    if request.messages[-1].content == "pair":
        BOTH.wait(20)
    return str(request.seed)

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL
'''
AGENT = """
import json
from pytest_promptopt import Completion
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    last = request.messages[-1]
    if last.role == "tool":
        return Completion(text=f"It is {last.content}.")
    call = {"name": "find", "arguments": '{"order": "A-1"}'}
    return Completion(text="", tool_calls=(call,), finish_reason="tool_calls")

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL
"""
LOOP = """
    messages = [*prompt.messages(ticket=case["ticket"])]
    reply = prompt.send(messages)
    while reply.tool_calls:
        messages.append(reply.message)
        for call in reply.tool_calls:
            result = {"role": "tool", "content": "paid", "tool_call_id": call["id"]}
            messages.append(result)
        reply = prompt.send(messages)
    assert reply.text == "It is paid."
"""


def write(project: Project, body: str, mark: str = MARK, kind: str = "def") -> None:
    project.write_test(f"{HEAD}\n{mark}{kind} test_sort(case, prompt):\n{body}")


def printed(result: pytest.RunResult) -> list[str]:
    """Return what the section on prompts says."""
    lines = result.stdout.lines
    start = next(at for at, line in enumerate(lines) if "= prompts =" in line)
    end = next(
        at for at, line in enumerate(lines[start + 1 :], start + 1) if "= " in line
    )
    return [line for line in lines[start + 1 : end] if line]


@pytest.mark.parametrize("threads", ["", "threads=4, "])
def test_every_turn_is_sent_with_the_history_and_counted(
    project: Project, threads: str
) -> None:
    body = """
    opening = prompt.messages(ticket=case["ticket"])
    first = prompt.send(opening)
    asked = {"role": "user", "content": f"Skill 20. {case['ticket']}!", "name": "Ann"}
    second = prompt.send([*opening, first.message, asked])
    assert first.text == second.text == case.expected
    (last,) = [r for r in MODEL.requests if r.messages[-1].content == asked["content"]]
    assert [message.content for message in last.messages] == [
        prompt.render(ticket=case["ticket"]), case.expected, asked["content"]
    ]
    assert last.messages[-1].extra == {"name": "Ann"}
    assert last.settings == prompt.request == {"temperature": 0}
    prompt.request.clear()
    assert prompt.model == "scripted:skill"
"""
    settings = f"{threads}request={{'temperature': 0}}, min_score"
    write(project, body, MARK.replace("min_score", settings))

    result = project.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*: 100.0% *[[]40 calls[]]", "requests: 40"])


def test_a_worse_prompt_of_a_conversation_fails_the_gate(project: Project) -> None:
    body = """
    opening = prompt.messages(ticket=case["ticket"])
    first = prompt.send(opening)
    more = prompt.send([*opening, first.message, *opening])
    assert more.text == case.expected
"""
    write(project, body)
    project.record()
    project.write_prompt("Skill 9")

    result = project.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)"])


def test_a_conversation_that_holds_nothing_of_the_prompt_is_an_error(
    project: Project,
) -> None:
    body = """
    said = "Skill 20: " + case["ticket"]
    reply = prompt.send([{"role": "user", "content": said}])
    assert reply.text == case.expected and prompt.model and not prompt.request
"""
    write(project, body)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the body sends messages that hold nothing of the prompt*",
            "*hint: start them with prompt.messages(...), or put prompt.render(...) "
            "into one, else every prompt gets the same score",
        ]
    )


def test_a_message_that_cannot_be_sent_is_an_error_with_its_line(
    project: Project,
) -> None:
    body = """
    chat = [*prompt.messages(ticket="t"), {"role": "asistant", "content": "Hello"}]
    prompt.send(chat)
"""
    write(project, body)

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the body failed in 20 of 20 runs, first for case c0 at test_sort.py:9: "
            "message 2 has the role 'asistant'",
            "*hint: did you mean 'assistant'?",
        ]
    )


def test_a_tool_loop_runs_to_its_answer_and_one_case_shows_it(
    project: Project,
) -> None:
    project.pytester.makeconftest(AGENT)
    write(project, LOOP)

    result = project.run("--promptopt-case=c3")

    assert result.ret == 0
    assert printed(result) == [
        "case c3  cases.jsonl:4",
        "--- user",
        "Skill 20. Case 3: say w3",
        "--- reply",
        '[tool call call_1_1: find({"order": "A-1"})]',
        "--- tool (call_1_1)",
        "paid",
        "--- reply",
        "It is paid.",
        "--- score 1, expected 'w3'",
    ]


def test_what_is_asked_again_is_drawn_again_and_replayed_in_the_same_run(
    project: Project,
) -> None:
    project.pytester.makeconftest(DRAWS)
    body = """
    chat = prompt.messages(ticket="t")
    told = [prompt.send(chat).text, prompt.complete(ticket="t").text]
    other = prompt.send([*chat, {"role": "user", "content": "more"}]).text
    assert (told, other) == (["0", "1000000"], "0")
"""
    write(project, body, ONE)

    result = project.run()
    again = project.run()

    result.stdout.fnmatch_lines(["*: 100.0% *[[]3 calls[]]"])
    again.stdout.fnmatch_lines(["*: 100.0% *[[]0 calls, 3 from the cache[]]"])


ASYNC = """
    pair = [{"role": "user", "content": "pair"}]
    first = (await prompt.acomplete(ticket="t")).text
    told = []
    async def ask():
        told.append((await prompt.asend(pair)).text)
    TOGETHER
    assert (first, sorted(told)) == ("0", ["0", "1000000"])
"""
GATHER = "await asyncio.gather(ask(), ask())"
GROUP = """import anyio
    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)"""


def test_an_async_application_has_several_replies_on_their_way(
    project: Project,
) -> None:
    project.pytester.makeconftest(DRAWS)
    write(project, ASYNC.replace("TOGETHER", GATHER), ONE, "async def")

    result = project.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*: 100.0% *[[]3 calls[]]"])


def test_a_body_may_return_the_reply_for_the_scorer_of_its_tool_calls(
    project: Project,
) -> None:
    project.pytester.makeconftest(AGENT)
    mark = MARK.replace("cases=", "scorer='tool_call', cases=")
    project.write_cases(3)
    path = project.path / "cases.jsonl"
    path.write_text(re.sub(r'"w(\d)"', '"find"', path.read_text("utf-8")), "utf-8")
    write(project, "    return prompt.complete(ticket=case['ticket'])\n", mark)

    project.run("-rA").stdout.fnmatch_lines(["*: 100.0% *[[]3 calls[]]"])


def test_trio_and_asyncio_wait_alike(project: Project) -> None:
    pytest.importorskip("trio")
    project.pytester.makeconftest(DRAWS)
    mark = f"@pytest.mark.anyio\n{ONE}"
    write(project, ASYNC.replace("TOGETHER", GROUP), mark, "async def")

    result = project.run("-p", "anyio", "-rA")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*?asyncio?*: 100.0% *", "*?trio?*: 100.0% *"])


def test_an_application_with_a_loop_of_its_own_can_be_called_from_an_ordinary_body(
    project: Project,
) -> None:
    project.pytester.makeconftest(DRAWS)
    ours = ASYNC.replace("TOGETHER", GATHER).replace("\n    ", "\n        ")
    body = f"\n    async def app():{ours}\n    asyncio.run(app())\n"
    write(project, body, ONE)

    project.run().assert_outcomes(passed=1)


def test_an_application_may_give_a_reply_up(project: Project) -> None:
    project.pytester.makeconftest(
        DRAWS.replace("Barrier(2)", "Barrier(1)").replace(
            "    return str(request.seed)\n",
            '    if request.messages[-1].content == "slow": OPEN.wait(20)\n'
            "    return str(request.seed)\n",
        )
        + "\nfrom threading import Event\nOPEN = Event()\n"
    )
    body = """
    from conftest import OPEN
    slow = [*prompt.messages(ticket="t"), {"role": "user", "content": "slow"}]
    waiting = asyncio.ensure_future(prompt.asend(slow))
    while not MODEL.requests:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    OPEN.set()
    assert (await prompt.acomplete(ticket="t")).text == "0"
"""
    write(project, body, ONE, "async def")

    project.run().assert_outcomes(passed=1)


def test_a_reply_that_does_not_come_is_missing_also_for_an_async_application(
    project: Project,
) -> None:
    project.pytester.makeconftest(
        "from pytest_promptopt import ModelError\n"
        "from pytest_promptopt.testing import FailingModel\n"
        "MODEL = FailingModel(ModelError('the gateway is down', 'wait'))\n"
        "def pytest_promptopt_model(config, name, role): return MODEL\n"
    )
    body = """
    try:
        await prompt.acomplete(ticket="t")
    except Exception:
        pass  # an application may swallow it; the trial is missing all the same
"""
    write(project, body, MARK, "async def")

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the gateway is down*"])


@pytest.fixture
def searching(project: Project) -> Project:
    """A conversation of two turns, in which the second repeats the first."""
    project.pytester.makeconftest(SEARCHED)
    project.write_cases(60)
    project.write_prompt("Skill 20")
    write(project, TWICE)
    return project


SEARCHED = '''
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    """Write a better prompt, or say what the ticket asks for if the prompt is good."""
    text = request.messages[-1].content
    if "<attempt>" in text:
        opened, closed = re.findall(r"</?\\w+>", text)[-2:]
        return f"{opened}Skill 60. {{{{ ticket }}}}{closed}"
    pattern = r"Skill (\\d+).*Case (\\d+): say (\\w+)"
    skill, number, word = re.search(pattern, text).groups()
    return word if int(number) < int(skill) else "nonsense"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL
'''
TWICE = """
    opening = prompt.messages(ticket=case["ticket"])
    first = prompt.send(opening)
    reply = prompt.send([*opening, first.message, *opening])
    assert reply.text == case.expected
"""


def test_a_search_over_a_conversation_writes_a_diff(searching: Project) -> None:
    searching.run("--optimize-prompts", "--promptopt-steps=1")

    diff = (searching.path / "promptopt.diff").read_text("utf-8")
    assert "-Skill 20. {{ ticket }}\n+Skill 60. {{ ticket }}\n" in diff


def test_the_plan_of_a_search_counts_every_turn(searching: Project) -> None:
    result = searching.run("--optimize-prompts", "--promptopt-budget=1500")

    # 24 train and 36 hold-out cases, two calls each.
    result.stdout.fnmatch_lines(
        ["*1,440 calls (*) buy 0 *the start takes 48 calls, each proposal 49*"]
    )


def test_the_examples_of_the_page_run(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npromptopt_model = play:help\n")
    pytester.makeconftest(
        "from pytest_promptopt import Completion\n"
        "from pytest_promptopt.testing import ScriptedModel\n"
        "def answer(request):\n"
        "    *_, last = request.messages\n"
        "    if request.settings.get('tools') and last.role == 'user':\n"
        "        call = {'name': 'find_order', 'arguments': '{\"number\": \"A-17\"}'}\n"
        "        return Completion(text='', tool_calls=(call,))\n"
        "    return f'{last.content} A-17'\n"
        "def pytest_promptopt_model(config, name, role):\n"
        "    return ScriptedModel(answer)\n"
    )
    for kind, name, text in BLOCKS:
        assert kind == "file"
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    result = run_within(pytester)

    result.assert_outcomes(passed=len([b for b in BLOCKS if "test_" in b[1]]))
