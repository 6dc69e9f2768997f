"""The journal of a search, and the lineage of what it found."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_script import (
    ADDRESS,
    Driven,
    cases,
    drive,
    noisy,
    plan,
    rising,
    steady,
    text_of,
)

from pytest_promptopt.errors import JournalError
from pytest_promptopt.items.journal_file import JournalFile
from pytest_promptopt.optimize import Evaluate, NextStep, Tally, search
from pytest_promptopt.optimize.lineage import Lineage
from pytest_promptopt.optimize.replaying import rebuilt
from pytest_promptopt.optimize.strategies.opro import Opro
from pytest_promptopt.records import Candidate, Origin
from pytest_promptopt.run_folder import run_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_promptopt.optimize import Moves, Task

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")


@dataclass
class Scripted:
    """A strategy made of a function."""

    moves: Callable[[Task], Moves]
    name: str = "scripted"

    def search(self, task: Task) -> Moves:
        return self.moves(task)


def variant(task: Task, text: str) -> Candidate:
    return task.rewritten(task.incumbent, ADDRESS, text)


def journal_of(
    folder: Path, moves: Callable[[Task], Moves], **changes: Any
) -> tuple[Driven, list[Mapping[str, Any]]]:
    told: list[Mapping[str, Any]] = []
    planned = plan(folder, tell=told.append, **changes)
    return drive(search(planned, Scripted(moves)), rising, steady), told


def written(lines: list[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)


def two_generations(task: Task) -> Moves:
    yield NextStep()
    first = variant(task, "One, level 60.")
    origin = Origin(operator="rewrite", parents=(task.incumbent.key,), region=ADDRESS)
    yield Evaluate(candidates=(first,), cases=task.cases, origins=(origin,))
    yield NextStep()
    yield Tally("unparsable: no tag", 2)
    drafts = (variant(task, "Two, level 80."), variant(task, "Use {{ secrets }}."))
    reply = Origin(operator="edit", parents=(first.key,), region=ADDRESS, reply="<x>")
    yield Evaluate(candidates=drafts, cases=task.cases, origins=(reply, reply))


Story = tuple[Driven, list["Mapping[str, Any]"]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Return a search of two generations and its journal."""
    return journal_of(tmp_path_factory.mktemp("story"), two_generations)


def test_the_journal_tells_what_happened_in_order(story: Story) -> None:
    driven, told = story

    assert [line["what"] for line in told] == [
        "plan",
        "scored",
        "step",
        "candidate",
        "scored",
        "step",
        "counted",
        "candidate",
        "rejected",
        "scored",
        "step",
        "searched",
        "finalists",
        *["scored"] * 3,  # more train trials of the start and both finalists
        *["scored"] * 3,  # and all of them on the hold-out
        "compared",
        "compared",
        "end",
    ]
    begun, ended = told[0], told[-1]
    assert (begun["prompt"], begun["strategy"]) == ("triage.j2", "scripted")
    assert begun["train"] == [f"case{number}" for number in range(100)]
    assert begun["holdout"] == [f"case{number}" for number in range(100, 200)]
    (away,) = [line for line in told if line["what"] == "rejected"]
    assert away["reason"] == "added a variable"
    assert away["candidate"]["texts"] == {ADDRESS: "Use {{ secrets }}.\n"}
    (counted,) = [line for line in told if line["what"] == "counted"]
    assert counted == {
        "what": "counted",
        "step": 2,
        "reason": "unparsable: no tag",
        "count": 2,
    }
    assert {"what": "searched", "stopped": "stalled"} in told
    assert ended["outcome"] == "proposed"
    assert driven.result.proposal is not None
    assert ended["proposed"] == driven.result.proposal.candidate.key


def test_the_journal_has_nothing_of_a_hold_out_case_but_its_id_and_scores(
    story: Story,
) -> None:
    _, told = story

    held = written([line for line in told if line.get("purpose") == "holdout"])
    assert '"case150": [1.0]' in held
    assert "parcel" not in written(told)


def test_a_search_that_is_repeated_writes_the_same_journal(
    tmp_path: Path, story: Story
) -> None:
    _, again = journal_of(tmp_path, two_generations)

    assert written(again) == written(story[1])


def test_the_lineage_leads_from_the_start_to_what_is_proposed(story: Story) -> None:
    driven, told = story

    line = driven.result.lineage
    assert [(one.operator, one.mean, one.step) for one in line] == [
        ("start", 0.4, 0),
        ("rewrite", 0.6, 1),
        ("edit", 0.8, 2),
    ]
    assert [one.parents for one in line[1:]] == [(line[0].key,), (line[1].key,)]
    assert line[1].region == ADDRESS
    replies = [one["origin"]["reply"] for one in told if one["what"] == "candidate"]
    assert replies == ["", "<x>"]


