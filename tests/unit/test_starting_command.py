"""``promptopt init`` writes a first prompt test, and never over anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_within
from git_project import GitProject

from pytest_promptopt.cases import load_cases
from pytest_promptopt.command import main
from pytest_promptopt.errors import CaseFileError

ASK = "Sort the ticket into one of: billing, shipping.\n{{ ticket }}\n"
NEXT = "pytest tests/test_prompts.py::test_triage"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitProject:
    project = GitProject.started(tmp_path / "shop")
    project.write({"prompts/triage.txt": ASK})
    monkeypatch.chdir(project.path)
    return project


def files(shop: GitProject) -> dict[str, bytes]:
    return {
        path.relative_to(shop.path).as_posix(): path.read_bytes()
        for path in sorted(shop.path.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_without_write_nothing_is_written(
    shop: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(shop)

    assert main(["init"]) == 0

    assert files(shop) == before
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "promptopt init prompts/triage.txt --write"


def test_the_test_is_an_error_until_its_cases_are_written(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = pytester.mkdir("prompts") / "triage.txt"
    prompt.write_text(ASK, encoding="utf-8")
    assert main(["init", "--write"]) == 0
    assert capsys.readouterr().out.endswith(f"run it:\n{NEXT}\n")
    test = "tests/test_prompts.py::test_triage"

    unfilled = run_within(pytester, test)

    unfilled.assert_outcomes(failed=1)
    unfilled.stdout.fnmatch_lines(
        [
            "prompts/triage.txt: error (setup)",
            "  cases/triage.jsonl:1: the case is not filled in: 'ticket', 'expected' "
            "are still 'FILL IN'",
            "    hint: write a real input and the right answer to it, or delete the "
            "case",
        ]
    )
    cases = pytester.path / "cases" / "triage.jsonl"
    cases.write_text('{"ticket": "A billing error", "expected": "billing"}\n')
    filled = run_within(pytester, test)
    filled.assert_outcomes(passed=1)


def test_one_value_that_is_not_written_is_enough() -> None:
    rows = [{"ticket": "a", "expected": "b"}, {"ticket": " FILL IN\n", "expected": "b"}]

    with pytest.raises(CaseFileError, match="'ticket' is still 'FILL IN'"):
        load_cases(rows, roots=(), label="cases")
    assert load_cases([{"ticket": "FILL IN the form"}], roots=(), label="cases")


def test_existing_files_are_left_and_the_text_to_add_is_shown(
    shop: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write(
        {
            "tests/test_prompts.py": "import pytest\n",
            "cases/triage.jsonl": '{"ticket": "x"}\n',
            "pyproject.toml": "[tool.pytest.ini_options]\n",
            ".gitignore": "*.pyc\n",
            ".gitattributes": "**/__prompt_baselines__/**/*.json -merge\n",
        }
    )
    before = files(shop)

    assert main(["init", "--write", "prompts/triage.txt"]) == 0

    assert files(shop) == before
    assert (
        capsys.readouterr().out
        == f"""\

--- tests/test_prompts.py: exists, left as it is; add
@pytest.mark.prompt("prompts/triage.txt", cases="cases/triage.jsonl")
def test_triage(case, output):
    assert output.strip() == case.expected

--- cases/triage.jsonl: exists, used as it is

--- pyproject.toml: exists, left as it is; add under [tool.pytest.ini_options]
# A stand-in that needs no key and no network: it shows whether the set-up
# works, not how good a prompt is.
promptopt_model = "offline:rules"
# A real model, which reads OPENAI_API_KEY: name it instead once the cases
# are written.
# promptopt_model = "openai:gpt-5-mini"

--- .gitignore: exists, left as it is; add
.promptopt/

--- .gitattributes: exists, left as it is; add
**/__prompt_baselines__/**/*.looks.jsonl merge=union

next:
  1. add what is shown above to the files that exist
  2. write real cases over 'FILL IN' in cases/triage.jsonl, and delete those you do \
