"""Which parameter of a request an endpoint does not take, from what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_REFUSING = re.compile(
    r"unsupported|not support|n't support|unknown (?:name|param|field|arg)|"
    r"unrecogni[sz]ed|unexpected (?:keyword|param|field|arg)|extra.?(?:inputs|fields?)|"
    r"extra_forbidden|not permitted|not allowed|cannot find field|deprecated|"
    r"only the default|cannot both be|not available|not enabled|invalid param",
    re.IGNORECASE,
)
"""How endpoints say that they do not take a parameter, or not with this model."""

_AMOUNT = re.compile(
    r"too (?:large|long|many|small)|context.?(?:length|window)|exceed|maximum",
    re.IGNORECASE,
)
"""How they say that this one request asks for too much: others may ask for less."""

_FOR_GOOD = re.compile(
    r"UnsupportedParamsError|does not support parameters", re.IGNORECASE
)
"""How LiteLLM says so, also with status 500, which would pass elsewhere."""

_ROOT = re.compile(r"[A-Za-z_]\w*")
STATUSES = frozenset({400, 404, 422})


def refused_parameter(
    status: int, said: Mapping[str, Any], text: str, sent: Collection[str]
) -> str | None:
    """Return the parameter that a response refuses, if it refuses one that was sent.

    Args:
        status: Of the response.
        said: Its error object; empty if there is none.
        text: Its body.
        sent: Names of the parameters beside model and messages.
    """
    if status not in STATUSES and not _FOR_GOOD.search(text):
        return None
    if _AMOUNT.search(text):
        return None
    named = _ROOT.match(str(said.get("param") or ""))
    if named is not None and named.group() in sent:
        return named.group()
    if not _REFUSING.search(text):
        return None
    # A name in quotes is meant; without them it may be a word of the sentence.
    for pattern in (r"[\"'`\\]{0}[\"'`\\]", r"(?<![\w.]){0}(?![\w.]*\w)"):
        found = [
            (place.start(), name)
            for name in sent
            if len(name) > 1 or pattern.startswith("[")
            if (place := re.search(pattern.format(re.escape(name)), text))
        ]
        if found:
            return min(found)[1]
    return None