def test_what_was_made_from_nothing_follows_on_the_start(tmp_path: Path) -> None:
    def from_nothing(task: Task) -> Moves:
        origin = Origin(operator="write")
        candidates = (variant(task, "level 80."),)
        yield Evaluate(candidates=candidates, cases=task.cases, origins=(origin,))

    driven, _ = journal_of(tmp_path, from_nothing)

    assert [one.operator for one in driven.result.lineage] == ["start", "write"]


def test_a_strategy_that_says_nothing_has_a_lineage_too(tmp_path: Path) -> None:
    def silent(task: Task) -> Moves:
        yield Evaluate(candidates=(variant(task, "level 80."),), cases=task.cases)

    driven, _ = journal_of(tmp_path, silent)

    assert [one.operator for one in driven.result.lineage] == ["start", ""]


def test_a_search_that_finds_nothing_has_no_lineage(tmp_path: Path) -> None:
    driven, told = journal_of(tmp_path, lambda task: (yield NextStep()))

    assert driven.result.lineage == ()
    assert told[-1]["best"] is None
    with pytest.raises(JournalError, match="tells of no better candidate"):
        rebuilt(written(told))


def test_the_gates_no_is_why_a_search_ended(tmp_path: Path) -> None:
    told: list[Mapping[str, Any]] = []
    planned = plan(tmp_path, tell=told.append)

    def lucky(candidate: Candidate, case: Any, index: int, effect: Any) -> Any:
        if effect.purpose == "holdout":
            return steady(planned.prompt.incumbent, case, index, effect)
        return steady(candidate, case, index, effect)

    driven = drive(search(planned, Opro()), rising, lucky)

    assert (driven.result.outcome, driven.result.stopped) == (
        "unconfirmed",
        "gate rejected",
    )
    assert {"what": "searched", "stopped": "steps"} in told
    assert driven.result.lineage[-1].key == told[-1]["best"]


# Lineage alone

START, CHILD, OTHER = (Candidate(texts={"a#b": text}) for text in ("0", "1", "2"))


def test_the_first_origin_of_a_candidate_counts() -> None:
    lineage = Lineage(START)

    first = lineage.enter(CHILD, CHILD, Origin(operator="one"), 1)
    second = lineage.enter(CHILD, CHILD, Origin(operator="two"), 2)

    assert first == Origin(operator="one")
    assert second is None
    assert [one.operator for one in lineage.of(CHILD, {})] == ["start", "one"]


def test_parents_are_named_as_they_were_scored() -> None:
    lineage = Lineage(START)
    yielded = Candidate(texts={"a#b": " 1"})
    lineage.enter(yielded, CHILD, Origin(operator="one"), 1)

    told = lineage.enter(
        OTHER, OTHER, Origin(operator="two", parents=(yielded.key,)), 2
    )

    assert told is not None
    assert told.parents == (CHILD.key,)
    line = lineage.of(OTHER, {CHILD.key: 0.5})
    assert [(one.key, one.mean) for one in line] == [
        (START.key, None),
        (CHILD.key, 0.5),
        (OTHER.key, None),
    ]


@pytest.mark.parametrize("parents", [("unknown",), (OTHER.key,)])
def test_parents_unknown_or_in_a_circle_end_the_line_at_the_start(
    parents: tuple[str, ...],
) -> None:
    lineage = Lineage(START)
    lineage.enter(CHILD, CHILD, Origin(operator="one", parents=parents), 1)
    lineage.enter(OTHER, OTHER, Origin(operator="two", parents=(CHILD.key,)), 2)

    line = lineage.of(OTHER, {})

    assert [one.operator for one in line] == ["start", "one", "two"]


# Rebuilding without a model


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 99), steps=st.integers(1, 2))
def test_every_candidate_of_a_journal_can_be_rebuilt_without_a_model(
    tmp_path: Path, seed: int, steps: int
) -> None:
    told: list[Mapping[str, Any]] = []
    given = plan(tmp_path, cases=cases(60), seed=seed, steps=steps, tell=told.append)
    driven = drive(search(given, Opro()), rising, noisy)
    journal = written(told)

    measured = {c.key: c for e in driven.measured for c in e.candidates}

    assert {key: rebuilt(journal, key) for key in measured} == measured
    best = driven.result.best_candidate
    proposal = driven.result.proposal
    if best is not None:
        wanted = proposal.candidate if proposal is not None else best
        assert rebuilt(journal) == wanted
        assert given.prompt.edits(rebuilt(journal)) == given.prompt.edits(wanted)


