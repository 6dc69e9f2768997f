r"""Text of others made fit for a page: all of it can be seen, none of it is markup."""

from __future__ import annotations

import re
from html import escape

from pytest_promptopt.prompts.hidden import hidden_characters

MOST = 20_000
"""Characters of one text that a page shows; how many more there are is said."""

# What is in common texts and can be seen, so that few are looked at one by one.
_SEEN = re.compile(
    "[\n\t -~\xa0-\xac\xae-\u024f\u0391-\u03a1\u03a3-\u0481\u05d0-\u05ea\u0621-\u063a"
    "\u0641-\u064a\u0905-\u0939\u0e01-\u0e30\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
    "\u2190-\u23fa\u2500-\u25ff\u3000-\u303f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"
    "\uac00-\ud7a3\uff01-\uff5e\U0001f300-\U0001f64f]*"
)


class Html(str):
    """Markup of ours, which is not escaped again."""

    __slots__ = ()


def visible(text: str, most: int = MOST) -> Html:
    r"""Return a text as markup that shows nothing but its characters.

    What cannot be seen (controls, bidirectional marks, zero-width characters, lone
    surrogates) is shown as an escape such as ``\u202e`` in an element of its own, so
    that it differs from the same six characters typed.

    Args:
        text: The text, whatever it holds.
        most: Characters that are shown; behind them it is said how many are not.
    """
    if isinstance(text, Html):
        return text
    cut = text if len(text) <= most else text[:most]
    shown = _characters(cut)
    if len(cut) == len(text):
        return shown
    left = len(text) - len(cut)
    more = f"{left:,} more character{'' if left == 1 else 's'} not shown"
    return Html(f'{shown}<span class="cut">{more}</span>')


def attribute(text: str) -> str:
    """Return a text as the value of a quoted attribute."""
    hidden = _hidden(text)
    return escape(_escaped(text, hidden, "{}") if hidden else text)


def _characters(text: str) -> Html:
    hidden = _hidden(text)
    marked = escape(text, quote=False)
    if not hidden:
        return Html(marked)
    return Html(_escaped(marked, hidden, '<span class="esc">{}</span>'))


def _hidden(text: str) -> frozenset[str]:
    return frozenset() if _SEEN.fullmatch(text) else hidden_characters(text)


def _escaped(text: str, hidden: frozenset[str], form: str) -> str:
    return text.translate({ord(one): form.format(_escape(one)) for one in hidden})


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
