"""The live handle on the prompt under test, for tests that call the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Completion, Message


class PromptHandle:
    """The prompt under test in the arm that is being measured.

    Handed to a body that takes ``prompt``. The same body runs for the baseline's
    prompt, for the edited one and for every candidate of a search.

    Args:
        prompt: The arm's prompt.
        send: Sends rendered messages through the engine and waits.
    """

    def __init__(
        self, prompt: Prompt, send: Callable[[tuple[Message, ...]], Completion]
    ) -> None:
        self._prompt = prompt
        self._send = send
        self.used = False

    def __repr__(self) -> str:
        return f"<prompt {self._prompt.label}>"

    @property
    def text(self) -> str:
        """The template's text."""
        self.used = True
        return self._prompt.text

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
        self.used = True
        return self._prompt.render(inputs)

    def complete(self, **inputs: Any) -> Completion:
        """Render the template, send it to the task model, wait for the reply.

        Goes through the engine: concurrency, retries, cache and budget hold.

        Raises:
            TemplateError: A variable is missing, or the template does not render.
            ModelError: No usable reply came; let it pass, the trial is then missing.
        """
        return self._send(self.messages(**inputs))
