from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases.columns import rows_of_csv
from pytest_promptopt.cases.fields import RESERVED, case_from
from pytest_promptopt.cases.rows import Row
from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import Case

LAW = settings(max_examples=60, deadline=None, database=None)

cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12
).map(lambda text: f"x{text}")
names = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True).filter(
    lambda name: name not in RESERVED
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    row = st.fixed_dictionaries(dict.fromkeys(header, cells))
    return draw(st.lists(row, min_size=1, max_size=4))


def read(text: str) -> list[Case]:
    return [case_from(row) for row in rows_of_csv(text, "c.csv")]


def refusal(text: str) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        read(text)
    return caught.value


@LAW
@given(tables(), st.sampled_from(["\n", "\r\n"]))
def test_what_pythons_writer_writes_is_read_back(
    table: list[dict[str, str]], line_end: str
) -> None:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(table[0]), lineterminator=line_end)
    writer.writeheader()
    writer.writerows(table)

    assert [case.inputs for case in read(file.getvalue())] == table


@LAW
@given(st.text('ab,;\t"\r\n|_: ', max_size=30), st.sampled_from(["c.csv", "c.tsv"]))
def test_any_text_is_a_table_or_a_refusal_with_a_line(text: str, name: str) -> None:
    line: int | None = 1
    rows: list[Row] = []
    try:
        rows = rows_of_csv(text, name)
    except CaseFileError as error:
        line = error.line

    assert line is not None
    assert all(row.place.startswith(f"{name}:") for row in rows)


def test_cells_are_text_and_fields_of_ours_are_what_they_are() -> None:
    (case,) = read(
        "id,ticket,number,expected,must_pass,weight,tags,group,split,list:json\n"
        '007, Hi ,12,yes,TRUE,2.5,urgent | german,1,train,"[1, ""a""]"\n'
    )

    assert case.inputs == {"ticket": " Hi ", "number": "12", "list": [1, "a"]}
    assert (case.id, case.expected, case.must_pass) == ("007", "yes", True)
    assert (case.weight, case.tags) == (2.5, ("urgent", "german"))
    assert (case.group, case.split) == ("1", "train")


def test_an_empty_cell_is_an_empty_text_or_a_field_that_is_not_given() -> None:
    (case,) = read("ticket,note,expected,must_pass,weight,tags,id\nHi,,,,,,\n")

    assert case.inputs == {"ticket": "Hi", "note": ""}
    assert (case.has_expected, case.must_pass, case.weight) == (False, False, 1.0)


def test_a_row_is_placed_where_it_begins() -> None:
    rows = rows_of_csv('a,b\n"x\r\ny",1\r\n\r\n,\r\nz,2\r\n', "c.csv")

    assert [row.place for row in rows] == ["c.csv:2", "c.csv:6"]
    assert rows[0].value == {"a": "x\ny", "b": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,b\n1,2\n1,2,3\n",
            "c.csv:3: the row has 3 fields, the header has 2: '3' is too much\n"
            "  hint: add or delete a separator, or put a field that contains one in "
            "quotes",
        ),
        (
            "a,b\n1\n",
            "c.csv:2: the row has 1 field, the header has 2: nothing for 'b'\n"
            "  hint: add or delete a separator, or put a field that contains one in "
            "quotes",
        ),
        (
            "a,,b\n1,2,3\n",
            "c.csv:1: column 2 of 3 has no name\n"
            "  hint: name every column in the first row, or delete the column",
        ),
        (
            "a,b, a\n1,2,3\n",
            "c.csv:1: columns 1 and 3 are both named 'a'\n"
            "  hint: give each column a name of its own",
        ),
        (
            'a,b\n1,2\n"x,2\n3,4\n',
            "c.csv:3: bad CSV: a quote that opens in this row is never closed\n"
            "  hint: close it; write a quote within a quoted field twice",
        ),
        (
            'a,b\n"x"y,2\n',
            "c.csv:2: bad CSV: ',' expected after '\"' in the row that begins here\n"
            "  hint: put the whole field in quotes, and write a quote within it "
            'twice: ""',
        ),
        (
            "a,b\rc,d\r",
            "c.csv:1: bad CSV: a carriage return stands outside quotes\n"
            "  hint: save the file with LF or CRLF line ends",
        ),
        (
            'a,tags\n1,"urgent, german"\n',
            "c.csv:2: tags is 'urgent, german', in which 'urgent, german' would be one "
            "tag\n  hint: separate tags with |, as in urgent|german",
        ),
        (
            "a:json\n{x\n",
            "c.csv:2: column 'a:json' holds '{x', which is no JSON: Expecting property "
            "name enclosed in double quotes: line 1 column 2 (char 1)\n"
            "  hint: write JSON, null for nothing, or name the column 'a' to have text",
        ),
        (
            "a,a:json\n1,2\n",
            "c.csv:2: columns 'a' and 'a:json' are the same field\n"
            "  hint: keep one of the two",
        ),
        (
            "a,must_pass\n1,maybe\n",
            "c.csv:2: must_pass is 'maybe', not true or false\n"
            "  hint: write true or false without quotes",
        ),
        (
            "a,weight\n1,heavy\n",
            "c.csv:2: weight is 'heavy', not a number above 0\n"
            "  hint: write a number such as 2 or 0.5, or delete the case to leave it "
            "out",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(text: str, message: str) -> None:
    assert str(refusal(text)) == message


def expected(cell: str) -> Any:
    (case,) = read(f'q,__expected\nhi,"{cell}"\n')
    return case.expected


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("Paris", "Paris"),
        ("equals: 4", "4"),
        ("Note: bring a coat", "Note: bring a coat"),
        ("contains: Hi", {"assert": [{"type": "contains", "value": "Hi"}]}),
        ("not-regex:^a", {"assert": [{"type": "not-regex", "value": "^a"}]}),
        ("is-json", {"assert": [{"type": "is-json"}]}),
        (
            "contains-any: a, b",
            {"assert": [{"type": "contains-any", "value": ["a", "b"]}]},
        ),
        ("icontains: {{q}}", {"assert": [{"type": "icontains", "value": "hi"}]}),
    ],
)
def test_an_expected_column_of_promptfoo_is_a_text_or_a_list_of_checks(
    cell: str, value: Any
) -> None:
    assert expected(cell) == value


