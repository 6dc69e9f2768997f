"""The model settings that the requests of a prompt test are sent with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.named_sources import is_by_name
from pytest_promptopt.models.wire import check_settings
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.files import Files


def settings_for(
    prompt: Prompt,
    request: Mapping[str, Any] | str,
    *,
    defaults: Mapping[str, Any],
    roots: Sequence[Path],
    files: Files = DISK,
) -> dict[str, Any]:
    """Return the model settings of every request.

    Args:
        prompt: What is sent; its own settings win over the defaults.
        request: What the marker says, which wins over both.
        defaults: Settings that hold where neither says anything.
        roots: Folders that have the module of a constant.
        files: Where that is read.

    Returns:
        Settings by their names; of several prompts, name of the prompt to that.

    Raises:
        SettingError: A value is nothing that JSON can hold, or a place is none.
        SourceError: A constant does not exist or cannot be read.
    """
    if not prompt.names:
        given = _said(request, roots, files)
        return _sendable({**defaults, **prompt.request_defaults, **given})
    by_name = is_by_name(request, prompt.names)
    found = {}
    for name, own in prompt.named.items():
        said = request.get(name, {}) if by_name else request  # type: ignore[union-attr]
        given = _said(said, roots, files)
        found[name] = _sendable({**defaults, **own.request_defaults, **given})
    return found


def _said(
    given: Mapping[str, Any] | str, roots: Sequence[Path], files: Files
) -> Mapping[str, Any]:
    if not isinstance(given, str):
        return given
    from pytest_promptopt.models.request_constant import request_named

    return request_named(given, roots, files)


def changed_settings(
    before: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str]
) -> list[str]:
    """Return the settings that differ, e.g. ``["seed", "temperature"]``.

    Args:
        before: What :func:`settings_for` returned.
        now: The same.
        names: The names of the prompts; none where it is one, without a name.

    Returns:
        In order; of several prompts behind their names: ``"final: temperature"``.
    """
    if names:
        return [
            f"{name}: {setting}"
            for name in names
            for setting in changed_settings(before.get(name, {}), now[name], ())
        ]
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _sendable(settings: dict[str, Any]) -> dict[str, Any]:
    """Return model settings that can be a key, a record and a request."""
    check_settings(settings)
    for name, value in settings.items():
        try:
            digest(value)
        except (TypeError, ValueError, RecursionError):
            raise SettingError(
                f"model setting {name} = {value!r} is nothing that JSON can hold",
                "use text, finite numbers, booleans, lists and tables only",
            ) from None
    return settings
