"""The files that a first prompt test needs, and what existing ones lack."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.cases.unfilled import UNFILLED
from pytest_promptopt.errors import SettingError
from pytest_promptopt.starting.naming import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_promptopt.starting.project import Ini, Project
    from pytest_promptopt.starting.spot import Find

CASES = 6
"""Cases to fill in: enough to see a prompt work, few enough to be written now."""

INPUT = "input"
"""The variable of a user message that is made up, where a prompt takes no inputs."""

_ATTRIBUTES = (
    "**/__prompt_baselines__/**/*.json -merge",
    "**/__prompt_baselines__/**/*.looks.jsonl merge=union",
)
_IGNORED = ".promptopt/"
_WIDEST = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A file that is to be written, or text that an existing one is to be given.

    Attributes:
        path: The file.
        text: What is written, or what somebody has to add; ends with a line end.
        state: ``"new"`` is written as a whole; ``"add"`` is left as it is and lacks
            the text; ``"kept"`` is left and used as it is.
        under: Line that the text belongs under; empty if anywhere will do.
    """

    path: Path
    text: str
    state: Literal["new", "add", "kept"]
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A first prompt test of one prompt.

    Attributes:
        find: The prompt.
        additions: What it needs, the test first.
        nodeid: The test as pytest names it, relative to the project's root.
        cases: The case file, relative to the project's root.
        to_fill: Whether that file is one with cases to fill in.
    """

    find: Find
    additions: tuple[Addition, ...]
    nodeid: str
    cases: str
    to_fill: bool


def start_of(find: Find, project: Project) -> Start:
    """Say what a first test of a prompt takes; nothing is written.

    Raises:
        SettingError: A file that would be added to cannot be read.
    """
    test = project.root / project.tests / "test_prompts.py"
    before = _text_of(test)
    taken = re.findall(r"def test_(\w+)\(", before or "")
    name = name_of(find.key, taken)
    sources, variables = dict(find.sources), find.variables
    additions = []
    if find.lacks_input and not find.cases:
        user = f"{project.tests}/{name}_user.j2"
        sources = {"system": find.key, "user": user}
        variables = (INPUT,)
        additions.append(_whole(project.root / user, f"{{{{ {INPUT} }}}}\n"))
    cases = find.cases or f"cases/{name}.jsonl"
    body = _test(name, sources, cases, find)
    if before is None:
        additions.insert(0, _whole(test, f"import pytest\n\n\n{body}"))
    else:
        head = (
            ""
            if re.search(r"^import pytest$", before, re.MULTILINE)
            else ("import pytest\n\n\n")
        )
        additions.insert(0, Addition(path=test, text=head + body, state="add"))
    if not find.cases:
        additions.append(_whole(project.root / cases, _case_lines(variables)))
    additions += _settings(project)
    return Start(
        find=find,
        additions=tuple(additions),
        nodeid=f"{project.tests}/{test.name}::test_{name}",
        cases=cases,
        to_fill=not find.cases,
    )


def _test(name: str, sources: Mapping[str, str], cases: str, find: Find) -> str:
    arguments = [
        f"{role}={_quoted(key)}" if role else _quoted(key)
        for role, key in sources.items()
    ]
    arguments.append(f"cases={_quoted(cases)}")
    said = dict(find.syntax)
    if said:
        one = said.get("")
        if one and "" not in sources:
            said, one = {next(iter(sources)): one}, None
        arguments.append(f"syntax={_quoted(one) if one else json.dumps(said)}")
    marker = f"@pytest.mark.prompt({', '.join(arguments)})"
    if len(marker) > _WIDEST:
        lines = "".join(f"    {argument},\n" for argument in arguments)
        marker = f"@pytest.mark.prompt(\n{lines})"
    taken, check = (
        ("completion", "completion.json") if find.json else ("output", "output.strip()")
    )
    return (
        f"{marker}\ndef test_{name}(case, {taken}):\n"
        f"    assert {check} == case.expected\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _case_lines(variables: tuple[str, ...]) -> str:
    inputs = dict.fromkeys(variables, UNFILLED)
    rows = (
        {"id": f"case{number}", **inputs, "expected": UNFILLED}
        for number in range(1, CASES + 1)
    )
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _settings(project: Project) -> Iterator[Addition]:
    ini = project.ini
    if "promptopt_model" not in ini.values:
        path = project.root / ini.file
        lines = _model_lines(ini)
        if _text_of(path) is None:
            yield _whole(path, f"{ini.header}\n{lines}")
        elif ini.has_header:
            yield Addition(path=path, text=lines, state="add", under=ini.header)
        else:
            yield Addition(path=path, text=f"{ini.header}\n{lines}", state="add")
    if project.top is not None:
        yield from _lines(project.root / ".gitignore", (_IGNORED,), project.top)
        yield from _lines(project.top / ".gitattributes", _ATTRIBUTES, project.top)


def _model_lines(ini: Ini) -> str:
    mark = '"' if ini.is_toml else ""
    return (
        "# A stand-in that needs no key and no network: it shows whether the set-up\n"
        "# works, not how good a prompt is.\n"
        f"promptopt_model = {mark}offline:rules{mark}\n"
        "# A real model, which reads OPENAI_API_KEY: name it instead once the cases\n"
        "# are written.\n"
        f"# promptopt_model = {mark}openai:gpt-5-mini{mark}\n"
    )


def _lines(path: Path, wanted: tuple[str, ...], top: Path) -> Iterator[Addition]:
    """Yield the lines that a file of git lacks, here and at the top."""
    before = _text_of(path)
    above = _text_of(top / path.name) or ""
    lines = [*(before or "").split("\n"), *above.split("\n")]
    there = {line.strip().lstrip("/") for line in lines}
    lacking = [line for line in wanted if not there & {line, line.rstrip("/")}]
    if lacking:
        text = "".join(f"{line}\n" for line in lacking)
        state: Literal["new", "add"] = "new" if before is None else "add"
        yield Addition(path=path, text=text, state=state)


def _whole(path: Path, text: str) -> Addition:
    return Addition(path=path, text=text, state="new" if _is_free(path) else "kept")


def _is_free(path: Path) -> bool:
    return not (path.exists() or path.is_symlink())


def _text_of(path: Path) -> str | None:
    if _is_free(path):
        return None
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise SettingError(
            f"{path} cannot be read: {error.strerror}", "make it a readable file"
        ) from error


def write(additions: tuple[Addition, ...]) -> Iterator[Path]:
    """Write the new files, and yield each that is written.

    A file that has come into being since is left as it is.

    Raises:
        SettingError: One cannot be written.
    """
    for addition in additions:
        if addition.state != "new":
            continue
        try:
            addition.path.parent.mkdir(parents=True, exist_ok=True)
            is_written = _write_new(addition)
        except OSError as error:
            raise SettingError(
                f"{addition.path} cannot be written: {error.strerror}",
                "see that its folder can be written to",
            ) from error
        if is_written:
            yield addition.path


def _write_new(addition: Addition) -> bool:
    try:
        with addition.path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(addition.text)
    except FileExistsError:
        return False
    return True