def test_several_expected_columns_are_checks_of_one_case() -> None:
    (case,) = read("q,__expected1,__expected2,__expected3\nhi,equals: a,,is-json\n")

    assert case.expected == {
        "assert": [{"type": "equals", "value": "a"}, {"type": "is-json"}]
    }


def test_metadata_of_promptfoo_are_tags_and_what_is_only_shown_is_left_out() -> None:
    (case,) = read(
        "q,__metadata:area,__metadata:tags[],__description,__metric,__prefix\n"
        'hi,math,"ai,global\\,warming",A test,accuracy,\n'
    )

    assert case.inputs == {"q": "hi"}
    assert case.tags == ("area=math", "ai", "global,warming")


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        (
            "__expected",
            "javascript: output.length < 10",
            "c.csv:2: the assertion type 'javascript' in 'javascript: output.length < "
            "10' is not graded here\n"
            "  hint: write the check as a test body: def test_it(case, output): "
            "assert ...",
        ),
        (
            "__expected",
            "file://check.py:grade",
            "c.csv:2: the assertion type 'python' in 'file://check.py:grade' is not "
            "graded here\n"
            "  hint: write the check as a test body: def test_it(case, output): "
            "assert ...",
        ),
        (
            "__expected",
            "python",
            "c.csv:2: the assertion type 'python' is not graded here\n"
            "  hint: write the check as a test body: def test_it(case, output): "
            "assert ...; if it is the answer itself, write 'equals: python'",
        ),
        (
            "__expected",
            "grade: is polite",
            "c.csv:2: the assertion type 'llm-rubric' in 'grade: is polite' is not "
            "graded here\n  hint: grade with a judge, scorer=judge('rubric.j2'): a "
            "scorer that asks a model",
        ),
        (
            "__expected",
            "latency: 300",
            "c.csv:2: the assertion type 'latency' in 'latency: 300' is not graded "
            "here\n"
            "  hint: set a limit on the marker, such as limits={'latency': '<=2'}",
        ),
        (
            "__expected",
            "containz: x",
            "c.csv:2: 'containz: x' begins with 'containz', which is no assertion "
            "type\n  hint: did you mean 'contains'? If it is the answer, write equals: "
            "before it",
        ),
        (
            "__prefix",
            "Answer: ",
            "c.csv:2: column '__prefix' of promptfoo holds 'Answer: ', and has no "
            "counterpart here\n"
            "  hint: write the text at the beginning of the prompt itself",
        ),
        (
            "__threshold",
            "0.5",
            "c.csv:2: column '__threshold' of promptfoo holds '0.5', and has no "
            "counterpart here\n  hint: delete the column: a case is right if all its "
            "checks hold; min_score= on the marker is a floor for the whole test",
        ),
        (
            "__config:__expected:threshold",
            "0.5",
            "c.csv:2: column '__config:__expected:threshold' of promptfoo sets '0.5', "
            "and has no counterpart here\n"
            "  hint: delete the column, and set up a scorer in the test instead",
        ),
        (
            "__metadata",
            "x",
            "c.csv:2: unknown magic column '__metadata'\n"
            "  hint: write __metadata:NAME, as in __metadata:category",
        ),
        (
            "__expectd",
            "x",
            "c.csv:2: unknown magic column '__expectd'\n"
            "  hint: did you mean '__expected'?",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(
    column: str, cell: str, message: str
) -> None:
    assert str(refusal(f"q,{column}\nhi,{cell}\n")) == message


def test_two_columns_with_expected_answers_are_refused() -> None:
    error = refusal("q,expected,__expected\nhi,a,b\n")

    assert error.problem == "c.csv:2: has both 'expected' and '__expected'"
