"""Finding the answer in a chatty reply: marks, clauses and whole tokens."""

from __future__ import annotations

import re

_MARK = re.compile(
    r"""
    \b answers? [\s*_"'`]* (?: \b (?:is|are) \b | [:=] )   # "Answer:", "the answer is"
    | \#{4}                                                # as GSM8K marks it
    | \\boxed \s* (?=\{)                                   # as LaTeX marks it
    """,
    re.IGNORECASE | re.VERBOSE,
)

_MARGIN = " \t\r\n:=*_\"'`{"

_CLAUSE_END = re.compile(
    r"[.;!?]\s|\s[-\u2013\u2014]\s|\b(?:because|since|although|though|while)\b",
    re.IGNORECASE,
)


def answer_parts(text: str) -> tuple[str, ...]:
    """Return where to look for the answer, best place first.

    After the last answer mark come its clause, its line and all the rest, since what
    follows a clause gives the grounds; a reply without a mark is one place.

    Args:
        text: A reply.

    Returns:
        At least one text; the first that holds any answer decides.
    """
    marks = list(_MARK.finditer(text))
    if not marks:
        return (text,)
    rest = text[marks[-1].end() :].lstrip(_MARGIN)
    line = rest.split("\n", 1)[0]
    end = _CLAUSE_END.search(line)
    clause = line if end is None else line[: end.start()]
    return (clause, line, rest)


def token_pattern(words: str) -> str:
    """Return a pattern for a text that stands as whole tokens, not inside a longer one.

    "valid" is not in "invalid", "5" not in "-5", "3.5" or "15", "no" not in "no-go",
    "can" not in "can't". Runs of white space match each other.

    Args:
        words: The text, not blank; its outer white space does not count.
    """
    words = words.strip()
    body = r"\s+".join(re.escape(word) for word in words.split())
    before = after = ""
    if words[0].isalnum() or words[0] == "_":
        before = r"(?<!\w)(?<!\w-)"
    if words[-1].isalnum() or words[-1] == "_":
        after = r"(?!\w)(?!-\w)(?!['\u2019]t\b)"
    if words[0].isdigit():
        before += r"(?<![-+\u2212])(?<!\d[.,:/])(?<!\.)"
    if words[-1].isdigit():
        after += r"(?![.,:/]\d)(?![ \t\u00a0\u202f]?%)"  # of the same line
    return f"{before}{body}{after}"
