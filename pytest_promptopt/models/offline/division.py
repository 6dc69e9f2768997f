"""Which part of a prompt says what to do, and which part is to be judged.

The model sees one text in which a template and a case have become one. What tells
them apart is what a reader goes by: chat roles, fences and tags, a line such as
``Ticket:``, blank lines, and whether a line talks *about* a text or *is* one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.anchors import anchors
from pytest_promptopt.models.offline.lines import (
    CONTAINER_CUE,
    HEAD_WORDS,
    HEADING,
    STANDING_RULE,
    STRONG,
    instruction_strength,
    is_head,
    is_list_line,
    states_form,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A prompt taken apart.

    Attributes:
        instructions: What says what to do, list of answers included.
        subject: What is to be judged; may be empty.
        shots: Worked examples given as earlier chat turns: (input, answer).
        completion_cue: Whether the text ends with a cue such as ``Label:``.
    """

    instructions: str
    subject: str
    shots: tuple[tuple[str, str], ...] = ()
    completion_cue: bool = False


_CUE = re.compile(
    r"^\s*(?:#+\s*|\*\*)?([A-Za-z][\w' -]{0,40}?)(?:\*\*)?:(?:\*\*)?(?:\s+(.*))?$"
)
_FENCE = re.compile(
    r"(?ms)^[ \t]*(`{3,}|~{3,}|\"{3}|'{3}|<{3,}|-{3,}|"
    r"={3,})[ \t]*\w*[ \t]*\n(.*?)\n?[ \t]*"
    r"(?:\1|>{3,})[ \t]*$"
)
_TAGGED = re.compile(r"(?s)<([A-Za-z][\w-]*)>(.*?)</\1>")
_INLINE_FENCE = re.compile(r"(?s)(?:\"{3}|'{3}|`{3})(.+?)(?:\"{3}|'{3}|`{3})")

_ANSWER_CUE = re.compile(
    r"(?i)^\W{0,6}(?:(?:the|your|final|correct|best|output) )*(?:answer|label|category|"
    r"class|"
    r"output|reply|response|result|json|intent|sentiment|classification|choice|topic|"
    r"prediction|verdict|a)\W{0,6}:?\W{0,6}$"
)
# Instructions that name answers or keys need nothing more from a user message.
_COMPLETE = re.compile(
    r"(?i)\b(?:one of|labels?|categor\w+|classes|options|intents?|keys?|fields?|either|"
    r"into|"
    r"yes|as|json)\b[^\n]*?(?:,|\bor\b|\{)"
)


def _strip_cue(text: str) -> str:
    """Take a leading ``Ticket:`` off what is to be judged."""
    first, _, rest = text.partition("\n")
    if HEADING.match(first) and rest.strip():
        return rest.strip("\n")
    cue = _CUE.match(first)
    if cue is None or len(cue.group(1).split()) > 4:
        return text
    if cue.group(2) is None:
        return rest.strip("\n") or text
    # "Subject: ..." above more such lines is part of a letter, not a cue.
    following = rest.split("\n", 1)[0]
    if rest and _CUE.match(following) and following.strip():
        return text
    return f"{cue.group(2)}\n{rest}".strip("\n")


def _drop_trailing_cue(lines: list[str]) -> tuple[list[str], bool]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if (
        end > 1
        and _ANSWER_CUE.match(lines[end - 1])
        and lines[end - 1].rstrip().endswith(":")
    ):
        return lines[: end - 1], True
    return lines[:end], False


def _repeated_cue_start(lines: Sequence[str]) -> int | None:
    """Find the last of several equal cues: few-shot layouts end with the real input."""
    seen: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        cue = _CUE.match(line)
        if cue is not None and not is_list_line(line):
            seen.setdefault(cue.group(1).lower(), []).append(index)
    repeated = [places for places in seen.values() if len(places) > 1]
    if len(repeated) < 2:
        return None
    openers = [places for places in repeated if len(places) == max(map(len, repeated))]
    first = min(openers, key=lambda places: places[0])
    tail = [line for line in lines[first[-1] + 1 :] if line.strip()]
    answered = any(
        (cue := _CUE.match(line)) and cue.group(1).lower() in seen and cue.group(2)
        for line in tail
    )
    return None if answered else first[-1]


