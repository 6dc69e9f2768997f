"""Git as ``promptopt pr`` runs it: it writes commits, and reaches the remote."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PublishError
from pytest_promptopt.git.asking import OF_A_HOOK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SETTINGS = {
    "LC_ALL": "C",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
# Hooks of a clone are somebody's habits, not a part of the commits made here.
_CONFIG = (("core.hooksPath", os.devnull), ("advice.detachedHead", "false"))
_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a call of git gave.

    Attributes:
        done: Whether its exit code was 0.
        output: Its standard output.
        errors: Its standard error, without what must not be shown.
    """

    done: bool
    output: bytes
    errors: str

    @property
    def line(self) -> str:
        """The output as text, without the line end that git adds."""
        return os.fsdecode(self.output).removesuffix("\n")

    @property
    def told(self) -> str:
        """What it complains of, in one line."""
        lines = [
            line.removeprefix("remote:").strip()
            for line in self.errors.splitlines()
            if not line.startswith("hint:")
        ]
        return "; ".join([line for line in lines if line][:_SHOWN]) or "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """The git program in one folder.

    Attributes:
        folder: Where it runs.
        environ: The environment variables that it gets, beside its settings.
        config: Settings for this call alone; they are in the environment, so that
            neither a file nor a list of processes has them.
        secrets: What is cut out of messages.
    """

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    config: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def ask(self, *arguments: str, stdin: bytes | None = None) -> Said:
        """Run git.

        Args:
            arguments: What follows ``git``.
            stdin: Its standard input; nothing by default.

        Raises:
            PublishError: There is no git program.
        """
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, no shell
                ["git", *arguments],  # noqa: S607 - the user's git
                cwd=self.folder,
                env=self._environment(),
                input=stdin or b"",
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise PublishError(
                f"git cannot be run: {error.strerror}", "install git"
            ) from None
        return Said(
            done=done.returncode == 0,
            output=done.stdout,
            errors=self._without_secrets(done.stderr.decode("utf-8", "replace")),
        )

    def do(self, *arguments: str, hint: str, stdin: bytes | None = None) -> str:
        """Run git, and return its output as text.

        Args:
            arguments: What follows ``git``.
            hint: What to do if it fails.
            stdin: Its standard input.

        Raises:
            PublishError: It fails.
        """
        said = self.ask(*arguments, stdin=stdin)
        if not said.done:
            raise PublishError(f"git {arguments[0]} fails: {said.told}", hint)
        return said.line

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in self.environ.items() if k not in OF_A_HOOK}
        given = kept.get("GIT_CONFIG_COUNT", "")
        number = int(given) if given.isdecimal() else 0
        for key, value in (*_CONFIG, *self.config):
            kept[f"GIT_CONFIG_KEY_{number}"] = key
            kept[f"GIT_CONFIG_VALUE_{number}"] = value
            number += 1
        return {**kept, **_SETTINGS, "GIT_CONFIG_COUNT": str(number)}

    def _without_secrets(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return _IN_URL.sub("***@", text)
