"""What the command-line options take: one function for each kind of value.

Loaded when such an option is given; :mod:`pytest_promptopt.options` names them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal, cast, get_args

Kind = Literal["html", "md", "json"]
KINDS = get_args(Kind)
"""What a report can be written as."""


def budget(text: str) -> str:
    """Take what a run may spend, such as ``"500-calls,2usd"``, as it is written."""
    from pytest_promptopt.amounts import read_amounts
    from pytest_promptopt.errors import SettingError

    try:
        read_amounts(text)
    except SettingError as error:
        raise argparse.ArgumentTypeError(f"{error.problem}; {error.hint}") from None
    return text


def file_name(text: str) -> str:
    """Take the path of a file to write, which an empty string is not."""
    if not text.strip() or text.endswith(("/", "\\")):
        raise argparse.ArgumentTypeError(f"{text!r} is not the path of a file")
    if text.endswith(".md"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is where the pull-request text would go; end it in .diff"
        )
    return text


def report(text: str) -> tuple[Kind, str]:
    """Take the kind of a report and the path it is written to: ``"html:out.html"``.

    Returns:
        The kind, and the path as it is written but for a home folder's ``~``.
    """
    kind, colon, path = text.partition(":")
    if not colon or kind not in KINDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no report; write html:PATH, md:PATH or json:PATH, such as "
            "html:prompts.html"
        )
    if not path.strip() or path.endswith(("/", "\\")) or "\0" in path:
        raise argparse.ArgumentTypeError(
            f"{text!r}: {path!r} is not the path of a file; write one behind "
            f"{kind}:, such as {kind}:prompts.{kind}"
        )
    try:
        return cast("Kind", kind), str(Path(path).expanduser())
    except RuntimeError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: there is no such home folder; write the whole path"
        ) from None


def case_id(text: str) -> str:
    """Take the id of a case, which an empty string is not."""
    if not text:
        raise argparse.ArgumentTypeError("an empty text is no case id")
    return text


def commit(text: str) -> str:
    """Take the name of a commit, which a blank text or an option of git's is not."""
    if not text.strip() or text.startswith("-"):
        raise argparse.ArgumentTypeError(
            f"{text!r} names no commit; name a branch, a tag or a commit, "
            "such as origin/main, or none"
        )
    return text


def reason(text: str) -> str:
    """Take the reason for a change, which a blank text is not."""
    if not text.strip():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no reason; say in a sentence why the change is wanted"
        )
    return text.strip()
