from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.cases import load_cases
from pytest_promptopt.cases.files import MOST_BYTES
from pytest_promptopt.errors import CaseFileError

if TYPE_CHECKING:
    from pytest_promptopt.records import Case


PROMPTFOO = """
tests:
- vars: {t: x}
  assert: [{type: equals, value: y}]
- vars: {t: z}
"""


def load(folder: Path, name: str, text: str | bytes) -> tuple[Case, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return load_cases(name, roots=[folder], label="test_triage cases")


def refusal(folder: Path, name: str, text: str | bytes) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        load(folder, name, text)
    return caught.value


def test_every_field_without_a_meaning_of_its_own_is_an_input(tmp_path: Path) -> None:
    text = (
        '{"id": "refund", "ticket": "Money back", "expected": "billing",'
        ' "must_pass": true, "tags": ["money", "short"], "weight": 2, "group": 7,'
        ' "split": "train", "note": [1, {"a": null}]}\n'
    )

    (case,) = load(tmp_path, "triage.jsonl", text)

    assert case.to_json() == {
        "id": "refund",
        "inputs": {"ticket": "Money back", "note": [1, {"a": None}]},
        "expected": "billing",
        "has_expected": True,
        "must_pass": True,
        "tags": ["money", "short"],
        "weight": 2.0,
        "group": "7",
        "split": "train",
        "place": "triage.jsonl:1",
    }
    assert type(case).from_json(case.to_json()) == case


def test_a_null_expected_answer_is_one_and_a_missing_one_is_none(
    tmp_path: Path,
) -> None:
    null, missing = load(tmp_path, "c.jsonl", '{"t": 1, "expected": null}\n{"t": 1}')

    assert (null.expected, null.has_expected) == (None, True)
    assert (missing.expected, missing.has_expected) == (None, False)
    assert null.id != missing.id


def test_a_content_id_survives_reordering_of_lines_and_fields(tmp_path: Path) -> None:
    one = load(tmp_path, "c.jsonl", '{"a": 1, "b": 2, "expected": 3}\n{"a": 2}')
    other = load(tmp_path, "c.jsonl", '{"a": 2}\n{"expected": 3, "b": 2, "a": 1}')

    assert [case.id for case in one] == [case.id for case in reversed(other)]
    assert one[0].id == "b675639175"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.jsonl", '{"t": "x", "expected": "y"}\n{"t": "z"}\n'),
        ("c.ndjson", '{"t": "x", "expected": "y"}\r\n\r\n \t\n{"t": "z"}'),
        ("c.JSONL", b'\xef\xbb\xbf{"t": "x", "expected": "y"}\n{"t": "z"}'),
        ("c.json", '[\n{"t": "x",\n "expected": "y"}, {"t": "z"}]\n'),
        ("c.csv", "t,expected\nx,y\nz,\n"),
        ("c.csv", b"\xef\xbb\xbfexpected;t\r\ny;x\r\n;\r\n;z\r\n"),
        ("c.tsv", "t\texpected\nx\ty\nz\t\n"),
        ("c.yaml", "- t: x\n  expected: y\n- t: z\n"),
        ("c.yml", b"\xef\xbb\xbfcases:\r\n  - {t: x, expected: y}\r\n  - t: z\r\n"),
        ("c.prompt.yml", "testData:\n- t: x\n  expected: y\n- t: z\n"),
        ("promptfooconfig.yaml", PROMPTFOO),
        ("c.toml", '[[case]]\nt = "x"\nexpected = "y"\n[[case]]\nt = "z"\n'),
        (
            "c.toml",
            b'\xef\xbb\xbf[[cases]]\r\nt="x"\r\nexpected="y"\r\n[[cases]]\r\nt="z"',
        ),
    ],
)
def test_all_formats_give_the_same_cases(
    tmp_path: Path, name: str, text: str | bytes
) -> None:
    listed = load_cases([{"t": "x", "expected": "y"}, {"t": "z"}], roots=[], label="c")

    assert load(tmp_path, name, text) == listed


