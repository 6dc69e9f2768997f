"""Recording the baseline of a changed prompt, in a second work tree."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from pytest_promptopt.baseline import FOLDER, looks_path_for, parse, path_for
from pytest_promptopt.errors import BaselineError, PublishError
from pytest_promptopt.looks import Look, parse_looks, render_look
from pytest_promptopt.publishing.naming import check_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.publishing.program import Git
    from pytest_promptopt.publishing.verifying import EditedSource
    from pytest_promptopt.records import TestResult

# Code of the repository runs here, which has no business with these.
_WITHHELD = (
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_OUTPUT",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_STATE",
)
_LAST_LINES = 25
_PATIENCE_S = 20.0
_SOME_TIME = 1_000_000_000


def record_command(nodeids: Sequence[str]) -> str:
    """Return the command that records baselines, as one types it."""
    return f"pytest {shlex.join(nodeids)} --promptopt-update-baseline"


def check_nodeid(nodeid: str) -> None:
    """Refuse what pytest would take for something else than a test of the project.

    Raises:
        PublishError: It is no node id.
    """
    file, colons, _ = nodeid.partition("::")
    if not colons or nodeid[0] in "-@" or "\n" in nodeid or "\0" in nodeid:
        raise PublishError(
            f"{nodeid!r} is no prompt test", "run pytest --optimize-prompts again"
        )
    check_inside(file)


def record(root: Path, nodeids: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run pytest to record baselines; this calls the model.

    Args:
        root: Pytest's root folder in the second work tree.
        nodeids: The prompt tests.
        environ: The environment variables.

    Raises:
        PublishError: The run fails.
    """
    for nodeid in nodeids:
        _settle(path_for(*_test_of(nodeid, root)))
    kept = {name: value for name, value in environ.items() if name not in _WITHHELD}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
        [*command, *nodeids, "--promptopt-update-baseline"],
        cwd=root,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Ctrl-C reaches it through us alone, once, as any other request to end does.
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        lines = output.decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
        told = "".join(f"\n  | {line}" for line in lines)
        raise PublishError(
            f"the baseline cannot be recorded: {record_command(nodeids)} ends with "
            f"exit code {process.returncode}:{told}",
            "mend that, or record it by hand; nothing was pushed",
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have pytest end as after Ctrl-C, so that it saves what it has."""
    if os.name == "posix":
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_PATIENCE_S)
    process.kill()
    process.communicate()


def _settle(path: Path) -> None:
    """Give a baseline the same times in every second work tree.

    A recording draws anew once a record was written, which is told by them; where it
    is repeated after a fault, replies are not to be paid for twice.
    """
    for entry in (path, path.parent):
        if entry.exists():
            os.utime(entry, (_SOME_TIME, _SOME_TIME))


def keep_looks(results: Sequence[TestResult], root: Path, date: str) -> None:
    """Add the uses of hold-outs to their committed files, as the search did.

    Args:
        results: The prompt tests whose searches used them.
        root: Pytest's root folder in the second work tree.
        date: Day of the search, ISO 8601.

    Raises:
        PublishError: A file of looks cannot be read.
    """
    for result in results:
        told = result.search.look if result.search is not None else None
        if told is None:
            continue
        file, name = _test_of(result.nodeid, root)
        path = looks_path_for(file, name)
        try:
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            known = {look.run for look in parse_looks(text, path)}
            look = Look.at(**told, date=date)
        except (BaselineError, OSError, ValueError, TypeError) as error:
            raise PublishError(
                f"{path.relative_to(root)}: the uses of the hold-out cannot be read: "
                f"{error}",
                "restore the file from git",
            ) from None
        if look.run not in known:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + render_look(look), encoding="utf-8", newline="\n")


def recorded_files(git: Git) -> tuple[str, ...]:
    """Return the baselines that a recording changed, relative to the top.

    Args:
        git: Git in the second work tree, where nothing else differs from HEAD.

    Raises:
        PublishError: None did, or the run changed a file that is none.
    """
    said = git.do(
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        hint="report this",
    )
    entries = [(entry[:2], entry[3:]) for entry in said.split("\0") if entry]
    baselines = [name for _, name in entries if FOLDER in name.split("/")[:-1]]
    others = [
        name for state, name in entries if name not in baselines and state != "??"
    ]
    if others:
        raise PublishError(
            f"the run that records the baseline changes {others[0]}, which is none",
            "have the tests leave the files of the repository as they are",
        )
    if not baselines:
        raise PublishError(
            "the run that records the baseline wrote none that git would commit",
            f"see that git does not ignore {FOLDER}",
        )
    return tuple(sorted(baselines))


def check_recorded(sources: Sequence[EditedSource], root: Path) -> None:
    """Check that the prompt tests have used the rewritten prompts.

    What a baseline says was read by the tests themselves: so a file that no test reads
    as a prompt is never changed, whatever a record says.

    Args:
        sources: The rewritten sources.
        root: Pytest's root folder in the second work tree.

    Raises:
        PublishError: A test's baseline has another text, or none.
    """
    for source in sources:
        file, name = _test_of(source.nodeid, root)
        path = path_for(file, name)
        try:
            prompt = parse(path.read_text(encoding="utf-8"), path).prompt
            texts = list(_texts(prompt, source))
        except (OSError, ValueError, KeyError, TypeError, BaselineError):
            texts = []
        if source.text not in texts:
            raise PublishError(
                f"{source.nodeid} does not use the new text of {source.key}: it is "
                "not in the baseline that was recorded",
                "see that the test reads the prompt from the repository, and not from "
                "an installed package",
            )


def _texts(prompt: Mapping[str, object], source: EditedSource) -> Iterator[object]:
    entries = prompt["sources"]
    if not isinstance(entries, list):
        return
    for entry in entries:
        told = (entry["role"], entry["key"], entry.get("name", ""))
        if told == (source.role, source.key, source.name):
            yield entry["text"]


def _test_of(nodeid: str, root: Path) -> tuple[Path, str]:
    """Return the file and the qualified name of a prompt test."""
    file, _, rest = nodeid.partition("::")
    names, bracket, parameters = rest.partition("[")
    return root / file, names.replace("::", ".") + bracket + parameters
