"""The templates that a source includes, extends or imports, read once and recorded."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from jinja2 import nodes

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.annotations import find_marks
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.finding import did_you_mean
from pytest_promptopt.prompts.jinja_parsing import (
    constant_names,
    parse_template,
    placed_errors,
)
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.prompts.source import Include

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment

_REFERENCES = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)


def read_includes(
    tree: nodes.Template,
    path: Path,
    folders: Sequence[Path],
    line_in_file: Callable[[int], int] = int,
    files: Files = DISK,
    environment: ProjectEnvironment = PLAIN,
) -> dict[str, Include]:
    """Read every template that one needs, also at second hand.

    Args:
        tree: The template, parsed.
        path: Its file, for messages; absolute.
        folders: Where names are looked for, in order. Nothing outside them is read
            but what the loader of ``environment`` finds.
        line_in_file: Turns a line of the template into one of its file.
        files: Where they are read.
        environment: The project's environment; its loader is asked last.

    Returns:
        The templates by the name they are included by, sorted by name.

    Raises:
        TemplateError: A name is computed, leaves the folders or leads nowhere.
    """
    found: dict[str, Include] = {}
    waiting = [(tree, path, line_in_file)]
    while waiting:
        including, at, to_file = waiting.pop()
        for name, line, needed in _references(including, at, to_file):
            if name in found:
                continue
            include = _read(name, folders, at, line, files, environment)
            if include is None and not needed:
                continue
            if include is None:
                raise TemplateError.at(
                    at,
                    line,
                    f"template {name!r} does not exist: tried "
                    + ", ".join(str(folder / name) for folder in folders),
                    did_you_mean(name, folders, suffix=Path(name).suffix, files=files),
                )
            text, file = include.text, include.path
            with placed_errors(text, file, dialect=environment.dialect):
                find_marks(split_pieces(text, environment.dialect))
            found[name] = include
            included = parse_template(text, file, environment=environment)
            waiting.append((included, file, int))
    return dict(sorted(found.items()))


def _read(
    name: str,
    folders: Sequence[Path],
    at: Path,
    line: int,
    files: Files,
    environment: ProjectEnvironment,
) -> Include | None:
    file = _locate(name, folders, at, line, files)
    if file is None:
        loaded = environment.find(name)
        if loaded is None:
            return None
        text, file = loaded
        # At a commit, the loader sees the file as it is now.
        if not (file.is_absolute() and files.is_file(files.resolve(file))):
            return Include(path=file, text=text)
        file = files.resolve(file)
    return Include(path=file, text=FileText.read(file, files).text)


def _references(
    tree: nodes.Template, path: Path, line_in_file: Callable[[int], int]
) -> Iterator[tuple[str, int, bool]]:
    for node in tree.find_all(_REFERENCES):
        target: nodes.Expr = node.template  # type: ignore[attr-defined]
        names = constant_names(target)
        if names is None:
            raise TemplateError.at(
                path,
                line_in_file(node.lineno),
                "the name of an included template is computed, so that it cannot be "
                "recorded with the prompt",
                'write the name as a string: {% include "name.j2" %}',
            )
        optional = len(names) > 1 or getattr(node, "ignore_missing", False)
        for name in names:
            yield name, line_in_file(node.lineno), not optional


def _locate(
    name: str, folders: Sequence[Path], at: Path, line: int, files: Files
) -> Path | None:
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
    if absolute or "\\" in name or "\0" in name or ".." in PurePosixPath(name).parts:
        raise TemplateError.at(
            at,
            line,
            f"template {name!r} is not a plain path below the prompt's folders",
            "write a relative path with '/' and without '..'",
        )
    for folder in folders:
        file = files.resolve(folder / name)
        if not files.is_file(file):
            continue
        if not any(file.is_relative_to(files.resolve(allowed)) for allowed in folders):
            raise TemplateError.at(
                at,
                line,
                f"template {name!r} is a link that leads out of the prompt's folders",
                "put the file itself there",
            )
        return file
    return None


def search_folders(
    path: Path, roots: Sequence[Path], files: Files = DISK
) -> tuple[Path, ...]:
    """Return where the includes of a template are looked for, nearest first.

    That is its own folder, the folders above it up to the root that it lies in, and
    the roots.
    """
    folders = [path.parent]
    tops = [files.resolve(root) for root in roots]
    for top in tops:
        if path.parent.is_relative_to(top):
            above = [path.parent, *path.parent.parents]
            folders += above[: above.index(top) + 1]
            break
    return tuple(dict.fromkeys([*folders, *tops]))
