"""The tool calls that a reply asks for, read and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.strict_json import read_json
from pytest_promptopt.scorers.grading import unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.records import Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call that a reply asks for.

    Attributes:
        name: The tool's name.
        arguments: What it is called with, a JSON value; ``None`` if that is not JSON.
        fault: Why the arguments are not JSON; empty if they are.
    """

    name: str
    arguments: Any
    fault: str = ""


def unusable_or_calls(completion: Completion) -> str | None:
    """Return why a reply is wrong whatever it says; tool calls need no text."""
    if completion.tool_calls and not completion.text.strip():
        return unusable(replace(completion, text="-"))
    return unusable(completion)


def calls_of(completion: Completion) -> tuple[Call, ...]:
    """Read the tool calls of a reply; arguments are JSON text or a mapping."""
    return tuple(_call(entry) for entry in completion.tool_calls)


def _call(entry: Mapping[str, Any]) -> Call:
    name, arguments = str(entry.get("name", "")), entry.get("arguments")
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return Call(name=name, arguments={})  # how some providers write no arguments
    if not isinstance(arguments, str):
        return Call(name=name, arguments=arguments)
    try:
        return Call(name=name, arguments=read_json(arguments))
    except ValueError as error:
        return Call(name=name, arguments=None, fault=f"not JSON ({error})")


def pairing(
    wanted: int,
    got: int,
    fits: Callable[[int, int], bool],
    *,
    ordered: bool,
) -> tuple[int | None, ...]:
    """Give as many wanted calls as possible a call of their own.

    Args:
        wanted: How many calls are wanted.
        got: How many there are.
        fits: Whether call ``j`` is what wanted call ``i`` asks for.
        ordered: Whether the calls must come in the order that is wanted.

    Returns:
        For each wanted call the number of its call, or ``None``.
    """
    table = [[fits(i, j) for j in range(got)] for i in range(wanted)]
    return _in_order(table, got) if ordered else _in_any_order(table, got)


def _in_order(table: Sequence[Sequence[bool]], got: int) -> tuple[int | None, ...]:
    # The longest common subsequence; best[i][j] is its length behind i and j.
    best = [[0] * (got + 1) for _ in range(len(table) + 1)]
    for i in range(len(table) - 1, -1, -1):
        for j in range(got - 1, -1, -1):
            skipped = max(best[i + 1][j], best[i][j + 1])
            best[i][j] = max(skipped, best[i + 1][j + 1] + 1 if table[i][j] else 0)
    chosen: list[int | None] = []
    j = 0
    for i in range(len(table)):
        while j < got and best[i][j + 1] == best[i][j]:
            j += 1
        if j < got and best[i][j] > best[i + 1][j]:
            chosen.append(j)
            j += 1
        else:
            chosen.append(None)
    return tuple(chosen)


def _in_any_order(table: Sequence[Sequence[bool]], got: int) -> tuple[int | None, ...]:
    """Return a largest matching.

    Source:
        Augmenting paths, H. W. Kuhn, "The Hungarian method for the assignment
        problem", 1955.
    """
    owner: list[int | None] = [None] * got

    def place(i: int, tried: set[int]) -> bool:
        for j in range(got):
            if table[i][j] and j not in tried:
                tried.add(j)
                other = owner[j]
                if other is None or place(other, tried):
                    owner[j] = i
                    return True
        return False

    for i in range(len(table)):
        place(i, set())
    return tuple(
        next((j for j, mine in enumerate(owner) if mine == i), None)
        for i in range(len(table))
    )
