"""The live handle on the prompt under test, for tests that call the application."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.conversation import messages_from
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_promptopt.items.delivery.project_copy import ProjectCopy
    from pytest_promptopt.items.sender import Sender
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Completion, Message


class PromptHandle:
    """The prompt under test in the arm that is being measured.

    Handed to a body that takes ``prompt``. The same body runs for the baseline's
    prompt, for the edited one and for every candidate of a search. Of several prompts
    ``prompt["draft"]`` is the handle on one.

    Args:
        prompt: The arm's prompt.
        sender: Sends messages through the engine and waits.
        name: The name that it goes by, if it is one of several.
        project: The copy of the project that has the arm's texts, with
            ``deliver="file"``.
    """

    def __init__(
        self,
        prompt: Prompt,
        sender: Sender,
        name: str = "",
        *,
        project: ProjectCopy | None = None,
    ) -> None:
        self._prompt = prompt
        self._sender = sender
        self._name = name
        self._named: dict[str, PromptHandle] = {}
        self._project = project
        self.used = False
        self._tree_used = False

    def __repr__(self) -> str:
        return f"<prompt {self._prompt.label}>"

    @property
    def tree(self) -> Path:
        """The copy of the project with this arm's texts, with ``deliver="file"``.

        Raises:
            SettingError: The text is delivered in another way.
        """
        project = self._copied("tree")
        self._tree_used = True
        return project.path

    @property
    def env(self) -> dict[str, str]:
        """The environment for a process that runs on that copy; yours to change.

        Raises:
            SettingError: The text is delivered in another way.
        """
        return dict(self._copied("env").env)

    def _copied(self, name: str) -> ProjectCopy:
        if self._project is None:
            raise SettingError(
                f'prompt.{name} needs deliver="file", which copies the project',
                'write prompt(..., deliver="file") in the marker, or hand prompt.text '
                "to the application",
            )
        return self._project

    def __getitem__(self, name: str) -> PromptHandle:
        """Return the handle on one of several prompts.

        Raises:
            SettingError: There is none of that name.
        """
        names = self._prompt.names
        if name not in names:
            raise _unknown(name, names, self._name)
        one = PromptHandle(
            self._prompt.named[name], self._sender, name, project=self._project
        )
        return self._named.setdefault(name, one)

    @property
    def was_used(self) -> bool:
        """Whether the body has used the prompt, or one of several."""
        return self.used or any(one.used for one in self._named.values())

    @property
    def tree_used(self) -> bool:
        """Whether the body has asked where the copy of the project is."""
        return self._tree_used or any(one.tree_used for one in self._named.values())

    @property
    def has_sent(self) -> bool:
        """Whether anything was sent, whatever it holds."""
        return self._sender.sent > 0

    def _check_one(self) -> None:
        """Refuse what several prompts cannot do together.

        Raises:
            SettingError: There are several.
        """
        __tracebackhide__ = True
        if names := self._prompt.names:
            raise SettingError(
                f"the prompts of this test have names: {', '.join(map(repr, names))}",
                f'say which one is meant: prompt["{names[0]}"].complete(...)',
            )

    @property
    def text(self) -> str:
        """The template's text."""
        self._check_one()
        self.used = True
        return self._prompt.text

    @property
    def model(self) -> str:
        """The arm's model, for an application that calls its own client."""
        return self._sender.model

    @property
    def request(self) -> dict[str, Any]:
        """The arm's model settings, for an application that calls its own client."""
        self._check_one()
        return copy.deepcopy(dict(self._sender.settings_of(self._name)))

    def render(self, **inputs: Any) -> str:
        """Render the template; messages are joined by blank lines.

        Raises:
            TemplateError: A variable is missing, or the template does not render.
        """
        return "\n\n".join(message.content for message in self.messages(**inputs))

    def messages(self, **inputs: Any) -> tuple[Message, ...]:
        """Render the template to chat messages.

        Raises:
            TemplateError: A variable is missing, or the template does not render.
        """
        self._check_one()
        self.used = True
        return self._prompt.render(inputs)

    def complete(self, **inputs: Any) -> Completion:
        """Render the template, send it to the task model, wait for the reply.

        Goes through the engine: concurrency, retries, cache and budget hold.

        Raises:
            TemplateError: A variable is missing, or the template does not render.
            ModelError: No usable reply came; let it pass, the trial is then missing.
        """
        return self._sender.send(self.messages(**inputs), self._name)

    async def acomplete(self, **inputs: Any) -> Completion:
        """Do the same without blocking the event loop that it is awaited on.

        Raises:
            TemplateError: A variable is missing, or the template does not render.
            ModelError: No usable reply came; let it pass, the trial is then missing.
        """
        return await self._sender.asend(self.messages(**inputs), self._name)

    def send(self, messages: Iterable[Message | Mapping[str, Any]]) -> Completion:
        """Send a conversation to the task model with its settings, wait for the reply.

        It goes the way of :meth:`complete`. It is no use of the prompt: the messages
        hold what :meth:`messages` or :meth:`render` gave, or the arms do not differ.

        Args:
            messages: Oldest first: messages, or dicts as OpenAI's protocol has them.

        Raises:
            MessageError: One of them cannot be sent.
            ModelError: No usable reply came; let it pass, the trial is then missing.
        """
        self._check_one()
        return self._sender.send(messages_from(messages), self._name)

    async def asend(
        self, messages: Iterable[Message | Mapping[str, Any]]
    ) -> Completion:
        """Do the same without blocking the event loop that it is awaited on.

        Args:
            messages: Oldest first: messages, or dicts as OpenAI's protocol has them.

        Raises:
            MessageError: One of them cannot be sent.
            ModelError: No usable reply came; let it pass, the trial is then missing.
        """
        self._check_one()
        return await self._sender.asend(messages_from(messages), self._name)


def _unknown(name: object, names: tuple[str, ...], own: str) -> SettingError:
    """Return the error about a name that none of a test's prompts has."""
    if names:
        problem = f"no prompt of this test has the name {name!r}"
        return SettingError(problem, did_you_mean(str(name), names))
    if own:
        return SettingError(
            f"prompt[{own!r}] is one prompt and has none with the name {name!r}",
            f'write prompt["{own}"].complete(...)',
        )
    return SettingError(
        f"the prompt of this test has no name, so prompt[{name!r}] is none",
        "write prompt.complete(...), or give it that name in the marker: "
        f'prompt({{"{name}": ...}}, cases=...)',
    )
