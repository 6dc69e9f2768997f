"""The project that a folder belongs to, as pytest sees it."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git.trees import work_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

# In a folder, the first that configures pytest counts.
_NAMES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
_PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ini:
    """The file that configures pytest.

    Attributes:
        file: Its name, in the project's root.
        header: The line above pytest's settings in it.
        has_header: Whether it has that line already.
        values: The settings.
    """

    file: str
    header: str
    has_header: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_toml(self) -> bool:
        """Whether texts in it need quotes."""
        return self.file.endswith(".toml")

    def words(self, name: str) -> tuple[str, ...]:
        """Return a setting that is a list of words or paths."""
        value = self.values.get(name) or ()
        return tuple(value.split() if isinstance(value, str) else map(str, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project.

    Attributes:
        root: Pytest's root folder, which the paths of prompt tests are relative to.
        folder: Where prompts are looked for: the root, or a folder below it.
        ini: The file with pytest's settings, or the one that would hold them.
        top: The top of the git work tree, if there is one.
    """

    root: Path
    folder: Path
    ini: Ini
    top: Path | None

    @property
    def pythonpath(self) -> tuple[Path, ...]:
        """The folders that pytest adds to Python's path."""
        return tuple(self.root / entry for entry in self.ini.words("pythonpath"))

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that places of prompts are tried in."""
        return (self.root, *self.pythonpath)

    @property
    def tests(self) -> str:
        """The folder of the tests, relative to the root; it need not exist."""
        said = self.ini.words("testpaths")[:1]
        for name in (*said, "tests", "test"):
            if (self.root / name).is_dir():
                return Path(name).as_posix()
        return "tests"


def project_of(folder: Path) -> Project:
    """Find the project that a folder is of, as pytest finds its root folder.

    Args:
        folder: An existing folder, absolute.

    Raises:
        SettingError: A file that configures pytest cannot be read.
    """
    top = work_tree(folder)
    # Git gives the path without links; what lies above its work tree is not ours.
    real = folder.resolve()
    above = [each for each in real.parents if top is None or each.is_relative_to(top)]
    pyproject: Path | None = None
    for place in (real, *above):
        for name in _NAMES:
            ini = _read(place / name)
            if ini is not None:
                return Project(root=place, folder=real, ini=ini, top=top)
        if pyproject is None and (place / _PYPROJECT).is_file():
            pyproject = place
    if pyproject is not None:
        ini = Ini(file=_PYPROJECT, header="[tool.pytest.ini_options]")
        return Project(root=pyproject, folder=real, ini=ini, top=top)
    ini = Ini(file="pytest.ini", header="[pytest]")
    return Project(root=real, folder=real, ini=ini, top=top)


def _read(path: Path) -> Ini | None:
    """Return what a file says; ``None`` if it does not configure pytest."""
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _toml(path, text) if path.suffix == ".toml" else _ini(path, text)
    except (OSError, ValueError, configparser.Error) as error:
        said = str(error).splitlines()[0]
        raise SettingError(f"{path} cannot be read: {said}", "mend the file") from error


def _toml(path: Path, text: str) -> Ini | None:
    import tomli

    document = tomli.loads(text)
    if path.name != _PYPROJECT:
        own = document.get("pytest")
        values = own if isinstance(own, dict) else {}
        return Ini(
            file=path.name, header="[pytest]", has_header=own is not None, values=values
        )
    tool = document.get("tool")
    table = tool.get("pytest") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return None
    options = table.get("ini_options")
    if isinstance(options, dict):
        header = "[tool.pytest.ini_options]"
        return Ini(file=path.name, header=header, has_header=True, values=options)
    return Ini(file=path.name, header="[tool.pytest]", has_header=True, values=table)


def _ini(path: Path, text: str) -> Ini | None:
    parser = configparser.RawConfigParser(
        allow_no_value=True, strict=False, default_section=""
    )
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(text)
    section = "tool:pytest" if path.suffix == ".cfg" else "pytest"
    if parser.has_section(section):
        values = dict(parser.items(section))
        return Ini(
            file=path.name, header=f"[{section}]", has_header=True, values=values
        )
    # A file of pytest's own configures it by being there.
    own = path.name in ("pytest.ini", ".pytest.ini")
    return Ini(file=path.name, header="[pytest]") if own else None
