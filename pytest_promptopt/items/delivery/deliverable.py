"""Whether a prompt can be delivered as its marker says: known before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.prompts.key_form import is_dotprompt
from pytest_promptopt.prompts.named import by_name
from pytest_promptopt.prompts.reading import file_of, module_is_there
from pytest_promptopt.prompts.splice import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_promptopt.items.marker import PromptMark
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import Source

_BY_ARGUMENT = (
    "leave deliver= out, take 'prompt' and hand prompt.text or prompt.render(...) to "
    "the application"
)


def check_keys(mark: PromptMark, roots: Sequence[Path]) -> None:
    """Refuse places that are no good for the way, as far as their names tell.

    Args:
        mark: The marker's arguments.
        roots: Folders that paths and modules are relative to.

    Raises:
        SettingError: There is one.
    """
    for key in _keys(mark):
        is_file = file_of(key) is not None and not module_is_there(key, roots)
        if mark.deliver == "attribute" and is_file:
            raise _no_constant(key)
        if mark.deliver == "file" and is_dotprompt(key):
            raise _not_written(
                key, "a Dotprompt file is read and never rewritten", _BY_ARGUMENT
            )


def _keys(mark: PromptMark) -> Iterator[str]:
    for places in by_name(mark.sources).values():
        yield from places.values()


def check_sources(mark: PromptMark, prompt: Prompt, root: Path) -> None:
    """Refuse the same, once the prompt has been read.

    Args:
        mark: The marker's arguments.
        prompt: The prompt.
        root: The project's folder.

    Raises:
        SettingError: A source is no good for the way.
    """
    for source in prompt.sources:
        if mark.deliver == "attribute" and (
            source.label or source.path.suffix != ".py"
        ):
            raise _no_constant(source.key)
        if mark.deliver == "file":
            _check_written(source, root)


def _check_written(source: Source, root: Path) -> None:
    if source.label:
        problem = "it is supplied by pytest_promptopt_source and stands in no file"
        raise _not_written(source.key, problem, _BY_ARGUMENT)
    if isinstance(source.place, ReadOnly):
        raise _not_written(source.key, source.place.problem, _BY_ARGUMENT)
    if not source.path.is_relative_to(root.resolve()):
        raise _not_written(
            source.key,
            f"{str(source.path)!r} is not below pytest's root folder {str(root)!r}, "
            "which is what is copied",
            "start pytest with --rootdir=FOLDER, a folder that has both",
        )


def _no_constant(key: str) -> SettingError:
    return SettingError(
        f'deliver="attribute" replaces a Python constant, and {key!r} is none',
        'write deliver="file", or name the constant: "myapp.prompts:TRIAGE"',
    )


def _not_written(key: str, problem: str, hint: str) -> SettingError:
    return SettingError(
        f'deliver="file" writes the text into a copy of the project, and {key!r} '
        f"cannot be written: {problem}",
        hint,
    )
