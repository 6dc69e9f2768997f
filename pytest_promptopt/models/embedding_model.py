"""Models that place texts in a space of meanings, behind the OpenAI protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.text import well_formed
from pytest_promptopt.models.tokens import prompt_tokens
from pytest_promptopt.models.vectors import embeddings_in, vectors_text
from pytest_promptopt.models.wire import usage_in
from pytest_promptopt.records import Completion, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.models.credentials import Pass
    from pytest_promptopt.models.http1 import Response
    from pytest_promptopt.records import Request


class EmbeddingModel(OpenAIModel):
    """An embeddings model of one provider, in the shape of a chat model.

    Each message of a request is a text; the reply's text holds one vector for each, as
    :func:`~pytest_promptopt.models.vectors.vectors_text` writes them. So a vector goes
    through cache, budget, pacer and retries like any reply. It is asked through the
    OpenAI client alone: there are few such requests.
    """

    wanted = "embeddings"

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one HTTP request.

        Raises:
            ModelError: No vectors came, ``retryable`` if they may come later.
        """
        completion = await super().complete(request)
        if completion.usage.prompt_tokens:
            return completion
        # The length of the vectors would be taken for that of a reply.
        usage = Usage(prompt_tokens=prompt_tokens(request))
        return replace(completion, usage=usage)

    def _body(self, request: Request) -> dict[str, Any]:
        texts = [well_formed(message.content) for message in request.messages]
        return {"model": self._name, "input": texts}

    async def _post(self, body: Mapping[str, Any], allowed: Pass) -> Response:
        return await self._opened_client().embed(body, allowed)

    def _reply(
        self, body: Any, *, sent: Mapping[str, Any], latency_s: float
    ) -> Completion:
        vectors = embeddings_in(body, len(sent["input"]))
        return Completion(
            text=vectors_text(vectors),
            model=str(body.get("model") or ""),
            usage=usage_in(body),
            latency_s=latency_s,
        )
