"""The text of an arm in the place of a Python constant of the running program."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.delivery.arm_texts import texts_for
from pytest_promptopt.items.delivery.computed import ComputedTexts
from pytest_promptopt.items.delivery.constant import AS_FILE, Constant
from pytest_promptopt.items.delivery.holders import (
    holders_of,
    is_shared,
    own_modules,
)
from pytest_promptopt.items.delivery.way import by_arm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_promptopt.items.delivery.holders import Holders
    from pytest_promptopt.items.delivery.slot import Slot
    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.prompts import Prompt

_SHOWN = 3
_OWN = 2  # from so many characters on Python makes an object of each text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replacement:
    """A text of the running program, and what stands in its place.

    Attributes:
        constant: Where it is kept.
        home: Its slot there.
        old: The very object.
        new: What is put in its place: no other object is this one.
        slots: All that hold it.
        caches: Cached functions that have returned it.
    """

    constant: Constant
    home: Slot
    old: str
    new: str
    slots: tuple[Slot, ...]
    caches: tuple[Any, ...]

    def put(self) -> None:
        for cached in self.caches:
            cached.cache_clear()
        for slot in self.slots:
            try:
                slot.put(self.new)
            except (AttributeError, TypeError) as error:
                raise SettingError(
                    f"{slot.label} cannot be replaced in the running program: {error}",
                    AS_FILE,
                ) from None

    def take_back(self) -> None:
        for slot in self.slots:
            if slot.value is self.new:
                slot.put(self.old)

    def check(self) -> None:
        if self.home.value is not self.new:
            raise SettingError(
                f"{self.constant.source.key} was assigned anew while the body ran, so "
                "that the application did not see the text under test",
                AS_FILE,
            )


@dataclass(slots=True, kw_only=True)
class AsAttribute:
    """Constants are replaced in this process while the bodies of one arm run.

    Attributes:
        prompt: The prompt as it is in the files.
        root: The project's folder.
        values: What else may hold a text, by what messages call it: fixtures, which
            are set up before a body runs.
        copy: There is none.
        calls_application: It does.
    """

    prompt: Prompt
    root: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    copy: None = None
    calls_application: bool = True
    _computed: ComputedTexts = field(default_factory=ComputedTexts)

    def parts(self, batch: Batch) -> list[Batch]:
        """Divide trials by their arms: a constant has one text at a time."""
        return by_arm(batch)

    def in_place(self, part: Batch) -> AbstractContextManager[None]:
        """Keep the text of the part's arm where the constant is held.

        Raises:
            SettingError: The running program has another text there, or holds it where
                it cannot be replaced, or assigned it anew.
        """
        return self._replaced(part[0].arm.prompt)

    def unused(self, handle: PromptHandle) -> tuple[str, str] | None:
        """Say nothing: who reads a constant cannot be seen."""
        del handle
        return None

    def close(self) -> None:
        """Do nothing: every part has cleaned up behind itself."""

    @contextmanager
    def _replaced(self, prompt: Prompt) -> Iterator[None]:
        replacements = [
            found
            for source, text in texts_for(self.prompt, prompt)
            if (found := self._found(Constant.of(source), text)) is not None
        ]
        _check_apart(replacements)
        try:
            for each in replacements:
                each.put()
            yield
            for each in replacements:
                each.check()
        finally:
            for each in replacements:
                each.take_back()
                self._release(each)

    def _release(self, replacement: _Replacement) -> None:
        """Take a text back from what was imported, or made, while it was in place."""
        if len(replacement.new) < _OWN:
            return  # an object that everybody has
        # A list of what was sent stays as it is.
        kept = holders_of(
            replacement.new, self.root, values=self.values, into_lists=False
        )
        for slot in kept.slots:
            slot.put(replacement.old)
        for cached in kept.caches:
            cached.cache_clear()

    def _found(self, constant: Constant, text: str) -> _Replacement | None:
        """Return how a text is put in place; ``None`` if it is there already."""
        home = constant.slot()
        old: str = home.value
        holders = holders_of(old, self.root, values=self.values)
        if is_shared(old):
            holders = holders.named(constant.name)
        else:
            self._check_reach(constant, old, holders)
            _check_written_once(constant, home, holders)
        if text == old:
            return None
        slots = {(id(slot.owner), slot.key): slot for slot in (home, *holders.slots)}
        return _Replacement(
            constant=constant,
            home=home,
            old=old,
            new=_own_object(text),
            slots=tuple(slots.values()),
            caches=tuple(holders.caches),
        )

    def _check_reach(self, constant: Constant, text: str, holders: Holders) -> None:
        key = constant.source.key
        if holders.fixed:
            shown = ", ".join(holders.fixed[:_SHOWN])
            more = len(holders.fixed) - _SHOWN
            raise SettingError(
                f"{key} is also held by {shown}"
                f"{f' and {more} more' if more > 0 else ''}, where it cannot be "
                "replaced in the running program",
                AS_FILE,
            )
        names = {constant.names[0], constant.name}
        names |= {slot.key for slot in holders.slots if isinstance(slot.key, str)}
        held = [slot.label for slot in holders.slots]
        found = self._computed.find(text, names, own_modules(self.root), held)
        if found is not None:
            raise SettingError(
                f"{found.path}:{found.line}: {found.name!r} is made of {key} when the "
                "module is imported, so that it would not follow the text under test",
                AS_FILE,
            )


def _check_written_once(constant: Constant, home: Slot, holders: Holders) -> None:
    """Refuse two equal literals in one file: Python keeps one object of both."""
    module = f"{constant.module}:"
    others = [
        slot.label
        for slot in holders.slots
        if slot.label != home.label and slot.label.startswith(module)
    ]
    if not others:
        return
    source = constant.source
    tree = ast.parse(source.path.read_bytes())
    written = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    if sum(node.value == source.text for node in written) > 1:
        raise SettingError(
            f"{source.key} is written twice in {source.path}, so that {others[0]} may "
            "be the same text or another one that is equal",
            f"assign the name where it is the same text, or {AS_FILE}",
        )


def _check_apart(replacements: list[_Replacement]) -> None:
    """Refuse two constants that are one object, and are to become two."""
    olds: dict[int, _Replacement] = {}
    for each in replacements:
        other = olds.setdefault(id(each.old), each)
        if other.new != each.new:
            raise SettingError(
                f"{other.constant.source.key} and {each.constant.source.key} are one "
                "text in the running program, and two under test",
                AS_FILE,
            )


def _own_object(text: str) -> str:
    """Return a text that no other object is, where Python lets one make it."""
    return "".join(list(text))