def _fenced(text: str) -> tuple[int, int, str] | None:
    """Find the last fenced or tagged block that is no instruction and no skeleton."""
    found = [
        (match.start(), match.end(), match.group(2)) for match in _FENCE.finditer(text)
    ]
    found += [(m.start(), m.end(), m.group(1)) for m in _INLINE_FENCE.finditer(text)]
    found += [
        (match.start(), match.end(), match.group(2))
        for match in _TAGGED.finditer(text)
        if not re.search(
            r"(?i)^(?:example|shot|instruction|label|rule|format|task|answer|"
            r"categor|output|definition|schema)",
            match.group(1),
        )
    ]
    for start, end, body in sorted(found, key=lambda entry: (-entry[1], entry[0])):
        outside = text[:start] + "\n" + text[end:]
        skeleton = body.lstrip().startswith(("{", "[")) and re.search(r'"\s*:', body)
        own = sum(instruction_strength(line) for line in body.split("\n")[:3])
        about = sum(instruction_strength(line) for line in outside.split("\n"))
        placeholder = not re.search(r"\w{2,}", body) or _names_a_tag(text, start, body)
        if body.strip() and not skeleton and not placeholder and about > own:
            return start, end, body
    return None


def _names_a_tag(text: str, start: int, body: str) -> bool:
    """Whether a tag pair is only spoken of, as in "between <a> and </a>"."""
    before = text[:start].rpartition("\n")[2]
    return len(body.split()) <= 3 and instruction_strength(before) > 0


def _sentence_split(line: str) -> tuple[str, str]:
    """Split one line into instruction and input, where a template is a single line."""
    quoted = re.search(r"[\"\u201c]([^\"\u201d]{12,})[\"\u201d]\s*$", line)
    if quoted:
        return line[: quoted.start()], quoted.group(1)
    parts = re.split(r"(?<=[.?!:])\s+", line)
    for index in range(len(parts) - 1, 0, -1):
        before = parts[index - 1]
        if before.endswith(":") and HEAD_WORDS.search(before):
            continue
        if instruction_strength(before) or before.endswith(":"):
            head, tail = parts[:index], parts[index:]
            if sum(map(instruction_strength, tail)) < STRONG:
                return " ".join(head), " ".join(tail)
    return line, ""


def _by_anchors(lines: list[str]) -> tuple[str, str]:
    """Split lines by their anchors: input last, first or in the middle."""
    marks = anchors(lines)
    if not any(marks):
        return _by_paragraphs(lines)
    held = _container(lines, marks)
    if held is not None:
        return held
    last = max(index for index, mark in enumerate(marks) if mark)
    last = _past_weak_lines(lines, last)
    tail = "\n".join(lines[last + 1 :]).strip("\n")
    if tail.strip():
        head, begun = _mixed(lines, last)
        return "\n".join([*lines[:last], head]), f"{begun}\n{tail}" if begun else tail
    first = min(index for index, mark in enumerate(marks) if mark)
    runs = _free_runs(lines, marks)
    if runs and (first > 0 or len(lines) > 2):
        start, end = max(
            runs, key=lambda run: sum(len(line) for line in lines[run[0] : run[1]])
        )
        body = "\n".join(lines[start:end]).strip("\n")
        return "\n".join(lines[:start] + lines[end:]), body
    head, tail = _sentence_split(lines[last])
    front = "\n".join(lines[:last]).rstrip()
    if not tail and "\n\n" in front + "\n" and not lines[last - 1].strip():
        return front, lines[last]
    return "\n".join([*lines[:last], head]), tail


def _mixed(lines: Sequence[str], last: int) -> tuple[str, str]:
    """Split an anchor line in which what is to be judged begins already."""
    following = lines[last + 1]
    if not following.strip() or instruction_strength(following) or is_head(lines[last]):
        return lines[last], ""
    head, tail = _sentence_split(lines[last])
    return (
        (head, tail) if tail and not instruction_strength(tail) else (lines[last], "")
    )


def _container(lines: Sequence[str], marks: Sequence[bool]) -> tuple[str, str] | None:
    """Split at a line such as ``Ticket:`` below the first anchor, if there is one."""
    first = min(index for index, mark in enumerate(marks) if mark)
    start = next(
        (
            index
            for index in range(first + 1, len(lines))
            if CONTAINER_CUE.match(lines[index])
            and not is_list_line(lines[index])
            and not (marks[index] and states_form(lines[index]))
        ),
        None,
    )
    if start is None:
        return None
    end = len(lines)
    # A demand may stand below what is to be judged, in a paragraph of its own.
    while end > start + 1 and (
        not lines[end - 1].strip() or states_form(lines[end - 1])
    ):
        end -= 1
    if end < len(lines) and lines[end].strip():
        end = len(lines)
    body = "\n".join(lines[start:end]).strip("\n")
    if not _strip_cue(body).strip() or (
        body.count("\n") == 0 and CONTAINER_CUE.fullmatch(body)
    ):
        return None
    return "\n".join([*lines[:start], *lines[end:]]), body


