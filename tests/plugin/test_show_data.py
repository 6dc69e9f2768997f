"""Texts of cases and replies: shown where they may be, and nowhere else.

Each kind of text has a canary, a word that stands in nothing else. A run that shows
ids only must not let one out, be it to the terminal or to any file that it writes; the
same run in full does, or the test would say nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Project

CANARIES = {
    "input": "heron",
    "expected": "avocet",
    "reply": "bittern",
    "reason": "dunlin",
    "raised": "fulmar",
    "judge": "godwit",
    "endpoint": "plover",
    "printed": "shrike",
    "warned": "wryneck",
    "skipped": "siskin",
}

CONFTEST = """
import re
from pytest_promptopt.errors import ModelError
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "<attempt>" in text:
        return write(text)
    if "Away" in text:
        raise ModelError("plover: " + text, "plover as well")
    if "Broken" in text:
        raise RuntimeError("plover: " + text)
    if "Judge" in text:
        return "godwit says so\\nverdict: " + ("fail" if "bittern" in text else "pass")
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number = int(re.search(r"heron (\\d+)", text)[1])
    return f"avocet {number % 3}" if number % 100 < skill else "bittern"

def write(text):
    if "Unhelpful" in text:
        raise ModelError("plover", "plover")
    open_tag, close_tag = re.findall(r"</?\\w+>", text)[-2:]
    best = max(int(n) for n in re.findall(r"Skill (\\d+)", text))
    return f"{open_tag}Skill {min(100, best + 30)} at sorting{close_tag}"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL
"""

MARK = '@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl"{more})'
PLAIN = """
def test_sort(case, output):
    assert output == case.expected, "dunlin"
"""
RAISES = """
def test_sort(case, output):
    raise ValueError("fulmar " + output)
"""
PRINTS = """
def test_sort(case, output):
    print("shrike", output)
    warnings.warn("wry" + "neck " + output)
    assert output == case.expected
"""
SKIPS = """
def test_sort(case, output):
    pytest.skip("siskin " + output)
"""
ASYNC = """
async def test_sort(case, output):
    assert output == case.expected, "dunlin"
"""
APPLIES = """
def test_sort(case, prompt):
    reply = prompt.complete(**case.inputs)
    prompt.send("fulmar " + reply.text)
"""
LEAVES = """
def test_sort(case, output):
    raise BaseException("fulmar")
"""
XFAILS = "@pytest.mark.xfail\n" + PLAIN.strip() + "\n"
FIXED = "def test_sort(case): ..."
BAD_SCORER = """
def fussy(case, completion):
    raise RuntimeError("fulmar " + completion.text)
"""
ROOT = Path("prompts/sort.j2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A project that is run, and what its run shows in full.

    Attributes:
        shows: The canaries.
        before: The prompt that is recorded; empty: no baseline.
        now: The prompt that is judged.
        body: The test function.
        other: A second test file, with a prompt test of the same prompt.
        mark: Further arguments of the marker.
        cases: How many.
        drifts: Whether the model is another one after the recording.
        must_pass: Whether each of them must pass.
        arguments: What pytest is called with.
        ini: Further lines of the ini file.
    """

    shows: tuple[str, ...]
    before: str = "Skill 100"
    now: str = "Skill 8"
    body: str = PLAIN
    other: str = ""
    mark: str = ""
    cases: int = 20
    must_pass: bool = False
    drifts: bool = False
    arguments: tuple[str, ...] = ()
    ini: tuple[str, ...] = ()


