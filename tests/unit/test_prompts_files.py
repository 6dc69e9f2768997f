"""Template files are found, read and edited byte-exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_places import read_all

from pytest_promptopt.errors import SettingError, SourceError, TemplateError
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.jinja_file import WholeFile
from pytest_promptopt.prompts.source import Change
from pytest_promptopt.records import Candidate, Message

BEGIN = "{# promptopt: begin instructions -#}"
END = "{# promptopt: end -#}"


def load(folder: Path, data: bytes) -> Prompt:
    (folder / "p.j2").write_bytes(data)
    return load_prompt({"": "p.j2"}, roots=[folder])


def rewrite(prompt: Prompt, text: str) -> bytes:
    candidate = Candidate(texts={prompt.regions[0].address: text})
    edits = prompt.edits(candidate)
    path = Path(edits[0].path)
    return apply_edits(path.read_bytes(), edits)


def test_a_source_says_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/p.j2").write_text("A {{ x }}\n", encoding="utf-8")

    prompt = load_prompt({"": "prompts/p.j2"}, roots=[tmp_path])

    (source,) = prompt.sources
    assert prompt.label == "prompts/p.j2"
    assert (source.key, source.path, source.line) == (
        "prompts/p.j2",
        tmp_path / "prompts/p.j2",
        1,
    )
    assert prompt.text == source.text == "A {{ x }}\n"
    assert prompt.variables == {"x"}


def test_two_files_are_two_messages_the_system_message_first(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("Sort.\n", encoding="utf-8")
    (tmp_path / "b.j2").write_text("{{ ticket }}\n", encoding="utf-8")

    prompt = load_prompt({"user": "b.j2", "system": "a.j2"}, roots=[tmp_path])

    assert prompt.label == "a.j2 + b.j2"
    assert prompt.text == "Sort.\n\n{{ ticket }}\n"
    assert prompt.render({"ticket": "x"}) == (
        Message(role="system", content="Sort."),
        Message(role="user", content="x"),
    )


def test_the_first_root_that_has_the_file_wins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "p.j2").write_text(name, encoding="utf-8")

    prompt = load_prompt({"": "p.j2"}, roots=[tmp_path / "two", tmp_path / "one"])

    assert prompt.text == "two"


def test_a_file_that_does_not_exist_names_the_places_tried(tmp_path: Path) -> None:
    for name in ("tests", "prompts"):
        (tmp_path / name).mkdir()
    (tmp_path / "prompts/triage.j2").write_text("A", encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_prompt({"": "prompts/triag.j2"}, roots=[tmp_path, tmp_path / "tests"])

    assert str(caught.value) == (
        f"prompt file 'prompts/triag.j2' does not exist: tried "
        f"{tmp_path}/prompts/triag.j2, {tmp_path}/tests/prompts/triag.j2\n"
        "  hint: did you mean 'prompts/triage.j2'?"
    )


def test_a_file_in_another_folder_is_proposed_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "some/where").mkdir(parents=True)
    (tmp_path / "some/where/triage.j2").write_text("A", encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_prompt({"": "triage.j2"}, roots=[tmp_path])

    assert caught.value.hint == "did you mean 'some/where/triage.j2'?"


def test_without_any_like_file_the_hint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        load_prompt({"": "triage.j2"}, roots=[tmp_path])

    assert caught.value.hint == (
        "write the path relative to one of these folders, or create the file"
    )


def test_a_folder_is_no_prompt(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()

    with pytest.raises(SourceError) as caught:
        load_prompt({"": "prompts"}, roots=[tmp_path])

    assert str(caught.value) == (
        f"{tmp_path}/prompts: is a folder\n  hint: name a file in it"
    )


@pytest.mark.parametrize("text", ["Sort {{ ticket }}", "Sort.\nWell.", "Sort. " * 99])
def test_a_text_is_no_path(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match=r"^'Sort|^prompt file 'Sort"):
        load_prompt({"": text}, roots=[tmp_path])


def test_an_unknown_role_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        load_prompt({"sytem": "a.j2"}, roots=[tmp_path])

    assert str(caught.value) == (
        "unknown message role 'sytem'\n  hint: did you mean 'system'?"
    )


def test_no_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no prompt source is given"):
        load_prompt({}, roots=[tmp_path])


def test_one_file_cannot_be_two_messages(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("A", encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_prompt({"system": "a.j2", "user": "a.j2"}, roots=[tmp_path])

    assert caught.value.problem == "prompt source 'a.j2' is given for two messages"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_not_utf8_are_named(tmp_path: Path, bom: bytes) -> None:
    data = bom + b"one\ntwo \xe4\n"

    with pytest.raises(SourceError) as caught:
        load(tmp_path, data)

    assert str(caught.value) == (
        f"{tmp_path}/p.j2:2: byte {len(bom) + 8} (b'\\xe4') is not UTF-8\n"
        "  hint: save the file as UTF-8"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"{BEGIN}\nOld.\n{END}\n{{{{ t }}}}\n",
            f"{BEGIN}\nNew.\n{END}\n{{{{ t }}}}\n",
            id="plain",
        ),
        pytest.param(
            f"A\r\n{BEGIN}\r\nOld.\r\nOld.\r\n{END}\r\n{{{{ t }}}}\r\n",
            f"A\r\n{BEGIN}\r\nNew.\r\n{END}\r\n{{{{ t }}}}\r\n",
            id="CRLF",
        ),
        pytest.param(
            f"\ufeff{BEGIN}\nOld.\n{END}\n{{{{ t }}}}\n",
            f"\ufeff{BEGIN}\nNew.\n{END}\n{{{{ t }}}}\n",
            id="byte order mark",
        ),
        pytest.param(
            f"{{{{ t }}}}\n{BEGIN}\nOld.\n{END}",
            f"{{{{ t }}}}\n{BEGIN}\nNew.\n{END}",
            id="no final newline",
        ),
        pytest.param(
            f"\u00e4\u2028b\x0c\u0085c\rd\n{BEGIN}\nOld\u2028.\n{END}\n_\u2028{{{{t}}}}",
            f"\u00e4\u2028b\x0c\u0085c\rd\n{BEGIN}\nNew.\n{END}\n_\u2028{{{{t}}}}",
            id="odd characters",
        ),
    ],
)
def test_nothing_but_the_region_changes(
    tmp_path: Path, before: str, after: str
) -> None:
    prompt = load(tmp_path, before.encode())

    assert rewrite(prompt, "New.\n") == after.encode()


def test_a_whole_file_keeps_its_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    prompt = load(tmp_path, b"\xef\xbb\xbfOld\r\n{{ t }}\r\n")

    assert rewrite(prompt, "New\n{{ t }}\n") == b"\xef\xbb\xbfNew\r\n{{ t }}\r\n"


def test_a_mixed_file_gets_the_line_end_that_most_lines_have(tmp_path: Path) -> None:
    prompt = load(tmp_path, f"a\r\nb\r\n{BEGIN}\nOld\n{END}\r\n{{{{ t }}}}".encode())

    assert rewrite(prompt, "New\n") == (
        f"a\r\nb\r\n{BEGIN}\nNew\r\n{END}\r\n{{{{ t }}}}".encode()
    )


def test_only_changed_regions_are_edited(tmp_path: Path) -> None:
    text = "".join(
        f"{{# promptopt: begin {name} -#}}\n{name}\n{END}\n" for name in "abc"
    )
    prompt = load(tmp_path, text.encode())
    old = prompt.incumbent

    edits = prompt.edits(old.replacing("p.j2#a", "A\n").replacing("p.j2#c", "C\n"))

    assert [edit.replacement for edit in edits] == ["A\n", "C\n"]
    assert prompt.edits(old) == ()
    assert prompt.edits(Candidate(texts={})) == ()


def test_a_link_is_followed_so_that_git_can_apply_the_edit(tmp_path: Path) -> None:
    (tmp_path / "real.j2").write_text("A", encoding="utf-8")
    (tmp_path / "link.j2").symlink_to(tmp_path / "real.j2")

    prompt = load_prompt({"": "link.j2"}, roots=[tmp_path])

    (edit,) = prompt.edits(Candidate(texts={"link.j2#whole": "B"}))
    assert prompt.sources[0].key == "link.j2"
    assert edit.path == str(tmp_path / "real.j2")


def test_replacing_takes_some_of_the_regions(tmp_path: Path) -> None:
    text = "".join(
        f"{{# promptopt: begin {name} -#}}\n{name}\n{END}\n" for name in "ab"
    )
    prompt = load(tmp_path, text.encode())

    rewritten = prompt.replacing(Candidate(texts={"p.j2#b": "B\n"}))

    assert rewritten.render({})[0].content == "a\nB\n"
    assert rewritten.incumbent.texts == {"p.j2#a": "a\n", "p.j2#b": "B\n"}
    assert prompt.incumbent.texts == {"p.j2#a": "a\n", "p.j2#b": "b\n"}


def test_a_region_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    prompt = load(tmp_path, f"{BEGIN}\nA\n{END}\n".encode())

    with pytest.raises(SourceError) as caught:
        prompt.replacing(Candidate(texts={"p.j2#instruction": "B"}))

    assert str(caught.value) == (
        "p.j2 has no region 'p.j2#instruction'\n"
        "  hint: did you mean 'p.j2#instructions'?"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"A\n{END}\n",
        " A\n",
        "A\n{# \n",
        f"A{BEGIN}\n",
        "A\r\nB\n",
        f"A{END[:-3]}#}} {BEGIN[:-3]}#}}A\n",
    ],
)
def test_a_text_that_would_move_the_region_is_refused(
    tmp_path: Path, text: str
) -> None:
    prompt = load(tmp_path, f"{BEGIN}\nOld.\n{END}\n{{{{ t }}}}\n".encode())

    with pytest.raises(TemplateError):
        rewrite(prompt, text)


def test_a_reply_is_fitted_to_the_white_space_of_its_region(tmp_path: Path) -> None:
    prompt = load(
        tmp_path,
        f"{{# promptopt: begin a -#}}\nOld.\n\n{END}\n"
        f"{{# promptopt: begin b #}} inline {{# promptopt: end #}}\n"
        f"{{# promptopt: begin examples c -#}}\n{END}\n{{{{ t }}}}".encode(),
    )

    fitted = prompt.fitted(
        Candidate(texts={"p.j2#a": "\r\nNew\r\nnew. ", "p.j2#b": "x", "p.j2#c": "Q"})
    )

    assert fitted.texts == {
        "p.j2#a": "New\nnew.\n\n",
        "p.j2#b": " x ",
        "p.j2#c": "Q\n\n",
    }
    assert prompt.fitted(fitted) == fitted
    assert prompt.fitted(prompt.incumbent) == prompt.incumbent


def test_a_rewritten_or_recorded_prompt_has_no_file_to_edit(tmp_path: Path) -> None:
    prompt = load(tmp_path, b"A {{ t }}")
    changed = Candidate(texts={"p.j2#whole": "B {{ t }}"})

    for other in (
        prompt.replacing(Candidate(texts={"p.j2#whole": "C {{ t }}"})),
        Prompt.from_snapshot(prompt.snapshot()),
    ):
        with pytest.raises(SourceError, match="has no file to edit"):
            other.edits(changed)


def test_a_lone_surrogate_cannot_be_written(tmp_path: Path) -> None:
    prompt = load(tmp_path, b"A")

    with pytest.raises(SourceError) as caught:
        rewrite(prompt, "\udc80")

    assert caught.value.problem == (
        f"{tmp_path}/p.j2: the new text has '\\udc80', which is not a character"
    )


def test_a_carriage_return_would_not_be_read_back(tmp_path: Path) -> None:
    data = b"A"
    place = WholeFile(
        path=tmp_path / "p.j2", file=FileText.decode(data, tmp_path / "p.j2")
    )

    with pytest.raises(SourceError, match="would not be read back"):
        place.edits([Change(start=0, end=1, text="B\rC")])


CHARACTERS = st.sampled_from(list("aB \t\n\x0c\u2028\u0085\u00e4\U0001f600.'\"\\"))
TEXT = st.text(alphabet=CHARACTERS, max_size=30)
LINE_END = st.sampled_from(["\n", "\r\n"])


@given(
    suffix=st.sampled_from(["j2", "md", "txt"]),
    before=TEXT,
    old=TEXT,
    new=TEXT,
    after=TEXT,
    bom=st.booleans(),
    newline=LINE_END,
)
@settings(max_examples=200, deadline=None)
def test_no_byte_outside_a_region_ever_changes(
    suffix: str,
    before: str,
    old: str,
    new: str,
    after: str,
    bom: bool,  # noqa: FBT001
    newline: str,
) -> None:
    name = f"p.{suffix}"

    def written(region: str) -> bytes:
        text = f"{before}\n{BEGIN}\n.{region}\n{END}\n.{after}".replace("\n", newline)
        return (b"\xef\xbb\xbf" if bom else b"") + text.encode()

    prompt = Prompt(read_all(name, {name: written(old)}))
    candidate = Candidate(texts={f"{name}#instructions": f".{new}\n"})

    edits = prompt.edits(candidate)

    assert apply_edits(written(old), edits) == written(new)
    again = Prompt(read_all(name, {name: written(new)}))
    assert again.incumbent == candidate
    assert again.fingerprint == prompt.replacing(candidate).fingerprint
