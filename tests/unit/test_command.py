"""The console script: its commands, and what it does when it is stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_promptopt import command
from pytest_promptopt.command import COMMANDS, main
from pytest_promptopt.starting import command as starting


def test_help_names_every_command_with_what_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])

    assert left.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {said}" in told for name, (_, said) in COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_takes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])

    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: promptopt {name} [-h]")


@pytest.mark.parametrize("given", [[], ["publish"], ["pr", "--force"]])
def test_wrong_usage_ends_with_2(given: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(given)

    assert left.value.code == 2


def test_python_dash_m_runs_the_same_script(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_promptopt", "pr", "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("promptopt: no search was run in ")
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(starting, "run", stop)

    assert main(["init"]) == command.INTERRUPTED == 130
    assert capsys.readouterr().err == "promptopt: interrupted\n"


def test_a_command_does_not_import_what_the_others_need() -> None:
    code = (
        "import sys\nfrom pytest_promptopt.command import main\n"
        "try:\n    main(['init', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in sys.modules if '.publishing' in m or '.github' in m])\n"
    )

    printed = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert printed.splitlines()[-1] == "[]"
