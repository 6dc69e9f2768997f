"""Keys, tokens and headers, read from the environment when they are needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.models.provider_keys import VARIABLE
from pytest_promptopt.models.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.models.complaints import Complaints
    from pytest_promptopt.models.providers import Provider

NO_KEY = "no-key"
"""Sent where no key is needed: the OpenAI client insists on one."""

COMMAND_S = 60.0
"""Longest run of a command that prints a token, in seconds."""

FRESH_S = 240.0
"""For how long a printed token is used: clouds renew theirs five minutes early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What opens the door for one request.

    Attributes:
        key: An API key; empty if there is none.
        token: A bearer token; empty if there is none.
        reused: Whether the token was printed for an earlier request.
        headers: Further headers.
    """

    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    reused: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Credentials:
    """Reads what one provider wants to see; used on one event loop at a time.

    Args:
        provider: Says where it is kept.
        complaints: Makes the errors, and learns what they must not repeat.
    """

    def __init__(self, provider: Provider, complaints: Complaints) -> None:
        self._provider = provider
        self._complaints = complaints
        self._lock: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._token = ""
        self._token_at = 0.0

    async def read(self) -> Pass:
        """Return key or token, and headers.

        Raises:
            ModelError: A variable is not set or unusable, or the command failed.
        """
        provider = self._provider
        headers = {name: self._header(name) for name in provider.headers}
        if provider.token_command:
            token, reused = await self._printed_token()
            return Pass(token=token, reused=reused, headers=headers)
        if provider.token_env:
            token = self._variable(provider.token_env, "token")
            return Pass(token=token, headers=headers)
        key = self._variable(provider.api_key_env or "", "API key")
        return Pass(key=key, headers=headers)

    def forget(self, token: str) -> None:
        """Have the command asked anew: the endpoint did not take this token."""
        if token == self._token:
            self._token = ""

    def _variable(self, variable: str, what: str) -> str:
        value = os.environ.get(variable, "").strip() if variable else ""
        if not value and self._provider.key_required:
            raise self._complaints.error(
                f"{'a' if what == 'token' else 'an'} {what} is needed, and the "
                f"environment variable {variable} is not set",
                "set it, or try without a key: promptopt_model = offline:rules",
            )
        return self._usable(
            value,
            f"the value of the environment variable {variable} holds characters that "
            f"no {what} has",
            "set it again, without quotes or line ends in it",
        )

    def _usable(self, value: str, problem: str, hint: str) -> str:
        if not (value.isascii() and (value.isprintable() or not value)):
            raise self._complaints.error(problem, hint)
        if value:
            self._complaints.secrets.add(value)
        return value

    def _header(self, name: str) -> str:
        text = self._provider.headers[name]
        for variable in VARIABLE.findall(text):
            value = os.environ.get(variable, "").strip()
            if not value:
                raise self._complaints.error(
                    f"header {name} needs the environment variable {variable}, which "
                    "is not set",
                    f"set it, or remove the header from {self._provider.table}",
                )
            usable = self._usable(
                value,
                f"the value of the environment variable {variable} cannot be sent as "
                f"header {name}",
                "set it again, without line ends in it",
            )
            text = text.replace(f"${{{variable}}}", usable)
        return text

    async def _printed_token(self) -> tuple[str, bool]:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        async with self._lock:  # many requests start at once; one asks
            now = time.monotonic()
            if self._token and now - self._token_at < FRESH_S:
                return self._token, True
            self._token = await self._run()
            self._token_at = now
            return self._token, False

    async def _run(self) -> str:
        command = self._provider.token_command
        # The path of a program is found here, since Windows finds no az.cmd itself.
        program = shutil.which(command[0])
        if program is None:
            raise self._complaints.error(
                f"token_command: there is no program {command[0]!r}",
                f"install it, or correct token_command in {self._provider.table}",
            )
        process = await asyncio.create_subprocess_exec(
            program,
            *command[1:],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
        except (asyncio.TimeoutError, TimeoutError):
            raise self._complaints.error(
                f"token_command {command[0]!r} printed no token within {COMMAND_S:g} s",
                "run it by hand: it may ask for a login",
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            said = one_line(err.decode("utf-8", "replace")) or "nothing"
            raise self._complaints.error(
                f"token_command {command[0]!r} ended with status {process.returncode} "
                f"and said: {said}",
                "run it by hand: you may have to log in",
            )
        token = out.decode("utf-8", "replace").strip()
        if not token or token.split() != [token]:
            raise self._complaints.error(
                f"token_command {command[0]!r} printed no token"
                if not token
                else f"token_command {command[0]!r} printed more than a token",
                "make it print the token alone",
            )
        return self._usable(
            token,
            f"token_command {command[0]!r} printed characters that no token has",
            "make it print the token alone",
        )