def _past_weak_lines(lines: Sequence[str], last: int) -> int:
    """Move the end of the instructions past rules that directly follow an anchor.

    They count as rules if they read like some, or if a line such as ``Message:`` or a
    blank line still separates them from what is to be judged.
    """
    end = last + 1
    while (
        end < len(lines) and lines[end].strip() and not CONTAINER_CUE.match(lines[end])
    ):
        end += 1
    rest = [line for line in lines[end:] if line.strip()]
    between = lines[last + 1 : end]
    if not rest or not between:
        return last
    weak = [
        bool(STANDING_RULE.match(x)) or instruction_strength(x) > 0 for x in between
    ]
    if all(weak) or (CONTAINER_CUE.match(rest[0]) and len(between) <= 3):
        return end - 1
    return last


def _free_runs(lines: Sequence[str], marks: Sequence[bool]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for index in range(len(lines) + 1):
        free = index < len(lines) and not marks[index]
        if free and start is None:
            start = index
        elif not free and start is not None:
            while start < index - 1 and _introduces(lines[start]):
                start += 1
            text = "".join(lines[start:index]).strip()
            # A weak instruction line standing alone is no input.
            weak = index - start == 1 and instruction_strength(lines[start]) > 0
            if text and not weak:
                runs.append((start, index))
            start = None
    return runs


def _introduces(line: str) -> bool:
    """Whether a line only leads over to what is to be judged, or is blank."""
    bare = line.strip()
    return not bare or (bare.endswith(":") and instruction_strength(line) > 0)


def _by_paragraphs(lines: list[str]) -> tuple[str, str]:
    """Without any anchor, the first paragraph instructs if it talks about a text."""
    text = "\n".join(lines)
    head, _, tail = text.partition("\n\n")
    if not tail.strip():
        head, _, tail = text.partition("\n")
    if not tail.strip():
        return _sentence_split(text) if instruction_strength(text) else ("", text)
    first = head.split("\n")[0]
    if instruction_strength(first):
        if "\n" in head and not instruction_strength(head.split("\n")[1]):
            opening, begun = _sentence_split(first)
            rest = text.partition("\n")[2]
            return opening, f"{begun}\n{rest}" if begun else rest
        return head, tail
    front, _, last = text.rpartition("\n")
    if instruction_strength(last):
        return last, front
    return "", text


def divide_text(text: str) -> tuple[str, str, bool]:
    """Split one message into instructions, input, and whether it ends with a cue."""
    lines, cue = _drop_trailing_cue(text.strip("\n").split("\n"))
    whole = "\n".join(lines)
    block = _fenced(whole)
    if block is not None:
        start, end, body = block
        return whole[:start] + "\n" + whole[end:], body.strip("\n"), cue
    start_line = _repeated_cue_start(lines)
    if start_line is not None:
        head, tail = "\n".join(lines[:start_line]), "\n".join(lines[start_line:])
    else:
        head, tail = _by_anchors(lines)
    return head, _strip_cue(tail.strip("\n")), cue


_INSTRUCT = ("system", "developer")  # two names of one role


def divide(messages: Sequence[Message]) -> Division:
    """Take a chat apart into instructions, input and worked examples.

    System messages always instruct. Of several user messages the last is judged;
    earlier ones that were answered are examples.
    """
    system = "\n".join(entry.content for entry in messages if entry.role in _INSTRUCT)
    turns = [entry for entry in messages if entry.role not in _INSTRUCT]
    shots: list[tuple[str, str]] = []
    earlier: list[str] = []
    for index, entry in enumerate(turns[:-1]):
        following = turns[index + 1]
        if entry.role == "user" and following.role == "assistant":
            shots.append((entry.content, following.content))
        elif entry.role == "user":
            earlier.append(entry.content)
    last = turns[-1].content if turns else ""
    known = "\n".join(part for part in (system, *earlier) if part.strip())
    head, body, cue = divide_text(last)
    if _COMPLETE.search(known) or len(re.findall(r"(?m)^\s*[-*\u2022]\s", known)) > 1:
        head, body = _final_demand(last)
    elif known and not _says_what_to_do(head):
        head, body = "", _strip_cue(last.strip("\n"))
    return Division(
        instructions="\n".join(part for part in (known, head) if part.strip()),
        subject=body,
        shots=tuple(shots),
        completion_cue=cue,
    )


def _final_demand(text: str) -> tuple[str, str]:
    """Take a demand in a last paragraph of its own off a text that is all input."""
    front, blank, last = text.strip("\n").rpartition("\n\n")
    if blank and all(states_form(line) for line in last.split("\n")):
        return last, _strip_cue(front.strip("\n"))
    return "", _strip_cue(text.strip("\n"))


def _says_what_to_do(text: str) -> bool:
    return any(instruction_strength(line) >= STRONG for line in text.split("\n"))