not need; until then the test is an error
  3. run it:
{NEXT}
"""
    )


def test_what_a_project_has_already_is_not_asked_for_again(
    shop: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--write"]) == 0
    before = files(shop)
    capsys.readouterr()

    assert main(["init", "--write", "prompts/triage.txt"]) == 0
    named = capsys.readouterr().out
    assert main(["init", "--write"]) == 0
    alone = capsys.readouterr().out

    assert files(shop) == before
    assert named == (
        "prompts/triage.txt has a prompt test, tests/test_prompts.py:4; run it with:\n"
        "pytest tests/test_prompts.py\n"
    )
    assert alone.endswith(
        "every prompt found has a prompt test; run them with:\npytest\n"
    )


def test_a_link_in_the_way_is_not_written_through(
    shop: GitProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.path / "tests").mkdir()
    (shop.path / "tests" / "test_prompts.py").symlink_to(tmp_path / "elsewhere")

    assert main(["init", "--write"]) == 2

    assert not (tmp_path / "elsewhere").exists()
    assert "tests/test_prompts.py cannot be read" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_an_error(
    shop: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write({"cases": "a file"})

    assert main(["init", "--write"]) == 2

    assert "cases/triage.jsonl cannot be written: " in capsys.readouterr().err


def test_a_text_without_inputs_gets_a_user_message(shop: GitProject) -> None:
    shop.write({"prompts/tone_system.txt": "Say whether the mail of a lady is kind."})

    assert main(["init", "--write", "prompts/tone_system.txt"]) == 0

    written = files(shop)
    assert written["tests/tone_user.j2"] == b"{{ input }}\n"
    assert written["tests/test_prompts.py"].decode() == (
        "import pytest\n"
        "\n"
        "\n"
        "@pytest.mark.prompt(\n"
        '    system="prompts/tone_system.txt",\n'
        '    user="tests/tone_user.j2",\n'
        '    cases="cases/tone.jsonl",\n'
        ")\n"
        "def test_tone(case, output):\n"
        "    assert output.strip() == case.expected\n"
    )
    assert b'"input": "FILL IN"' in written["cases/tone.jsonl"]


@pytest.mark.parametrize(
    ("files_there", "place"),
    [
        ({"prompts/a.j2": "{# promptopt: system -#}\nBe kind.\n"}, "prompts/a.j2"),
        (
            {"app.py": 'M = [{"role": "user", "content": "Sort these tickets"}]\n'},
            "app:M",
        ),
        (
            {"prompts/a_system.md": "Be kind.", "prompts/a_user.md": "Say hello now."},
            "prompts/a_system.md",
        ),
    ],
)
def test_messages_with_roles_get_none(
    shop: GitProject, files_there: dict[str, str | bytes], place: str
) -> None:
    shop.write(files_there)

    assert main(["init", "--write", place]) == 0

    written = files(shop)
    assert not [name for name in written if name.startswith("tests/") and "j2" in name]
    (cases,) = (name for name in written if name.startswith("cases/"))
    assert written[cases].startswith(b'{"id": "case1", "expected": "FILL IN"}\n')


def test_the_syntax_of_each_message_is_said(shop: GitProject) -> None:
    shop.write(
        {
            "app.py": 'A_SYSTEM = "Reply to {name} in JSON"\n'
            'A_USER = "Question: {{ question }}"\n'
        }
    )

    assert main(["init", "--write", "app:A_SYSTEM"]) == 0

    text = files(shop)["tests/test_prompts.py"].decode()
    assert '    syntax={"system": "format"},\n' in text
    assert "def test_a(case, completion):\n" in text
    assert "    assert completion.json == case.expected\n" in text


def test_a_prompt_that_the_search_leaves_out_can_be_named(
    shop: GitProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write({"notes/short.txt": "Sort: {{ ticket }}", "notes/pytest.txt": "x"})
    monkeypatch.chdir(shop.path / "notes")

    assert main(["init", "..", "short.txt", "--write"]) == 0

    assert b'"notes/short.txt"' in files(shop)["tests/test_prompts.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["prompts/triag.txt"],
            "promptopt: 'prompts/triag.txt' is neither a folder nor a prompt that can "
            "be read: prompt file 'prompts/triag.txt' does not exist: tried "
            "{root}/prompts/triag.txt\n  hint: did you mean 'prompts/triage.txt'?\n",
        ),
        (
            ["nowhere", "prompts/triage.txt"],
            "promptopt: there is no folder 'nowhere'\n"
            "  hint: name a folder that exists\n",
        ),
        (
            ["app.py"],
            "promptopt: 'app.py' holds 2 prompts\n"
            "  hint: name one of them: 'app:PROMPTS[a]', 'app:PROMPTS[b]'\n",
        ),
        (
            ["app:late"],
            "promptopt: 'app:late' is neither a folder nor a prompt that can be read: "
            "app.py:4: 'late' is bound by a function, not by an assignment of a "
            "string\n"
            "  hint: name the module and constant where the string stands\n",
        ),
        (
            ["LATE_PROMPT"],
            "promptopt: app.py:2: LATE_PROMPT is an f-string, whose text exists only "
            "when the program runs\n  hint: write a plain string with {{ variable }} "
            "where the values go\n",
        ),
    ],
)
def test_a_prompt_that_is_none_is_wrong_usage(
    shop: GitProject,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    shop.write(
        {
            "app.py": 'PROMPTS = {"a": "Sort {x} now", "b": "Sort {x} later"}\n'
            'LATE_PROMPT = f"Sort this {PROMPTS} at last"\n'
            "\ndef late(): ...\n"
        }
    )

    assert main(["init", *arguments]) == 2

    root = str(shop.path.resolve())
    assert capsys.readouterr().err == said.replace("{root}", root)


def test_nothing_found_is_an_exit_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path)]) == 1

    assert capsys.readouterr().out == (
        f"no prompt that a prompt test can read: {tmp_path.resolve()}, 0 files looked "
        "at\nif you know one, name it, for example:\n"
        f"promptopt init {tmp_path} prompts/triage.txt\n"
    )


@pytest.mark.parametrize("arguments", [[], ["start"], ["init", "--force"]])
def test_wrong_options_are_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: promptopt" in capsys.readouterr().err


def test_names_of_files_steer_no_terminal(
    shop: GitProject, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write({"prompts/\x1b[2Jx.txt": ASK})

    assert main(["init"]) == 0

    assert "\x1b" not in capsys.readouterr().out


def test_the_script_runs_without_pytest_and_ends_quietly_in_a_pipe(
    shop: GitProject,
) -> None:
    script = (
        "import sys\n"
        "from pytest_promptopt.command import main\n"
        "code = main(['init'])\n"
        "assert not {'pytest', '_pytest', 'openai'} & set(sys.modules)\n"
        "sys.exit(code)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()  # before it writes: its reader has gone

    _, said = process.communicate(timeout=60)

    assert said == b""
    assert process.returncode == 0
