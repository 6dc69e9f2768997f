"""Prompts kept in YAML files, among other values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import yaml

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.document import Value, missing
from pytest_promptopt.prompts.key_path import spelt
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.prompts.splice import ReadOnly, Splice
from pytest_promptopt.prompts.yaml_scalar import Scalar
from pytest_promptopt.prompts.yaml_tree import (
    ALIAS,
    MERGE,
    NULL,
    TEXT,
    YamlTree,
    outline,
    parse_yaml,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.file_text import FileText
    from pytest_promptopt.prompts.key_path import Steps
    from pytest_promptopt.prompts.source import SourceRole
    from pytest_promptopt.prompts.yaml_scalar import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """A YAML file, parsed.

    Attributes:
        path: The file.
        file: Its text.
        tree: What it holds.
    """

    path: Path
    file: FileText
    tree: YamlTree

    @classmethod
    def parse(cls, path: Path, file: FileText) -> YamlDocument:
        """Parse a file.

        Raises:
            SourceError: It is no YAML, is empty or has several documents.
        """
        return cls(path=path, file=file, tree=parse_yaml(path, file))

    def name(self, steps: Steps) -> str:
        """Return what follows the colon of the key of a place."""
        return spelt(steps)

    def value(self, steps: Steps) -> Value:
        """Return what stands at a place.

        Raises:
            SourceError: Nothing does, or an alias or a merge key leads elsewhere.
        """
        return self._value(self._way(steps)[-1])

    def source(self, role: SourceRole, key: str, steps: Steps) -> Source:
        """Return the source that the text at a place is."""
        way = self._way(steps)
        node = way[-1]
        start, end = self._span(node)
        scalar = self._scalar(node, way[-2], start, end)
        text: str = node.value
        lines = scalar.written.rstrip("\n").count("\n") - scalar.first_line
        straight = scalar.style == "|" and lines == text.rstrip("\n").count("\n")
        return Source(
            role=role,
            key=key,
            path=self.path,
            text=text,
            line=self.file.line_of_raw(start) + scalar.first_line,
            straight="\n" not in text or straight,
            place=self._shared(way, steps)
            or Splice(
                path=self.path,
                file=self.file,
                name=self.name(steps),
                start=self.file.byte_of_raw(start),
                end=self.file.byte_of_raw(end),
                text=text,
                writings=scalar.writings,
                reads_as=partial(self._reads_as, steps),
            ),
        )

    def _way(self, steps: Steps) -> list[yaml.Node]:
        """Return the nodes from the top of the file to a place."""
        way = [self.tree.root]
        for at, step in enumerate(steps):
            way.append(self._entry(way[-1], steps[:at], step))
        return way

    def _entry(self, node: yaml.Node, before: Steps, step: str) -> yaml.Node:
        found: list[yaml.Node] = []
        extra = ""
        if isinstance(node, yaml.MappingNode):
            found = [entry for key, entry in node.value if key.value == step]
            merges = [key for key, _ in node.value if key.tag == MERGE]
            if merges:
                extra = (
                    f"it may come from the merge key on line {_line(merges[0])}: name "
                    "the place that the text is written at"
                )
        elif (
            isinstance(node, yaml.SequenceNode)
            and step.isdecimal()
            and int(step) < len(node.value)
        ):
            found = [node.value[int(step)]]
        if len(found) > 1:
            raise SourceError.at(
                self.path,
                _line(found[-1]),
                f"{self.name((*before, step))!r} is written on line "
                f"{_line(found[0])} and again on line {_line(found[-1])}",
                "keep one of the two entries",
            )
        if not found:
            raise missing(self, self._value(node), before, step, extra)
        return found[0]

    def _value(self, node: yaml.Node) -> Value:
        line = _line(node)
        if node.tag == ALIAS:
            return Value(
                kind="other",
                line=line,
                said=f"the alias *{node.value} of a value that is written elsewhere",
                hint=f"name the place that has the anchor &{node.value}",
            )
        if isinstance(node, yaml.MappingNode):
            return self._table(node)
        if isinstance(node, yaml.SequenceNode):
            return Value(kind="list", line=line, length=len(node.value))
        if node.tag == TEXT:
            return Value(kind="text", line=line, text=node.value)
        if node.tag == NULL:
            return Value(kind="other", line=line, said="empty", hint="write a prompt")
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        return Value(
            kind="other",
            line=line,
            said=f"{node.value!r}, which YAML reads as {kind!r} and not as text",
            hint=f"delete the tag {kind}" if kind[:1] == "!" else "put it into quotes",
        )

    def _table(self, node: yaml.MappingNode) -> Value:
        line = _line(node)
        start = node.start_mark.index
        if self.file.raw[start : start + 2] in ("{{", "{%", "{#"):
            return Value(
                kind="other",
                line=line,
                said="read as a table, since it starts with '{'",
                hint="put the text into quotes",
            )
        names = [str(key.value) for key, _ in node.value if key.tag != MERGE]
        return Value(kind="table", line=line, names=tuple(dict.fromkeys(names)))

    def _span(self, node: yaml.Node) -> tuple[int, int]:
        """Return where a scalar stands in ``file.raw``, its anchor and tag left out."""
        start, end = node.start_mark.index, node.end_mark.index
        if self.file.raw[start] in "&!":
            start = next(
                token.start_mark.index
                for token in yaml.scan(self.file.raw, Loader=yaml.SafeLoader)
                if isinstance(token, yaml.ScalarToken) and token.end_mark.index == end
            )
        return start, end

    def _scalar(
        self, node: yaml.Node, owner: yaml.Node, start: int, end: int
    ) -> Scalar:
        raw = self.file.raw
        # A table's own mark would be that of its anchor.
        first = owner.value[0]
        mark = first[0].start_mark if isinstance(first, tuple) else owner.start_mark
        style = cast("Style", getattr(node, "style", None) or "plain")
        return Scalar(
            style=style,
            written=raw[start:end].replace("\r\n", "\n").replace("\r", "\n"),
            column=mark.column,
            in_flow=bool(getattr(owner, "flow_style", False)),
            ends_line=raw[end : end + 1] in ("", "\n", "\r"),
        )

    def _shared(self, way: list[yaml.Node], steps: Steps) -> ReadOnly | None:
        for node in way:
            shared = self.tree.shared(node)
            if shared is not None:
                name, line = shared
                return ReadOnly(
                    path=self.path,
                    line=_line(way[-1]),
                    problem=f"{self.name(steps)!r} cannot be rewritten: the alias "
                    f"*{name} on line {line} uses it too and would change with it",
                    hint=f"write the value out where *{name} is",
                )
        return None

    def _reads_as(self, steps: Steps, file: FileText, text: str) -> bool:
        try:
            again = YamlDocument.parse(self.path, file)
            node = again._way(steps)[-1]  # noqa: SLF001 - the same class
        except SourceError:
            return False
        same = outline(again.tree.root, without=node) == outline(
            self.tree.root, without=self._way(steps)[-1]
        )
        return same and (node.tag, node.value) == (TEXT, text)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