SEARCH = ("--optimize-prompts", "--promptopt-steps=1", "--promptopt-all")
SCENES = {
    "fail": Scene(shows=("input", "expected", "reply", "reason")),
    "labels": Scene(shows=("expected", "reply"), mark=', scorer="choice"', body=FIXED),
    "verbose": Scene(shows=("expected", "reply"), arguments=("-v", "-rA")),
    "inconclusive": Scene(shows=("input", "reply"), now="Skill 18"),
    "no baseline": Scene(shows=("input", "reply"), before=""),
    "report only": Scene(shows=("reply",), ini=("promptopt_gate = report",)),
    "must_pass": Scene(shows=("reply",), now="Skill 19", must_pass=True),
    "xfail": Scene(shows=("reply",), body=XFAILS),
    "drift": Scene(
        shows=("reply",), drifts=True, arguments=("--promptopt-all",), now="Skill 100"
    ),
    "body raises": Scene(shows=("raised", "reply"), body=RAISES),
    "body prints": Scene(shows=("printed", "warned"), body=PRINTS),
    "body skips": Scene(shows=("skipped",), body=SKIPS, arguments=("-rs",)),
    "scorer raises": Scene(
        shows=("raised",), mark=", scorer=fussy", body=FIXED, before=""
    ),
    "model away": Scene(shows=("endpoint", "input"), now="Skill 8 Away"),
    "model broken": Scene(shows=("endpoint", "input"), now="Skill 8 Broken"),
    "body leaves": Scene(shows=("raised",), body=LEAVES),
    "async": Scene(shows=("reply", "reason"), body=ASYNC),
    "own application": Scene(shows=("raised", "reply"), body=APPLIES, before=""),
    "skipped outage": Scene(
        shows=("endpoint",),
        now="Skill 8 Away",
        ini=("promptopt_on_outage = skip",),
        arguments=("-rs",),
    ),
    "template fails": Scene(shows=("input",), now="{{ {}[ticket] }} Skill 1"),
    "judge": Scene(shows=("judge",), mark=', scorer=judge("rubric.j2")', body=FIXED),
    "judge away": Scene(
        shows=("endpoint",), mark=', scorer=judge("away.j2")', body=FIXED, before=""
    ),
    "search": Scene(shows=("input",), before="", cases=60, arguments=SEARCH),
    "re-check": Scene(
        shows=("raised",),
        before="",
        cases=60,
        other=f"{MARK.format(more='')}{RAISES}".replace("test_sort", "test_other"),
        arguments=(*SEARCH, "test_sort.py", "test_other.py", "-k", "test_sort"),
    ),
    "re-check of what cannot be read": Scene(
        shows=("input",),
        before="",
        cases=60,
        other='@pytest.mark.prompt("prompts/sort.j2", cases="torn.jsonl", '
        'scorer="exact")\ndef test_other(case): ...',
        arguments=(*SEARCH, "test_sort.py", "test_other.py", "-k", "test_sort"),
    ),
    "search fails": Scene(
        shows=("endpoint",),
        before="",
        now="Skill 8 Unhelpful",
        cases=60,
        arguments=SEARCH,
    ),
    "workers": Scene(shows=("input", "reply", "reason"), arguments=("-n2",)),
    "full trace": Scene(shows=("input", "reply"), arguments=("--full-trace", "-l")),
}
FILES = (
    "--promptopt-report=html:out/report.html",
    "--promptopt-report=md:out/report.md",
    "--promptopt-report=json:out/report.json",
    "--junitxml=out/junit.xml",
    "-o",
    "junit_logging=all",
)


@pytest.fixture
def stage(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.pytester.makeconftest(CONFTEST)
    for name, word in (("rubric.j2", "Judge"), ("away.j2", "Judge Away")):
        text = f"{word} this reply to {{{{ ticket }}}}: {{{{ output }}}}"
        (project.path / name).write_text(text)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    return project


def record(stage: Project, scene: Scene) -> None:
    """Put a scene up, with its record if it has one."""
    stage.write_ini("promptopt_judge_model = scripted:judge", *scene.ini)
    write_cases(stage, scene)
    source = (
        "import warnings\nimport pytest\nfrom pytest_promptopt.scorers import judge"
    )
    mark = MARK.format(more=scene.mark)
    stage.write_test(f"{source}\n{BAD_SCORER}\n{mark}\n{scene.body.lstrip()}")
    if scene.other:
        (stage.path / "test_other.py").write_text(f"import pytest\n{scene.other}")
        (stage.path / "torn.jsonl").write_text('{"id": "c1", "ticket": heron}')
    if scene.before:
        write_prompt(stage, scene.before)
        stage.run("--promptopt-update-baseline", "--promptopt-show-data=ids")
    write_prompt(stage, scene.now)
    if scene.drifts:
        conftest = (stage.path / "conftest.py").read_text()
        stage.pytester.makeconftest(conftest.replace("< skill", "< 8"))


def play(stage: Project, scene: Scene, *given: str) -> str:
    """Run a scene and return all that it lets out."""
    result: pytest.RunResult = stage.run(*scene.arguments, *FILES, *given)
    return result.stdout.str() + result.stderr.str() + written(stage)


def write_cases(stage: Project, scene: Scene) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": f"c{number}",
            "ticket": f"heron {number}",
            "expected": f"avocet {number % 3}",
            "must_pass": scene.must_pass,
            "tags": ["kept"],
        }
        for number in range(scene.cases)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (stage.path / "cases.jsonl").write_text(text, encoding="utf-8")


