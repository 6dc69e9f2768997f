"""Models by name; the engine that calls them is in :mod:`.engine`.

Importing this package is cheap: neither asyncio nor sqlite3 nor openai comes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.chat import ChatModel, NamedModel
from pytest_promptopt.models.providers import Provider, providers_from
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ChatModel",
    "NamedModel",
    "Provider",
    "no_model_error",
    "providers_from",
    "resolve_model",
]

OFFLINE = "offline"


def resolve_model(
    name: str, *, providers: Mapping[str, Provider], embeds: bool = False
) -> NamedModel:
    """Return the model behind a name; nothing is read or sent yet.

    Args:
        name: ``"offline:rules"``, with options ``"offline:rules?slip=0"``, or
            ``"PROVIDER:MODEL"`` such as ``"openai:gpt-5-mini"``.
        providers: The providers by name, as :func:`providers_from` returns them.
        embeds: Whether an embeddings model is meant.

    Raises:
        SettingError: The name leads to no model.
    """
    prefix, colon, rest = name.partition(":")
    known = {OFFLINE, *providers}
    if not name:
        raise no_model_error()
    if not colon:
        raise SettingError(
            f"model {name!r} names no provider",
            "write PROVIDER:MODEL, for example 'openai:gpt-5-mini' or 'offline:rules'",
        )
    if prefix not in known:
        prefixes = ", ".join(f"{entry}:" for entry in sorted(known))
        guess = did_you_mean(prefix, known)
        raise SettingError(
            f"model {name!r}: {prefix!r} is no provider; known are {prefixes}",
            f"{guess if guess.endswith('?') else guess + '.'} Or add a table "
            f"[tool.promptopt.providers.{prefix}] with its base_url to pyproject.toml",
        )
    if not rest:
        raise SettingError(
            f"model {name!r} names no model",
            f"write the model's name behind the colon: {prefix}:MODEL",
        )
    if prefix == OFFLINE and embeds:
        raise SettingError(
            f"promptopt_embeddings: {name!r} gives no vectors",
            "name an embeddings model such as 'openai:text-embedding-3-small', or "
            "leave promptopt_embeddings out",
        )
    if prefix == OFFLINE:
        from pytest_promptopt.models.offline import offline_model

        return NamedModel(name, offline_model(rest))
    if embeds:
        from pytest_promptopt.models.embedding_model import EmbeddingModel

        return NamedModel(name, EmbeddingModel(rest, providers[prefix]))
    from pytest_promptopt.models.openai_model import OpenAIModel

    return NamedModel(name, OpenAIModel(rest, providers[prefix]))


def no_model_error() -> SettingError:
    """Return the error for a run that was told no model: there is no default one."""
    return SettingError(
        "no model is set: nothing is called without being told what",
        "put one of these lines into [tool.pytest.ini_options] of pyproject.toml "
        "(without the quotes in pytest.ini):\n"
        '    promptopt_model = "offline:rules"      '
        "# no key, no network; a stand-in, not an LLM\n"
        '    promptopt_model = "local:MODEL"        '
        "# your own server, with [tool.promptopt.providers.local]\n"
        "                                           "
        '# base_url = "http://localhost:11434/v1"\n'
        '    promptopt_model = "openai:gpt-5-mini"  '
        "# OpenAI, with OPENAI_API_KEY in the environment",
    )
