"""Prompts with names: loaded, recorded, searched together, rendered one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import cases, drive, rising, steady

from pytest_promptopt.errors import SourceError
from pytest_promptopt.items.request_settings import settings_for
from pytest_promptopt.optimize import SearchPlan, search
from pytest_promptopt.optimize.strategies.opro import Opro
from pytest_promptopt.prompts import Limits, Prompt, check_candidate, load_prompt
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.records import Candidate, Case

FILES = {
    "rules.j2": "Be brief.\n",
    "draft.j2": "Draft it: {{ ticket }}\n",
    "final.j2": "Finish it: {{ draft }}\n",
    "marked.j2": "{# promptopt: begin task -#}\nCheck it.\n{# promptopt: end -#}\n",
}
TWO = {"draft": {"": "draft.j2"}, "final": {"": "final.j2"}}
SHARED = {
    "draft": {"system": "rules.j2", "user": "draft.j2"},
    "final": {"user": "final.j2", "system": "rules.j2"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, places: Any, **more: Any) -> Prompt:
    return load_prompt(places, roots=[folder], **more)


def addresses(prompt: Prompt) -> list[str]:
    return [region.address for region in prompt.regions]


def test_each_prompt_renders_on_its_own(folder: Path) -> None:
    prompt = loaded(folder, SHARED)

    final = prompt.named["final"].render({"draft": "so so"})

    assert prompt.names == ("draft", "final")
    assert prompt.label == "draft: rules.j2 + draft.j2 + final: rules.j2 + final.j2"
    assert [(one.role, one.content) for one in final] == [
        ("system", "Be brief."),
        ("user", "Finish it: so so"),
    ]
    with pytest.raises(SourceError, match="rendered one by one"):
        prompt.render({"ticket": "x", "draft": "y"})


def test_a_prompt_without_a_name_is_recorded_as_ever(folder: Path) -> None:
    prompt = loaded(folder, {"": "draft.j2"})

    assert prompt.names == ()
    assert prompt.named == {}
    assert prompt.snapshot() == {
        "sources": [
            {
                "role": "",
                "key": "draft.j2",
                "text": "Draft it: {{ ticket }}\n",
                "includes": {},
            }
        ]
    }


def test_names_survive_the_record_and_belong_to_the_fingerprint(folder: Path) -> None:
    prompt = loaded(folder, SHARED)
    other = loaded(folder, {"first": SHARED["draft"], "final": SHARED["final"]})

    again = Prompt.from_snapshot(prompt.snapshot())

    assert again.names == prompt.names
    assert again.fingerprint == prompt.fingerprint != other.fingerprint
    assert again.named["draft"].fingerprint == prompt.named["draft"].fingerprint


def test_a_shared_source_is_one_region_with_one_edit(folder: Path) -> None:
    prompt = loaded(folder, SHARED)
    candidate = prompt.incumbent.replacing("rules.j2#whole", "Be exact.\n")

    rewritten = prompt.replacing(candidate)
    edits = prompt.edits(candidate)

    assert addresses(prompt) == [
        "rules.j2#whole",
        "draft.j2#whole",
        "final.j2#whole",
    ]
    texts = [
        each.render({"ticket": "", "draft": ""}) for each in rewritten.named.values()
    ]
    assert [messages[0].content for messages in texts] == ["Be exact.", "Be exact."]
    assert [(Path(edit.path).name, edit.replacement) for edit in edits] == [
        ("rules.j2", "Be exact.\n")
    ]


def test_a_shared_source_that_one_prompt_leaves_alone_is_left_alone(
    folder: Path,
) -> None:
    places = {**SHARED, "check": {"system": "rules.j2", "user": "marked.j2"}}

    assert addresses(loaded(folder, places)) == [
        "draft.j2#whole",
        "final.j2#whole",
        "marked.j2#task",
    ]


@pytest.mark.parametrize(
    ("places", "more", "problem", "hint"),
    [
        (
            {"draft": {"system": "rules.j2", "user": "rules.j2"}},
            {},
            "prompt source 'rules.j2' is given for two messages",
            "give each message a source of its own",
        ),
        (
            SHARED,
            {"syntax": {"draft": {"system": "literal"}}},
            "prompt source 'rules.j2' is literal in 'draft' and jinja in 'final'",
            "name the same syntax in both: a search rewrites them as one text",
        ),
        (
            {"draft": {"": "rules.j2"}, "final": {"": "../{folder}/rules.j2"}},
            {},
            "prompt sources 'rules.j2' and '../{folder}/rules.j2' are one place",
            "write 'rules.j2' for both",
        ),
    ],
)
def test_sources_that_cannot_be_rewritten_as_one_are_refused(
    folder: Path, places: Any, more: Any, problem: str, hint: str
) -> None:
    named = {
        name: {
            role: place.replace("{folder}", folder.name) for role, place in own.items()
        }
        for name, own in places.items()
    }

    with pytest.raises(SourceError) as refused:
        loaded(folder, named, **more)

    assert refused.value.problem == problem.replace("{folder}", folder.name)
    assert refused.value.hint == hint


def test_one_prompt_may_be_in_another_syntax(folder: Path) -> None:
    (folder / "final.txt").write_text("Finish {draft}", encoding="utf-8")
    places = {"draft": {"": "draft.j2"}, "final": {"": "final.txt"}}

    prompt = loaded(folder, places, syntax={"final": "format"})

    (message,) = prompt.named["final"].render({"draft": "it"})
    assert message.content == "Finish it"


NAMES = st.text("abcdefgh -_#:", min_size=1, max_size=6)


@settings(max_examples=15)
@given(st.lists(st.tuples(NAMES, st.sampled_from("xyz")), min_size=1, max_size=6))
def test_whatever_the_names_a_record_gives_the_same_prompts(
    pairs: list[tuple[str, str]],
) -> None:
    sources = [
        Source(
            role="", key=key, path=Path(key), text=f"Say {key} {{{{ a }}}}", name=name
        )
        for name, key in dict.fromkeys(pairs)
    ]
    prompt = Prompt(sources)
    changed = {
        address: f"New {text}" for address, text in prompt.incumbent.texts.items()
    }

    again = Prompt.from_snapshot(prompt.snapshot())
    rewritten = again.replacing(Candidate(texts=changed))

    assert again.snapshot() == prompt.snapshot()
    assert dict(rewritten.incumbent.texts) == changed
    assert list(again.named) == list(dict.fromkeys(name for name, _ in pairs))


CASES = tuple(Case(id=f"c{n}", inputs={"ticket": f"Ticket {n}"}) for n in range(3))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Do {{ draft }}.{% if late == 1 %}{{ draft.b.c }}{% endif %}\n", None),
        (
            "Do {{ draft }}.{{ draft.b.c }}{% if late == 1 %}{% endif %}\n",
            "does not render",
        ),
    ],
)
def test_a_rewrite_is_rendered_with_more_where_the_body_gives_more(
    folder: Path, text: str, reason: str | None
) -> None:
    old = "Finish {{ draft }}.{% if late == 1 %}{{ draft.b.c }}{% endif %}\n"
    (folder / "final.j2").write_text(old, encoding="utf-8")
    prompt = loaded(folder, TWO)
    candidate = prompt.incumbent.replacing("final.j2#whole", text)

    found = check_candidate(candidate, prompt, cases=CASES, limits=Limits())

    assert found == reason


def plan(folder: Path, places: Any, *only: str) -> SearchPlan:
    return SearchPlan(
        prompt=loaded(folder, places), cases=cases(200), steps=2, only=only
    )


def test_a_search_of_one_prompt_leaves_what_others_have_too(folder: Path) -> None:
    planned = plan(folder, SHARED, "draft")

    assert [region.address for region in planned.regions] == ["draft.j2#whole"]
    assert planned.closed == {"rules.j2#whole", "final.j2#whole"}
    assert planned.task((), None).names == {"draft.j2#whole": ("draft",)}
    assert not plan(folder, SHARED).closed


def test_a_search_that_may_change_nothing_of_its_own_is_refused(folder: Path) -> None:
    places = {"a": {"": "rules.j2"}, "b": {"system": "rules.j2", "user": "draft.j2"}}

    driven = drive(search(plan(folder, places, "a"), Opro()), rising, steady)

    assert driven.result.outcome == "refused"
    assert driven.result.message == (
        "a: rules.j2 + b: rules.j2 + draft.j2: no text that may be rewritten is only "
        "that of 'a', which optimize= names; name the prompts that share it, too"
    )


def test_an_exemplar_shows_the_prompt_that_the_region_is_in(folder: Path) -> None:
    marked = "{{# promptopt: begin task -#}}\n{}\n{{# promptopt: end -#}}\n{}\n"
    for name, text, uses in (
        ("draft", "Draft", "{{ ticket }}"),
        ("final", "Finish", "{{ draft }}"),
    ):
        path = folder / f"{name}.j2"
        path.write_text(marked.format(text, uses), encoding="utf-8")
    planned = plan(folder, TWO)
    case = planned.cases[0]
    task = planned.task((case,), None)

    assert task.exemplar(case, "draft.j2#task") == ("<HERE>\nTicket 0 about parcel 0")
    assert task.exemplar(case, "final.j2#task") == "ticket: Ticket 0 about parcel 0"


def test_the_optimizer_is_told_which_of_the_prompts_it_rewrites(folder: Path) -> None:
    driven = drive(search(plan(folder, SHARED), Opro()), rising, steady)

    asked = [effect.requests[0].messages[0].content for effect in driven.asked]
    said = (
        "Several prompts work together here, and what comes out at the end is scored."
    )
    assert [text.partition("belongs to: ")[2].partition(".")[0] for text in asked] == [
        "draft, final",
        "draft",
    ]
    assert all(said in text for text in asked)


def test_a_prompt_that_nobody_can_rewrite_hinders_only_a_search_of_its_own(
    folder: Path,
) -> None:
    (folder / "final.prompt").write_text("Finish {{draft}}", encoding="utf-8")
    places = {"draft": {"": "draft.j2"}, "final": {"": "final.prompt"}}

    every = drive(search(plan(folder, places), Opro()), rising, steady)
    one = drive(search(plan(folder, places, "draft"), Opro()), rising, steady)

    assert every.result.outcome == "refused"
    assert "final.prompt" in every.result.message
    assert one.result.outcome != "refused"


def test_settings_beside_a_prompt_are_its_own() -> None:
    sources = [
        Source(role="", key=key, path=Path(key), text="Say it", name=key, request=own)
        for key, own in (("draft", {"temperature": 0.3, "top_p": 1}), ("final", {}))
    ]
    request = {"draft": {"top_p": 0.5}}

    found = settings_for(Prompt(sources), request, defaults={"seed": 1}, roots=())

    assert found == {
        "draft": {"seed": 1, "temperature": 0.3, "top_p": 0.5},
        "final": {"seed": 1},
    }
