"""Annotations are one workflow command each, whatever the texts hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.report.annotation import annotation


def test_an_annotation_names_place_and_title() -> None:
    line = annotation(
        "warning", file="tests/test_p.py", line=7, title="accepted", text="50% -> 40%"
    )

    assert line == (
        "::warning file=tests/test_p.py,line=7,title=accepted::50%25 -> 40%25"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert annotation("notice", text="x") == "::notice::x"
    assert annotation("error", file="a.py", line=0, text="x") == "::error file=a.py::x"
    assert annotation("error", line=3, text="x") == "::error::x"


def test_texts_cannot_leave_their_place() -> None:
    line = annotation(
        "error",
        file="a,line=9::b.py",
        title="%0A::set-env",
        text="one\r\n::add-mask::x\n##[command]y \x1b[31m\u2028\u202e\ud800",
    )

    assert line == (
        "::error file=a%2Cline=9%3A%3Ab.py,title=%250A%3A%3Aset-env::"
        "one%0D%0A::add-mask::x%0A#\\#[command]y \\x1b[31m\\u2028\\u202e\\ud800"
    )


HOSTILE = st.text(st.sampled_from("a:,%=\r\n#[]\x1b\u2028\x85 0AD"), max_size=20)


@given(file=HOSTILE, title=HOSTILE, text=HOSTILE)
def test_an_annotation_is_read_as_one_command_with_its_own_place(
    file: str, title: str, text: str
) -> None:
    line = annotation("warning", file=file, line=3, title=title, text=text)

    command, _, properties = line.removeprefix("::").partition("::")[0].partition(" ")
    names = [part.partition("=")[0] for part in properties.split(",")]
    places = ["file", "line"] if file else []
    titles = ["title"] if title else []
    assert command == "warning"
    assert names == ([*places, *titles] or [""])
    assert line.isprintable()