def test_cases_of_python_are_placed_by_label_and_index() -> None:
    cases = load_cases(
        lambda: ({"n": number, "pair": (1, 2)} for number in range(2)),
        roots=[],
        label="CASES",
    )

    assert [case.place for case in cases] == ["CASES[0]", "CASES[1]"]
    assert cases[0].inputs == {"n": 0, "pair": [1, 2]}


def test_cases_are_copies_that_later_changes_do_not_reach() -> None:
    source: dict[str, Any] = {"words": ["a"]}

    (case,) = load_cases([source], roots=[], label="CASES")
    source["words"].append("b")

    assert case.inputs == {"words": ["a"]}


def test_what_a_users_function_raises_passes_through() -> None:
    def cases() -> list[dict[str, str]]:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        load_cases(cases, roots=[], label="CASES")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (7, "CASES: cases are 7, not a list of mappings"),
        ({"a": 1}, "CASES: cases are {'a': 1}, not a list of mappings"),
        (lambda: None, "CASES: cases are None, not a list of mappings"),
        ([], "CASES: has no cases"),
        (["x"], "CASES[0]: a case is an object of fields, not 'x'"),
        ([{1: 2}], "CASES[0]: field name 1 is no text"),
        (
            [{"day": {1}}],
            "CASES[0]: field 'day' is {1}, a set, which JSON cannot hold",
        ),
    ],
)
def test_python_values_that_are_no_cases_are_refused(spec: Any, problem: str) -> None:
    with pytest.raises(CaseFileError) as caught:
        load_cases(spec, roots=[], label="CASES")

    assert caught.value.problem == problem
    assert caught.value.path is None


def test_a_function_that_needs_arguments_is_refused() -> None:
    def cases(count: int) -> list[dict[str, int]]:
        return [{"n": count}]

    with pytest.raises(CaseFileError) as caught:
        load_cases(cases, roots=[], label="CASES")  # type: ignore[arg-type]

    assert caught.value.problem.endswith(
        "which cannot be called without arguments: missing a required argument: 'count'"
    )


def test_an_async_function_is_refused_without_a_warning() -> None:
    async def cases() -> list[dict[str, int]]:
        return [{"n": 1}]

    with pytest.raises(CaseFileError, match="cases are <coroutine"):
        load_cases(cases, roots=[], label="CASES")  # type: ignore[arg-type]


def test_a_generator_without_an_end_is_refused() -> None:
    with pytest.raises(CaseFileError) as caught:
        load_cases(lambda: ({"n": n} for n in itertools.count()), roots=[], label="C")

    assert str(caught.value) == (
        "C: has more than 100000 cases\n"
        "  hint: give fewer; see that a generator of cases comes to an end"
    )


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "c.jsonl").open("wb") as file:
        file.truncate(MOST_BYTES + 2**19)

    with pytest.raises(CaseFileError) as caught:
        load_cases("c.jsonl", roots=[tmp_path], label="")

    assert str(caught.value) == (
        "c.jsonl: has 16.5 MiB; a case file may have 16\n"
        "  hint: keep fewer cases in it, or give them by a Python function"
    )


def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)

    error = refusal(tmp_path, "c.yaml", "- t: x\n")

    assert str(error) == (
        "c.yaml: reading it needs 'yaml', which is not installed\n"
        "  hint: pip install 'pytest-promptopt[yaml]'"
    )


def test_roots_are_tried_in_order(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near, far):
        folder.mkdir()
        (folder / "both.jsonl").write_text(f'{{"t": "{folder.name}"}}')
    (far / "only.jsonl").write_text('{"t": "far"}')

    both = load_cases("both.jsonl", roots=[near, far], label="")
    only = load_cases("only.jsonl", roots=[near, far], label="")
    absolute = load_cases(far / "both.jsonl", roots=[near], label="")

    assert both[0].inputs == {"t": "near"}
    assert both[0].place == "both.jsonl:1"
    assert only[0].place == f"{far / 'only.jsonl'}:1"
    assert absolute[0].inputs == {"t": "far"}


