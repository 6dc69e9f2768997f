"""The reply asks for the expected tool calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Score
from pytest_promptopt.scorers.calls import (
    Call,
    calls_of,
    pairing,
    unusable_or_calls,
)
from pytest_promptopt.scorers.grading import (
    Scorer,
    case_fault,
    expected_of,
    shown,
    unparsed,
)
from pytest_promptopt.scorers.json_fields import same_json
from pytest_promptopt.scorers.schema import faults, need_library, validator_of

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion

Arguments = Literal["exact", "partial", "schema", "any"]

TOLD = 3
"""Calls that a reason lists."""

MOST_CALLS = 64
"""Calls of one reply that are compared; a reply with more is wrong."""

NAME = "tool_call"


def tool_call(
    *, arguments: Arguments = "exact", ordered: bool = False, extra: bool = False
) -> Scorer:
    """Make a scorer for replies that ask for tool calls.

    ``expected`` is one call, ``{"name": "refund", "arguments": {"order": "A-1"}}``, or
    a list of them; a text is a name; the empty list asks for an answer without a call.
    Without ``arguments`` only the name counts. All or nothing; ``parts["name"]`` says
    whether the right tools were called, whatever they were called with.

    Args:
        arguments: ``"exact"``: the same JSON value, as ``scorer="json"`` sees it.
            ``"partial"``: what is expected, and perhaps other keys, at any depth of
            objects. ``"schema"``: what is expected is a JSON Schema. ``"any"``: they
            do not count.
        ordered: Whether the calls must come in the expected order.
        extra: Whether the reply may ask for further calls.

    Raises:
        ScorerError: ``arguments`` is none of these, or it is ``"schema"`` and
            ``jsonschema`` is not installed.
    """
    if arguments not in get_args(Arguments):
        raise ScorerError(
            f"tool_call: arguments is {shown(arguments)}, no way to compare them",
            f"write one of {', '.join(map(repr, get_args(Arguments)))}",
        )
    if arguments == "schema":
        need_library("tool_call(arguments='schema')")

    def score(case: Case, completion: Completion) -> Score:
        wanted = _wanted_calls(case, arguments)
        reason = unusable_or_calls(completion)
        if reason is not None:
            return unparsed(f"expected {_named(wanted)}, but {reason}")
        return compare_calls(wanted, calls_of(completion), ordered=ordered, extra=extra)

    return score


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCall:
    """One call that a reply should ask for.

    Attributes:
        name: The tool's name.
        fault: What is wrong with the arguments of a call; empty if nothing.
    """

    name: str
    fault: Callable[[Any], str]


def compare_calls(
    wanted: Sequence[WantedCall], got: Sequence[Call], *, ordered: bool, extra: bool
) -> Score:
    """Compare the calls of a reply with those that are wanted.

    Args:
        wanted: The calls that are right; empty if none is.
        got: The calls of the reply.
        ordered: Whether the order counts.
        extra: Whether further calls are allowed.
    """
    if len(got) > MOST_CALLS:
        return _scored(f"expected {_named(wanted)}, got {len(got)} calls", named=False)

    def same_name(i: int, j: int) -> bool:
        return wanted[i].name == got[j].name

    names = pairing(len(wanted), len(got), same_name, ordered=ordered)
    too_many = len(got) > len(wanted) and not extra
    if None in names or too_many:
        told = f"expected {_named(wanted)}, got {_named(got)}"
        if ordered and sorted(c.name for c in wanted) == sorted(c.name for c in got):
            told += ": the order differs"
        return _scored(told, named=False)
    whys = {
        (i, j): one.fault(call.arguments) if not call.fault else call.fault
        for i, one in enumerate(wanted)
        for j, call in enumerate(got)
        if same_name(i, j)
    }
    right = pairing(
        len(wanted), len(got), lambda i, j: whys.get((i, j)) == "", ordered=ordered
    )
    if None not in right:
        return Score(value=1.0, parts={"name": 1.0})
    return _scored(_wrong_arguments(wanted, whys, right), named=True)


def _wrong_arguments(
    wanted: Sequence[WantedCall],
    whys: Mapping[tuple[int, int], str],
    right: Sequence[int | None],
) -> str:
    """Say for each wanted call without one what is wrong with a call of its name."""
    free = [pair for pair in whys if pair[1] not in right]
    off = []
    for i, one in enumerate(wanted):
        if right[i] is None:
            pair = next(pair for pair in free if pair[0] == i)
            free = [other for other in free if other[1] != pair[1]]
            off.append(f"{one.name}: {whys[pair] or 'the order differs'}")
    more = [f"{len(off) - TOLD} more calls are wrong"] if len(off) > TOLD else []
    return "; ".join([*off[:TOLD], *more])


def _scored(reason: str, *, named: bool) -> Score:
    return Score(value=0.0, reason=reason, parts={"name": float(named)})


def _named(calls: Sequence[WantedCall | Call]) -> str:
    if not calls:
        return "no call"
    told = ", ".join(shown(call.name) for call in calls[:TOLD])
    more = f" and {len(calls) - TOLD} more" if len(calls) > TOLD else ""
    return f"{'a call' if len(calls) == 1 else 'calls'} of {told}{more}"


def _wanted_calls(case: Case, arguments: Arguments) -> tuple[WantedCall, ...]:
    expected = expected_of(case, NAME)
    entries = expected if isinstance(expected, list) else [expected]
    return tuple(_wanted_call(entry, case, arguments) for entry in entries)


def _wanted_call(entry: Any, case: Case, arguments: Arguments) -> WantedCall:
    call = {"name": entry} if isinstance(entry, str) else entry
    if (
        not isinstance(call, Mapping)
        or not set(call) <= {"name", "arguments"}
        or not isinstance(call.get("name"), str)
        or not call["name"].strip()
    ):
        raise case_fault(
            case,
            NAME,
            f"cannot read {shown(entry)} as a tool call",
            'write {"name": "TOOL", "arguments": {...}} as the expected answer, a list '
            "of such calls, or [] for no call",
        )
    if arguments == "any" or "arguments" not in call:
        return WantedCall(name=call["name"], fault=lambda _: "")
    return WantedCall(
        name=call["name"], fault=_fault_of(call["arguments"], case, arguments)
    )


def _fault_of(wanted: Any, case: Case, arguments: Arguments) -> Callable[[Any], str]:
    if not isinstance(wanted, Mapping):
        raise case_fault(
            case,
            NAME,
            f"needs an object of arguments, got {shown(wanted)}",
            "write the object itself, without quotes around it",
        )
    if arguments != "schema":
        return lambda got: _joined(
            differences(wanted, got, partial=arguments == "partial")
        )
    try:
        validator = validator_of(wanted, formats=True, trusted=False)
    except ScorerError as error:
        raise case_fault(
            case,
            NAME,
            f"cannot use its schema of arguments: {error.problem}",
            error.hint,
        ) from None
    return lambda got: _joined(faults(validator, got))


def differences(
    wanted: Any, got: Any, *, partial: bool, path: str = ""
) -> tuple[str, ...]:
    """Return where arguments differ from the wanted ones.

    Args:
        wanted: Any JSON value.
        got: Another one.
        partial: Whether objects may have keys that are not wanted.
        path: Way to both values, for the texts.
    """
    if not (isinstance(wanted, Mapping) and isinstance(got, Mapping)):
        place = path or "arguments"
        told = f"{place}: expected {shown(wanted)}, got {shown(got)}"
        return () if same_json(wanted, got) else (told,)
    found: list[str] = []
    for key, value in wanted.items():
        inner = f"{path}.{key}" if path else str(key)
        if key in got:
            found += differences(value, got[key], partial=partial, path=inner)
        else:
            found.append(f"{inner}: expected {shown(value)}, which is missing")
    beyond = [key for key in got if key not in wanted] if not partial else []
    found += [f"{path}.{key} is not asked for".lstrip(".") for key in beyond]
    return tuple(found)


def _joined(found: Sequence[str]) -> str:
    more = [f"{len(found) - TOLD} more faults"] if len(found) > TOLD else []
    return "; ".join([*found[:TOLD], *more])