def write_prompt(stage: Project, text: str) -> None:
    (stage.path / ROOT).write_text(
        "{# promptopt: begin instructions -#}\n"
        f"{text} at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n",
        encoding="utf-8",
    )


def written(stage: Project) -> str:
    """Return every file that a run leaves, but for what is its own: cache, journal."""
    own = (
        "conftest.py",
        "test_sort.py",
        "test_other.py",
        "torn.jsonl",
        "cases.jsonl",
        "rubric.j2",
        "away.j2",
    )
    files = [
        path
        for path in sorted(stage.path.rglob("*"))
        if path.is_file()
        and path.name not in own
        and not {"__pycache__", "prompts"} & set(path.parts)
        and not path.name.startswith(("cache.", "journal."))
        and not {"stdout", "stderr"} & {path.name}
    ]
    return "\n".join(
        f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files
    )


def heard(text: str) -> set[str]:
    """Return the canaries in a text."""
    return {kind for kind, word in CANARIES.items() if word in text}


@pytest.mark.parametrize("name", SCENES)
def test_where_ids_are_shown_no_text_gets_out_that_the_same_run_in_full_shows(
    stage: Project, name: str
) -> None:
    scene = SCENES[name]
    record(stage, scene)

    withheld = play(stage, scene, "--promptopt-show-data=ids")
    full = play(stage, scene, "--promptopt-show-data=full")

    assert heard(withheld) == set(), withheld
    assert heard(full) >= set(scene.shows), full


def test_ids_places_and_figures_are_still_told(stage: Project) -> None:
    record(stage, SCENES["fail"])

    told = play(stage, SCENES["fail"], "--promptopt-show-data=ids")

    for shown in ("c19", "cases.jsonl:20", "40.0%", "p < 0.0001", "Skill 8"):
        assert shown in told, shown


@pytest.mark.parametrize(
    ("private", "shows"), [(True, "full"), (False, "ids"), (None, "ids")]
)
def test_under_ci_texts_are_shown_where_the_repository_is_known_to_be_private(
    stage: Project,
    monkeypatch: pytest.MonkeyPatch,
    private: bool | None,  # noqa: FBT001
    shows: str,
) -> None:
    record(stage, SCENES["fail"])
    event = stage.path / "event"
    event.write_text(json.dumps({"repository": {"private": private}}))
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))

    told = play(stage, SCENES["fail"])

    assert bool(heard(told)) == (shows == "full")


@pytest.mark.parametrize("way", ["option", "ini"])
def test_whoever_says_so_is_shown_everything_under_ci(
    stage: Project, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("CI", "true")
    said = ["--promptopt-show-data=full"] if way == "option" else []
    ini = ("promptopt_show_data = full",) if way == "ini" else ()
    scene = replace(SCENES["fail"], ini=ini)
    record(stage, scene)

    assert "reply" in heard(play(stage, scene, *said))


def test_a_look_at_one_case_is_refused_where_texts_are_withheld(
    stage: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    record(stage, SCENES["fail"])

    refused = stage.run("--promptopt-case=c19")
    shown = stage.run("--promptopt-case=c19", "--promptopt-show-data=full")

    refused.assert_outcomes(failed=1)
    refused.stdout.fnmatch_lines(
        [
            "*--promptopt-case shows a case and the reply to it, and texts are "
            "withheld, since this is a CI job, and nothing tells who can read it",
            "*hint: add --promptopt-show-data=full where nobody else reads *",
        ]
    )
    assert heard(refused.stdout.str()) == set()
    assert {"input", "reply"} <= heard(shown.stdout.str())


def test_a_misspelt_word_fails_the_prompt_tests_and_shows_nothing(
    stage: Project,
) -> None:
    record(stage, SCENES["fail"])

    stage.write_ini("promptopt_show_data = id")
    told = play(stage, SCENES["fail"])

    assert "ini key promptopt_show_data: 'id' is none of full, ids" in told
    assert "did you mean 'ids'?" in told
    assert heard(told) == set()


def test_a_misspelt_word_is_refused_before_the_first_call(stage: Project) -> None:
    record(stage, SCENES["fail"])
    stage.write_ini("promptopt_show_data = id")

    alone = stage.run("-p", "no:cacheprovider")
    shared = stage.run("-n1")

    assert alone.ret == pytest.ExitCode.USAGE_ERROR
    assert shared.ret == pytest.ExitCode.TESTS_FAILED
    for told in (alone, shared):
        assert "Traceback" not in told.stdout.str() + told.stderr.str()
