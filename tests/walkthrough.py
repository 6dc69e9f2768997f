"""Pages of the docs that are followed from top to bottom, as a reader would.

A page is a row of steps: files that it shows are written, commands are typed, and what
they print is held against what stands below them. Marks are comments, which no reader
sees: ``<!-- file: PATH -->`` before a block is a file, ``<!-- shows: PATH -->`` what a
file holds by then or begins with, ``<!-- copy: FROM TO -->`` a file to be had beside
the page, and ``<!-- after: PAGE -->`` takes the files that another page begins with.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from readme import ROOT, matches

from pytest_promptopt.command import main

if TYPE_CHECKING:
    import pytest

DOCS = ROOT / "docs"
STEP = re.compile(
    r"<!-- (?P<does>copy|after): (?P<what>.+?) -->"
    r"|(?:<!-- (?P<comment>[^\n]+?) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
ALONE = {
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""What keeps the machine's own settings from git."""

VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "2026-01-31"),
    (re.compile(r"\bin \d+\.\d+s"), "in 0.10s"),
    (re.compile(r"={3,}"), "==="),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of a page.

    Attributes:
        command: As it is typed.
        shown: The lines that the page shows below it.
    """

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds, and what the page says that it does.

    Attributes:
        holds: The text of the file.
        shown: The text of the page.
    """

    holds: str
    shown: str


def alike(text: str) -> list[str]:
    """Return lines without what differs from day to day and from width to width."""
    for varying, fixed in VARIES:
        text = varying.sub(fixed, text)
    return [line.rstrip() for line in text.splitlines()]


def prints(printed: str, code: int, shown: tuple[str, ...]) -> bool:
    """Return whether what a command printed is what a page shows.

    Where a page shows nothing, the command has to succeed.
    """
    if not shown:
        return code == 0
    return matches(alike(printed), alike("\n".join(shown)))


def to_show(command: str, printed: str) -> list[str]:
    """Return what a page shows of what a command printed."""
    lines = [line.rstrip() for line in printed.rstrip("\n").splitlines()]
    sections = "prompts" if "--promptopt-case" in command else "ERRORS|FAILURES|prompts"
    begins = re.compile(rf"=+ (?:{sections}) =+")
    for number, line in enumerate(lines):
        if begins.fullmatch(line):
            below = lines[number + 1 :]
            return ["...", *(below[1:] if not below[0] else below)]
    return lines


def typed(text: str) -> Iterator[Typed]:
    """Yield the commands of a console block, each with what is shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {shown.pop(0).strip()}"
        yield Typed(command, tuple(shown))


def begin(page: Path, folder: Path) -> None:
    """Write the files that a page starts with, each as it is shown first."""
    for step in STEP.finditer(page.read_text("utf-8")):
        name = named_file(step)
        if name and not (folder / name).exists():
            write_file(step, folder / name, page)


def named_file(step: re.Match[str]) -> str:
    """Return the file that a step writes, if it writes one."""
    if step["does"] == "copy":
        return step["what"].split()[1]
    comment = step["comment"] or ""
    return comment.removeprefix("file: ") if comment.startswith("file: ") else ""


def write_file(step: re.Match[str], path: Path, page: Path) -> None:
    """Write the file of a step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if step["does"] == "copy":
        shutil.copyfile(page.parent / step["what"].split()[0], path)
    else:
        path.write_text(step["text"], encoding="utf-8", newline="\n")


def follow(page: Path, folder: Path) -> Iterator[Typed | Held]:
    """Take the steps of a page in a folder, but for what the caller has to do.

    Args:
        page: The page.
        folder: Where its files are written.

    Yields:
        Commands to run, and what files hold.
    """
    for step in STEP.finditer(page.read_text("utf-8")):
        comment = step["comment"] or ""
        if name := named_file(step):
            write_file(step, folder / name, page)
        elif step["does"] == "after":
            begin(page.parent / step["what"], folder)
        elif comment.startswith("shows: "):
            path = folder / comment.removeprefix("shows: ")
            yield Held(path.read_text("utf-8"), step["text"])
        elif step["kind"] == "console":
            yield from typed(step["text"])


def run(command: str, pytester: pytest.Pytester) -> tuple[str, int]:
    """Run a command in the folder of a test; pytest and promptopt in this process.

    Returns:
        What it printed, and its exit code.
    """
    from conftest import run_within

    program, *arguments = shlex.split(command)
    if program == "pytest":
        result = run_within(pytester, *arguments)
        return result.stdout.str(), int(result.ret)
    if program == "promptopt":
        with redirect_stdout(io.StringIO()) as printed:
            code = main(arguments)
        return printed.getvalue(), code
    assert program == "git", command
    done = subprocess.run(
        [program, *arguments],
        check=False,
        capture_output=True,
        env={**os.environ, **ALONE},
    )
    return (done.stdout + done.stderr).decode(), done.returncode
