"""What users import, and what the distribution says of itself."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import tomli

import pytest_promptopt
from pytest_promptopt import errors

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", pytest_promptopt.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    assert getattr(pytest_promptopt, name).__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        pytest_promptopt.Nothing  # noqa: B018


def test_the_version_is_the_distributions_and_the_changelogs() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert pytest_promptopt.__version__ == metadata.version("pytest-promptopt")
    assert f"## {pytest_promptopt.__version__}" in changelog


def test_the_import_of_the_package_costs_no_other_module() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import pytest_promptopt, pytest_promptopt.plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    ours = ["pytest_promptopt", "pytest_promptopt.options", "pytest_promptopt.plugin"]
    assert done.stdout.strip() == str(ours)


def test_every_error_is_in_the_tree_of_the_module_docstring() -> None:
    own = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PromptOptError)
    ]

    assert [name for name in own if name not in str(errors.__doc__)] == []


def test_an_error_survives_pickling_and_says_problem_and_hint() -> None:
    import pickle

    error = errors.SettingError("steps=0", "write steps=8")

    again = pickle.loads(pickle.dumps(error))

    assert str(again) == str(error) == "steps=0\n  hint: write steps=8"


def test_the_entry_point_is_called_promptopt() -> None:
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["entry-points"]["pytest11"] == {
        "promptopt": "pytest_promptopt.plugin"
    }
    assert (Path(pytest_promptopt.__file__).parent / "py.typed").is_file()
