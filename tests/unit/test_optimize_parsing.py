from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize.parsing import (
    Unparsable,
    read_completion,
    read_reply,
    same_text,
)
from pytest_promptopt.records import Completion


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<t>Sort it.</t>", "Sort it."),
        (
            "Sure!\n<t>\n  Sort it.\nLabels: a, b.\n</t>\nGood?",
            "Sort it.\nLabels: a, b.",
        ),
        ("```\n<t>Sort it.</t>\n```", "Sort it."),
        ("<t>\n```text\nSort it.\n```\n</t>", "Sort it."),
        ("<t>~~~\nSort it.\n~~~</t>", "Sort it."),
        ("<t>Use `a` or ```b```.</t>", "Use `a` or ```b```."),
        ("<t>a <b>bold</b> [word]</t>", "a <b>bold</b> [word]"),
        ("<T>no</T><t>yes</t>", "yes"),
    ],
)
def test_the_text_between_the_one_pair_of_tags_is_read(reply: str, text: str) -> None:
    assert read_reply(reply, "t") == text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Sort it.", "no tag"),
        ("", "no tag"),
        ("<t>Sort it.", "no tag"),
        ("Sort it.</t>", "no tag"),
        ("</t>Sort it.<t>", "no tag"),
        ("I write it between <t> and </t>: <t>Sort it.</t>", "two tags"),
        ("<t>Sort it.</t><t>", "two tags"),
        ("<t></t>", "empty"),
        ("<t> \n\t </t>", "empty"),
        ("<t>```\n\n```</t>", "empty"),
    ],
)
def test_anything_else_is_unparsable_and_says_why(reply: str, reason: str) -> None:
    assert read_reply(reply, "t") == Unparsable(reason)  # type: ignore[arg-type]


def test_a_lost_reply_and_a_refusal_are_failures_of_their_own() -> None:
    full = "<t>Sort it.</t>"

    assert read_completion(None, "t") == Unparsable("no reply")
    assert read_completion(Completion(text=full, refusal="no"), "t") == Unparsable(
        "refusal"
    )
    assert read_completion(
        Completion(text=full, finish_reason="content_filter"), "t"
    ) == Unparsable("refusal")
    assert read_completion(Completion(text=full), "t") == "Sort it."


@given(st.text())
def test_no_reply_crashes_the_reader(reply: str) -> None:
    read = read_reply(reply, "t")

    assert isinstance(read, Unparsable) or (read and read == read.strip())


@given(before=st.text(), text=st.text(), after=st.text())
def test_talk_around_the_tags_does_not_change_the_text(
    before: str, text: str, after: str
) -> None:
    if "<t>" in before + text + after or "</t>" in before + text + after:
        return

    around = read_reply(f"{before}<t>{text}</t>{after}", "t")

    assert around == read_reply(f"<t>{text}</t>", "t")


def test_texts_that_differ_in_case_or_blank_space_only_are_the_same() -> None:
    assert same_text(" Sort\n it.") == same_text("SORT it. ")
    assert same_text("Sort it.") != same_text("Sort it")