def test_a_missing_file_names_the_places_tried_and_a_close_name(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    (far / "cases").mkdir(parents=True)
    near.mkdir()
    (far / "cases" / "triage.jsonl").write_text("{}")

    with pytest.raises(CaseFileError) as caught:
        load_cases("cases/triag.jsonl", roots=[near, far], label="")

    assert str(caught.value) == (
        "cases 'cases/triag.jsonl' not found; tried "
        f"{near / 'cases' / 'triag.jsonl'}, {far / 'cases' / 'triag.jsonl'}\n"
        "  hint: did you mean 'cases/triage.jsonl'?"
    )


def test_a_folder_is_not_a_case_file(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").mkdir()

    with pytest.raises(CaseFileError) as caught:
        load_cases("c.jsonl", roots=[tmp_path], label="")

    assert (
        caught.value.problem == f"cases 'c.jsonl' is a folder: {tmp_path / 'c.jsonl'}"
    )


@pytest.mark.parametrize(("name", "found"), [("c.xlsx", ".xlsx"), ("cases", "")])
def test_an_unknown_extension_lists_the_known_ones(name: str, found: str) -> None:
    with pytest.raises(CaseFileError) as caught:
        load_cases(name, roots=[], label="")

    assert str(caught.value) == (
        f"cases {name!r} has the extension {found!r}, which no reader takes\n"
        "  hint: use one of .csv, .json, .jsonl, .ndjson, .parquet, .toml, .tsv, "
        ".yaml, .yml, or pass a Python list"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("c.jsonl", ""), ("c.jsonl", "\n \n"), ("c.json", "[]"), ("c.toml", "")],
)
def test_a_file_without_cases_is_refused(tmp_path: Path, name: str, text: str) -> None:
    error = refusal(tmp_path, name, text)

    assert str(error) == f"{name}: has no cases\n  hint: write at least one case"


def test_bytes_that_are_not_utf8_are_named_with_line_and_offset(tmp_path: Path) -> None:
    error = refusal(tmp_path, "c.jsonl", b'\xef\xbb\xbf{"t": 1}\n{"t": "caf\xe9"}\n')

    assert str(error) == (
        "c.jsonl:2: byte 0xe9 at offset 22 is not UTF-8\n  hint: save the file as UTF-8"
    )
    assert (error.path, error.line) == (Path("c.jsonl"), 2)


def test_a_utf16_file_is_called_one(tmp_path: Path) -> None:
    error = refusal(tmp_path, "c.jsonl", '{"t": 1}'.encode("utf-16"))

    assert error.hint == "save the file as UTF-8, it is UTF-16 now"


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="permissions do not bind this user",
)
def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("{}")
    path.chmod(0)

    with pytest.raises(CaseFileError, match="cannot be read: Permission denied"):
        load_cases("c.jsonl", roots=[tmp_path], label="")


def test_a_repeated_id_names_both_lines(tmp_path: Path) -> None:
    error = refusal(
        tmp_path, "c.jsonl", '{"id": 1, "t": "x"}\n\n{"id": "1", "t": "y"}\n'
    )

    assert str(error) == (
        "c.jsonl:3: id '1' is already used at c.jsonl:1\n"
        "  hint: give each case an id of its own"
    )
    assert (error.path, error.line) == (Path("c.jsonl"), 3)


def test_a_repeated_case_without_ids_names_both_lines(tmp_path: Path) -> None:
    error = refusal(tmp_path, "c.jsonl", '{"t": "x"}\n{"t": "x", "tags": "new"}\n')

    assert str(error) == (
        "c.jsonl:2: the same case stands at c.jsonl:1, and neither has an id\n"
        "  hint: delete one of the two, or give each an id if the repetition is meant"
    )


def test_repeated_cases_with_ids_of_their_own_are_legal(tmp_path: Path) -> None:
    cases = load(tmp_path, "c.jsonl", '{"id": "a", "t": 1}\n{"id": "b", "t": 1}')

    assert [case.id for case in cases] == ["a", "b"]
