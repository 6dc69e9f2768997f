"""What a module declares to a parser, written down instead of parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Declared:
    """One option, argument or key, with what is said of it.

    Attributes:
        names: ``("--steps",)``, or the name of an argument or key.
        told: The keywords of its declaration: ``help``, ``metavar``, ``type``, ...
    """

    names: tuple[str, ...]
    told: dict[str, Any]

    @property
    def name(self) -> str:
        """The longest of its names."""
        return max(self.names, key=len)

    @property
    def help(self) -> str:
        """What it does, as the help says it."""
        return str(self.told.get("help", "")).replace("%%", "%")

    @property
    def usage(self) -> str:
        """How it is written, with what it takes."""
        if str(self.told.get("action", "")).startswith("store_"):
            return self.name
        if choices := self.told.get("choices"):
            return f"{self.name}={'|'.join(choices)}"
        if metavar := self.told.get("metavar"):
            between = "=" if self.name.startswith("-") else ""
            return f"{self.name if between else ''}{between}{metavar}"
        return self.name


@dataclass(slots=True)
class Notebook:
    """Stands in for the parsers of pytest and argparse.

    Attributes:
        options: Options and arguments in the order of their declaration.
        keys: Keys of the ini file.
        description: What a command does, if it says so.
    """

    options: list[Declared] = field(default_factory=list)
    keys: list[Declared] = field(default_factory=list)
    description: str = ""

    def getgroup(self, *_: str) -> Notebook:
        """Take what is declared for a group, too."""
        return self

    def add_argument_group(self, *_: str, **__: Any) -> Notebook:
        """Take what is declared for a group, too."""
        return self

    def add_mutually_exclusive_group(self, **_: Any) -> Notebook:
        """Take what is declared for a group, too."""
        return self

    def addoption(self, *names: str, **told: Any) -> None:
        """Take an option of pytest's command line."""
        self.options.append(Declared(names, told))

    def add_argument(self, *names: str, **told: Any) -> None:
        """Take an argument of a command."""
        self.options.append(Declared(names, told))

    def addini(self, name: str, help: str = "", **told: Any) -> None:  # noqa: A002
        """Take a key of the ini file."""
        self.keys.append(Declared((name,), {"help": help, **told}))
