"""A Python constant in the running program, and whether it is what its file says."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.delivery.slot import Slot
from pytest_promptopt.prompts.key_form import module_of
from pytest_promptopt.prompts.key_path import read_steps
from pytest_promptopt.prompts.splice import Splice
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from types import ModuleType

    from pytest_promptopt.prompts.source import Source

AS_FILE = (
    'write deliver="file", which runs the application on an edited copy of the project'
)
_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Where a text is kept in the running program.

    Attributes:
        source: The prompt's source.
        module: Dotted name of the module.
        names: Names from the module on: classes, then the constant.
        steps: Entries from the constant on.
    """

    source: Source
    module: str
    names: tuple[str, ...]
    steps: tuple[str, ...]

    @classmethod
    def of(cls, source: Source) -> Constant:
        """Return the constant that a source was read from."""
        place = source.place
        if not isinstance(place, Splice):  # checked when the prompt was loaded
            raise SettingError(f"{source.key!r} is no Python constant", AS_FILE)
        constant, bracket, steps = place.name.partition("[")
        return cls(
            source=source,
            module=module_of(source.key),
            names=tuple(constant.split(".")),
            steps=read_steps(bracket + steps) or (),
        )

    @property
    def name(self) -> str:
        """Its last name, as other modules import it."""
        return self.names[-1]

    def slot(self) -> Slot:
        """Import its module and find the text.

        Raises:
            SettingError: It is not there, or is another text than the file's.
        """
        slot = self._slot(self._imported())
        value = slot.value
        if type(value) is not str or value != self.source.text:
            raise self._differs(value)
        return slot

    def _imported(self) -> ModuleType:
        there = sys.modules.get(self.module)
        if there is None:
            there = self._import()
        file = getattr(there, "__file__", None)
        if file is None or os.path.realpath(file) != os.path.realpath(self.source.path):
            raise SettingError(
                f"the prompt was read from {str(self.source.path)!r}, and the module "
                f"{self.module!r} of the running program is {file!r}",
                "have the project's own folder first: pythonpath = src in pytest's "
                "settings, or pip install -e .",
            )
        return there

    def _import(self) -> ModuleType:
        try:
            return importlib.import_module(self.module)
        except (Exception, SystemExit) as error:
            missing = isinstance(error, ModuleNotFoundError) and (
                f"{self.module}.".startswith(f"{error.name}.")
            )
            raise SettingError(
                f'deliver="attribute": the module {self.module!r} cannot be imported: '
                f"{type(error).__name__}: {first_line(error)}",
                "set pythonpath = src (the folder that has it) in pytest's settings, "
                "or pip install -e ."
                if missing
                else "see that it can be imported without running the application",
            ) from error

    def _slot(self, module: ModuleType) -> Slot:
        label = f"{self.module}:{self.names[0]}"
        slot = Slot(vars(module), self.names[0], label)
        for name in self.names[1:]:
            label = f"{label}.{name}"
            owner = slot.value
            if not isinstance(owner, type):
                raise self._missing(slot, owner)
            slot = Slot(owner, name, label)
        for step in self.steps:
            label = f"{label}[{step}]"
            owner = slot.value
            slot = Slot(owner, self._key(slot, owner, step), label)
        return slot

    def _key(self, slot: Slot, owner: Any, step: str) -> Any:
        if isinstance(owner, dict):
            for key in owner:
                if isinstance(key, (str, int)) and str(key) == step:
                    return key
        elif isinstance(owner, (list, tuple)) and step.isdecimal():
            last = slot.label + f"[{step}]" == self._label
            if isinstance(owner, tuple) and last:
                raise SettingError(
                    f"{self._label} is an entry of a tuple, which cannot be replaced "
                    "in the running program",
                    f"make it a list, or {AS_FILE}",
                )
            if int(step) < len(owner):
                return int(step)
        raise self._missing(slot, owner)

    @property
    def _label(self) -> str:
        return f"{self.module}:{'.'.join(self.names)}" + "".join(
            f"[{step}]" for step in self.steps
        )

    def _missing(self, slot: Slot, owner: Any) -> SettingError:
        return SettingError(
            f"{self.source.key} is not there in the running program: {slot.label} is "
            f"a {type(owner).__name__}",
            AS_FILE,
        )

    def _differs(self, value: Any) -> SettingError:
        path = f"{self.source.path}:{self.source.line}"
        if type(value) is not str:
            what = "not there" if value is None else f"a {type(value).__name__}"
            return SettingError(
                f"{self.source.key} is {what} in the running program, and a plain "
                f"string in {path}",
                AS_FILE,
            )
        shown, written = _shown(value, self.source.text)
        return SettingError(
            f"{self.source.key} is {shown} in the running program, and {written} in "
            f"{path}: what is put in its place would not be what the file makes of it",
            AS_FILE,
        )


def _shown(one: str, other: str) -> tuple[str, str]:
    """Write two texts from a little before their first difference on."""
    pairs = enumerate(zip_longest(one, other))
    first = next((at for at, (left, right) in pairs if left != right), 0)
    start = 0 if max(len(one), len(other)) <= _SHOWN else max(0, first - _SHOWN // 2)
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    part = text[start : start + _SHOWN]
    before = "..." if start else ""
    behind = "..." if start + _SHOWN < len(text) else ""
    return f"{before}{part!r}{behind}"
