"""Model settings in a Python constant of the application."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import PromptOptError, SourceError
from pytest_promptopt.models.request_constant import request_named, request_settings

LLM = """
import os
from .schemas import TRIAGE as SCHEMA
from myapp.schemas import TOOLS

TEMPERATURE = 0.2
BASE = {"temperature": TEMPERATURE, "seed": -1}
TRIAGE = {
    **BASE,
    "temperature": 0,
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "tools": [*TOOLS, {"type": "function"}],
    "stop": ("a" "b", None),
}
SHORT = BASE | dict(max_tokens=5)
REQUESTS = {"triage": TRIAGE, "tone": {"top_p": True}}

class Settings:
    TONE: dict = {"temperature": 1e-3}

KEY = {"user": os.environ["USER"]}
TEXT = f"{os.name}"
MODEL = "gpt"
LATE = {"a": 1}
LATE["b"] = 2
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "myapp"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .llm import BASE\n")
    (package / "llm.py").write_text(LLM)
    (package / "schemas.py").write_text(
        'from . import nothing\nTRIAGE = {"name": "triage", "strict": True}\n'
        'TOOLS = [{"type": "web_search"}]\n'
    )
    (package / "use.py").write_text(
        "from myapp import BASE as GIVEN\nfrom myapp.gone import X\n"
        "from myapp.schemas import MISSING\n"
        'A = {**GIVEN, "n": 1}\nB = {"a": X}\nC = {"a": MISSING}\n'
        'LOOP = {"a": [LOOP, LOOP]}\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (
            "myapp.llm:TRIAGE",
            {
                "temperature": 0,
                "seed": -1,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "triage", "strict": True},
                },
                "tools": [{"type": "web_search"}, {"type": "function"}],
                "stop": ["ab", None],
            },
        ),
        ("myapp.llm:SHORT", {"temperature": 0.2, "seed": -1, "max_tokens": 5}),
        ("myapp.llm:REQUESTS[tone]", {"top_p": True}),
        ("myapp.llm:Settings.TONE", {"temperature": 0.001}),
        ("myapp.use:A", {"temperature": 0.2, "seed": -1, "n": 1}),
    ],
)
def test_a_dict_is_read_and_nothing_is_imported(
    root: Path, place: str, expected: dict[str, Any]
) -> None:
    assert request_named(place, [root]) == expected


def test_a_marker_may_give_the_dict_itself(root: Path) -> None:
    assert request_settings({"temperature": 0}, [root]) == {"temperature": 0}
    assert request_settings("myapp.llm:BASE", [root]) == {
        "temperature": 0.2,
        "seed": -1,
    }


COMPUTED = (
    "\n  hint: write the value out; or import the dict in the test module and pass it "
    "as request=NAME: there Python computes it"
)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            "myapp.llm:KEY",
            "llm.py:21: a constant of model settings holds \"os.environ['USER']\", "
            "which exists only when the program runs" + COMPUTED,
        ),
        (
            "myapp.llm:TEXT",
            "llm.py:22: a constant of model settings holds \"f'{os.name}'\", which "
            "exists only when the program runs" + COMPUTED,
        ),
        (
            "myapp.llm:MODEL",
            "llm.py:23: MODEL is 'gpt', not a dict of model settings\n"
            '  hint: write MODEL = {"temperature": 0}',
        ),
        (
            "myapp.llm:LATE",
            "llm.py:25: 'LATE' is assigned on line 24 and its entries are changed by "
            "\"LATE['b'] = 2\"\n  hint: write all entries where it is assigned",
        ),
        (
            "myapp.llm:TRIAG",
            "llm.py: no constant 'TRIAG' is assigned\n  hint: did you mean 'TRIAGE'?",
        ),
        (
            "myapp.llm:SCHEMA",
            "llm.py:3: 'SCHEMA' is not assigned a dict there, but bound in another way"
            "\n  hint: name the module and the constant where the dict stands",
        ),
        (
            "myapp.use:C",
            "use.py:6: a constant of model settings uses 'MISSING', which "
            "myapp.schemas does not assign" + COMPUTED,
        ),
        (
            "myapp.use:LOOP",
            "use.py:7: a constant of model settings is too large, or made of itself\n"
            "  hint: write its values out",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    root: Path, place: str, told: str
) -> None:
    with pytest.raises(SourceError) as caught:
        request_named(place, [root])

    assert str(caught.value) == f"{root / 'src' / 'myapp'}/{told}"


def test_a_module_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(SourceError, match=r"use\.py:5: .* uses 'X' from myapp\.gone"):
        request_named("myapp.use:B", [root])
    with pytest.raises(SourceError, match=r"module 'myap\.llm' does not exist: tried"):
        request_named("myap.llm:TRIAGE", [root])


@pytest.mark.parametrize("place", ["", "temperature=0", "requests.json", "a:b:c"])
def test_what_is_no_place_is_refused(root: Path, place: str) -> None:
    with pytest.raises(PromptOptError) as caught:
        request_named(place, [root])

    assert str(caught.value) == (
        f"request={place!r} is no place of model settings\n"
        '  hint: write request="myapp.llm:TRIAGE", or a dict: request={"temperature": '
        "0}"
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(value=st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_any_json_that_is_written_out_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "settings"
    folder.mkdir(exist_ok=True)
    text = f"X = {value!r}\n"
    (folder / "llm.py").write_text(text, encoding="utf-8")

    read = request_named("llm:X", [folder])

    assert json.dumps(read) == json.dumps(ast.literal_eval(text[4:]))
    assert read == value