def test_half_a_line_at_the_end_is_left_out(story: Story) -> None:
    driven, told = story
    text = written(told) + '{"what": "candi'

    assert "level 80" in text_of(rebuilt(text))
    assert rebuilt(text, driven.result.lineage[0].key).key == told[0]["start"]


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        (
            ("level 80.", "level 81."),
            "",
            r"line 8 of the journal: the texts of candidate '\w{12}' were changed by",
        ),
        (('{"what": "step"', '"what": "step"'), "", "line 3 of the journal is none"),
        (('{"what": "step"', "[1]\n{"), "", "line 3 of the journal is none"),
        (("", ""), "nobody", "the journal has no candidate 'nobody'"),
    ],
)
def test_a_journal_that_is_none_or_was_changed_is_refused(
    story: Story, change: tuple[str, str], key: str, problem: str
) -> None:
    _, told = story

    with pytest.raises(JournalError, match=problem):
        rebuilt(written(told).replace(*change), key)


# The file


def test_each_line_is_on_disk_at_once_and_an_earlier_journal_is_replaced(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs" / "journal.jsonl"
    path.parent.mkdir()
    path.write_text("of an earlier search\n")
    file = JournalFile(path=path)

    file.tell({"what": "plan", "text": "\ud800 \u00e4\n"})
    first = path.read_text()
    file.tell({"what": "end"})

    assert first == '{"what": "plan", "text": "\\ud800 \\u00e4\\n"}\n'
    assert path.read_text() == first + '{"what": "end"}\n'


def test_the_folder_of_journals_is_ignored_by_git(tmp_path: Path) -> None:
    folder = tmp_path / ".promptopt"
    path = folder / "runs" / "test" / "journal.jsonl"

    JournalFile(path=path, ignored=folder).tell({"what": "plan"})

    assert (folder / ".gitignore").read_text() == "*\n"
    assert path.read_text() == '{"what": "plan"}\n'


@pytest.mark.parametrize("letter", ["a", "\u00e4", "\U0001d41a"])
def test_a_long_name_of_a_test_is_cut_and_stays_its_own(
    tmp_path: Path, letter: str
) -> None:
    one, other = (
        run_folder(tmp_path, f"tests/test_a.py::test_b[{letter * 300}{end}]")
        for end in "xy"
    )

    one.mkdir(parents=True)
    assert one != other
    assert one.name.startswith("tests-test_a.py-test_b-")
    assert len(one.name.encode()) <= 150
    short = run_folder(tmp_path, "tests/test_a.py::test_b[1]")
    assert short.name == "tests-test_a.py-test_b-1"


def test_what_json_cannot_hold_is_told_as_python_shows_it(tmp_path: Path) -> None:
    file = JournalFile(path=tmp_path / "journal.jsonl")

    file.tell({"what": "candidate", "detail": {"edits": (1, {2}), "of": 1j}})

    assert json.loads((tmp_path / "journal.jsonl").read_text())["detail"] == {
        "edits": [1, "{2}"],
        "of": "1j",
    }


def test_a_search_that_is_refused_leaves_an_earlier_journal_alone(
    tmp_path: Path,
) -> None:
    told: list[Mapping[str, Any]] = []

    drive(
        search(plan(tmp_path, cases=cases(9), tell=told.append), Opro()), rising, steady
    )

    assert told == []


def test_a_journal_that_cannot_be_written_says_so_once_and_ends_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    path = tmp_path / "runs" / "journal.jsonl"
    file = JournalFile(path=path)

    driven = drive(search(plan(tmp_path, tell=file.tell), Opro()), rising, steady)

    assert driven.result.outcome == "proposed"
    assert file.problem == (
        f"the search's journal {path} ends here or is missing: File exists; "
        "nothing else depends on it"
    )


def test_no_journal_writes_no_file(tmp_path: Path) -> None:
    JournalFile(path=None).tell({"what": "plan"})

    assert list(tmp_path.iterdir()) == []


def test_the_page_shows_how_a_winner_is_had_again(
    tmp_path: Path, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven, told = story
    code = next(text for text in page_blocks("python") if "rebuilt" in text)
    path = tmp_path / re.search(r'Path\("(.*?)"\)', code)[1]  # type: ignore[index]
    path.parent.mkdir(parents=True)
    path.write_text(written(told))
    monkeypatch.chdir(tmp_path)

    scope: dict[str, Any] = {"print": str}
    exec(code, scope)

    assert driven.result.proposal is not None
    assert scope["winner"] == driven.result.proposal.candidate


UNUSUAL = {"asked", "what", "noted", "experience"}
"""What the page names beside the kinds of lines of a plain story."""


def test_the_page_lists_every_kind_of_line(story: Story) -> None:
    rows = re.findall(
        r"^\| (`.*?) \|", PAGE.partition("## The journal")[2], re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert {line["what"] for line in story[1]} | UNUSUAL == named


def page_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
