"""Where files are looked for, and what to say if they are not there."""

from __future__ import annotations

import difflib
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.files import DISK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.files import Files

_FILES_LOOKED_AT = 5000

_TEST_MODULE = re.compile(r"test_.*\.py")
"""Named like what it tests, it would look like what was meant."""

_RELATIVE = "write the path relative to one of these folders, or create the file"


def find_file(key: str, roots: Sequence[Path], files: Files = DISK) -> Path:
    """Find the file that a prompt test names.

    Args:
        key: Its path as written; relative ones are tried in each root, in order.
        roots: Folders.
        files: Where it is looked for.

    Returns:
        The absolute path, symbolic links resolved: git edits no file through a link.

    Raises:
        SourceError: There is none, or it is a folder.
    """
    if "\n" in key or "{{" in key:
        raise SourceError(
            f"{key[:40]!r} is no path of a prompt file",
            "put the text into a file or a Python constant and name that",
        )
    for root in roots:
        path = root / key
        if files.is_file(path):
            return files.resolve(path)
        if files.exists(path):
            raise SourceError.at(path, None, "is a folder", "name a file in it")
    tried = [str(root / key) for root in roots]
    raise SourceError(
        f"prompt file {key!r} does not exist: tried {', '.join(dict.fromkeys(tried))}",
        did_you_mean(key, roots, suffix=Path(key).suffix, files=files),
    )


def find_module(
    module: str,
    roots: Sequence[Path],
    files: Files = DISK,
    *,
    otherwise: str = _RELATIVE,
) -> Path:
    """Find the file of a Python module.

    Args:
        module: Its dotted name.
        roots: Folders that have it, in them or in their ``src`` folder.
        files: Where it is looked for.
        otherwise: What to do if no file has a name like it.

    Raises:
        SourceError: There is none.
    """
    tried = module_places(module, roots)
    for path in tried:
        if files.is_file(path):
            return files.resolve(path)
    inner = module.replace(".", "/")
    raise SourceError(
        f"module {module!r} does not exist: tried {', '.join(map(str, tried))}",
        did_you_mean(
            f"{inner}.py",
            roots,
            suffix=".py",
            files=files,
            otherwise=otherwise,
        ),
    )


def module_places(module: str, roots: Sequence[Path]) -> list[Path]:
    """Return the files that a module may be, the first that there is holds."""
    inner = module.replace(".", "/")
    folders = dict.fromkeys(folder for root in roots for folder in (root, root / "src"))
    return [
        folder / name
        for folder in folders
        for name in (f"{inner}/__init__.py", f"{inner}.py")
    ]


def did_you_mean(
    key: str,
    roots: Sequence[Path],
    *,
    suffix: str,
    files: Files = DISK,
    otherwise: str = _RELATIVE,
) -> str:
    """Say which existing files have a name like the one that does not exist."""
    names: dict[str, None] = {}
    for root in roots:
        looked_at = islice(files.names(root), _FILES_LOOKED_AT)
        names.update(
            (name, None)
            for name in looked_at
            if name.endswith(suffix) and not _TEST_MODULE.fullmatch(Path(name).name)
        )
    wanted = Path(key).as_posix()
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
    same_name = [name for name in names if Path(name).name == Path(key).name]
    shown = list(dict.fromkeys([*same_name, *close]))[:3]
    if not shown:
        return otherwise
    return f"did you mean {' or '.join(repr(name) for name in shown)}?"
