"""Which kind of place a key names, and the sources that stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.finding import find_file, module_places
from pytest_promptopt.prompts.jinja_file import read_jinja_file
from pytest_promptopt.prompts.key_form import is_constant, is_dotprompt, module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.prompts.document import Document
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Source, SourceRole

_IN_A_FILE = re.compile(
    r"(?P<file>.*?\.(?P<kind>toml|ya?ml|py)):(?P<steps>.*)", re.IGNORECASE
)
_PROMPT_YML = (".prompt.yml", ".prompt.yaml")
_EXTRAS = {"toml": ("tomlkit", "toml"), "yaml": ("yaml", "yaml")}


def is_prompt_yml(key: str) -> bool:
    """Tell whether a path is that of one of GitHub's prompt files."""
    return key.lower().endswith(_PROMPT_YML)


def file_of(key: str) -> str | None:
    """Return the path that a place names, as written; ``None`` if it names none.

    A module and the name of a registry's entry are no paths.
    """
    found = _IN_A_FILE.fullmatch(key)
    if found is not None:
        return found["file"]
    return None if ":" in key else key


def read_sources(
    role: SourceRole,
    key: str,
    roots: Sequence[Path],
    files: Files,
    supply: Callable[[str], Any] | None = None,
) -> tuple[Source, ...]:
    """Read what stands at a place.

    Args:
        role: Role of the message that it is; empty if it says so itself, or nothing
            does.
        key: The place as the user wrote it.
        roots: Folders that relative paths and modules are tried in, in order.
        files: Where they are read.
        supply: Asked for a key that no file or module matches; see
            :func:`~pytest_promptopt.prompts.supplied.read_supplied`.

    Returns:
        At least one source, in the order of the messages; includes not yet read.

    Raises:
        SourceError: Nothing is there, or it is no prompt.
    """
    if supply is not None and not _is_there(key, roots, files):
        from pytest_promptopt.prompts.supplied import read_supplied

        supplied = read_supplied(role, key, supply)
        if supplied is not None:
            return (supplied,)
    found = _IN_A_FILE.fullmatch(key)
    # "app.yaml:PROMPT" could be the module app/yaml.py, if there is one.
    if is_constant(key) and (found is None or module_is_there(key, roots, files)):
        from pytest_promptopt.prompts.python_constant import read_constant

        return read_constant(role, key, roots, files)
    if found is not None:
        return _read_entry(role, key, found, roots, files)
    name = Path(key).as_posix()
    if is_dotprompt(key):
        path = find_file(key, roots, files)
        from pytest_promptopt.prompts.dotprompt import read_dotprompt

        return read_dotprompt(role, name, path, FileText.read(path, files))
    if is_prompt_yml(key):
        path = find_file(key, roots, files)
        _require("yaml", path)
        from pytest_promptopt.prompts.prompt_yml import read_prompt_yml

        return read_prompt_yml(role, name, path, FileText.read(path, files))
    _refuse_bare_file(key, roots, files)
    return (read_jinja_file(role, key, roots, files),)


def _is_there(key: str, roots: Sequence[Path], files: Files) -> bool:
    if module_is_there(key, roots, files):
        return True
    return any(files.exists(root / (file_of(key) or key)) for root in roots)


def module_is_there(key: str, roots: Sequence[Path], files: Files = DISK) -> bool:
    """Tell whether a place names a constant in a module that there is."""
    return is_constant(key) and any(
        map(files.is_file, module_places(module_of(key), roots))
    )


def _read_entry(
    role: SourceRole,
    key: str,
    found: re.Match[str],
    roots: Sequence[Path],
    files: Files,
) -> tuple[Source, ...]:
    kind = "yaml" if found["kind"].lower() == "yml" else found["kind"].lower()
    path = find_file(found["file"], roots, files)
    if kind == "py":
        raise SourceError.at(
            path,
            None,
            f"{key!r} names a Python constant by its file",
            f"name it by its module: {_as_module(found['file'])}:{found['steps']}",
        )
    from pytest_promptopt.prompts.key_path import read_steps

    steps = read_steps(found["steps"])
    if steps is None:
        raise SourceError.at(
            path,
            None,
            f"{found['steps']!r} names no place in the file",
            "write the names on the way there with dots, and positions in lists in "
            "brackets: triage.messages[0].content",
        )
    document = _document(kind, path, FileText.read(path, files))
    name = f"{Path(found['file']).as_posix()}:{found['steps']}"
    from pytest_promptopt.prompts.document import read_value

    return read_value(document, role, name, steps)


def _document(kind: str, path: Path, file: FileText) -> Document:
    _require(kind, path)
    if kind == "toml":
        from pytest_promptopt.prompts.toml_value import TomlDocument

        return TomlDocument.parse(path, file)
    from pytest_promptopt.prompts.yaml_value import YamlDocument

    return YamlDocument.parse(path, file)


def _require(kind: str, path: Path) -> None:
    module, extra = _EXTRAS[kind]
    from pytest_promptopt.prompts.extras import require

    require(module, extra=extra, path=path)


def _refuse_bare_file(key: str, roots: Sequence[Path], files: Files) -> None:
    """Refuse a file of many values, which would be sent to the model as it is."""
    suffix = Path(key).suffix.lower()
    if suffix not in (".toml", ".yaml", ".yml", ".py"):
        return
    path = find_file(key, roots, files)
    if suffix == ".py":
        raise SourceError.at(
            path,
            None,
            f"{key!r} is a Python file, not the text of a prompt",
            f"name the constant in it: {_as_module(key)}:NAME",
        )
    raise SourceError.at(
        path,
        None,
        f"{key!r} holds named values, not the text of one prompt",
        f"name the value behind a colon: {Path(key).as_posix()}:triage.instructions",
    )


def _as_module(file: str) -> str:
    parts = list(Path(file).with_suffix("").parts)
    if parts[:1] == ["src"]:
        parts = parts[1:]
    if parts[-1:] == ["__init__"]:
        parts = parts[:-1]
    return ".".join(part for part in parts if part not in ("/", "."))
