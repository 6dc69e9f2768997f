"""The files beside the test module that the scores of a prompt test depend on."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.items import places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_promptopt.items.marker import PromptMark


def watched_files(
    item: pytest.Function,
    mark: PromptMark,
    tried: tuple[Path, ...],
    code: Sequence[Path],
) -> list[Path]:
    """Return the files beside the test module that the scores depend on.

    Args:
        item: The marked item.
        mark: Its marker.
        tried: Folders that relative paths are tried in, in order.
        code: Files of the project that its Jinja environment is made in.

    Raises:
        PromptOptError: A watched file is not there.
    """
    names, sources = [*mark.watch], [*code]
    if mark.scorer is not None:
        from pytest_promptopt.scorers import files_of

        names += files_of(mark.scorer)
        sources += _sources_of(mark.scorer)
    named = [places.locate(name, tried) for name in names]
    return named + [path for path in sources if _is_the_projects(path, item)]


def _sources_of(marked: Any) -> Iterator[Path]:
    """Yield the files that a marker's scorer, and those it is made of, are in."""
    from pytest_promptopt.scorers import leaves
    from pytest_promptopt.scorers.own_asking import asks

    for scorer in leaves(marked):
        if not (callable(scorer) or asks(scorer)):
            continue
        try:
            source = inspect.getsourcefile(inspect.unwrap(scorer))
        except TypeError:  # a callable object, or one written in C
            source = inspect.getsourcefile(type(scorer))
        if source is not None:
            yield Path(source)


def _is_the_projects(source: Path, item: pytest.Function) -> bool:
    # An installed package lies elsewhere on another machine, whose verdict must not
    # depend on that.
    return (
        source.is_relative_to(item.config.rootpath)
        and "site-packages" not in source.parts
        and source != item.path
    )


def digest_of_file(path: Path) -> str:
    """Return the digest of a text file on the disk, whatever its line ends."""
    return digest_of_source(path.read_bytes())


def digest_of_source(content: bytes) -> str:
    """Return the digest of a text file, whatever its line ends."""
    # A checkout may turn line ends; that changes no test.
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
