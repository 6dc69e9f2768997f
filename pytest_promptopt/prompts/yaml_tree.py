"""YAML files as trees of nodes that know where they stand, aliases not followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.prompts.file_text import FileText

ALIAS = "!promptopt-alias"
"""Tag of the node that stands where an alias is; its value is the alias's name."""

TEXT = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlTree:
    """A YAML file of one document.

    Attributes:
        root: Its top node.
        anchors: Name of the anchor of a node, by the node's ``id``.
        aliases: Line of the first alias of each anchor, from 1.
    """

    root: yaml.Node
    anchors: Mapping[int, str]
    aliases: Mapping[str, int]

    def shared(self, node: yaml.Node) -> tuple[str, int] | None:
        """Return the name and line of an alias that stands for a node, if any does."""
        name = self.anchors.get(id(node), "")
        return (name, self.aliases[name]) if name in self.aliases else None


class _Loader(yaml.SafeLoader):
    """Composes nodes; where an alias is, a node that says so."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.named: dict[int, str] = {}
        self.used: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            name, start, end = _alias(event)
            self.used.setdefault(name, start.line + 1)
            return yaml.ScalarNode(ALIAS, name, start, end)
        if event.anchor is not None:
            self.named[id(node)] = event.anchor
        return node


def _alias(event: Any) -> tuple[str, yaml.Mark, yaml.Mark]:
    return event.anchor, event.start_mark, event.end_mark


def parse_yaml(path: Path, file: FileText) -> YamlTree:
    """Parse a file.

    Raises:
        SourceError: It is no YAML, is empty or has several documents.
    """
    try:
        loader = _Loader(file.raw)
        root: Any = loader.get_node() if loader.check_node() else None
        second: Any = loader.get_node() if root and loader.check_node() else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError.at(
            path,
            mark.line + 1 if mark else None,
            f"the file is no YAML: {error.problem or error.context}",
            "correct the YAML file",
        ) from None
    except yaml.reader.ReaderError as error:
        line = file.line_of_raw(error.position)
        raise SourceError.at(
            path,
            line,
            f"the file is no YAML: it has the character {chr(error.character)!r}"
            if isinstance(error.character, int)
            else f"the file is no YAML: {error.reason}",
            'leave it out, or write it as an escape in "..."',
        ) from None
    except RecursionError:
        raise SourceError.at(
            path, None, "the file is nested too deeply", "nest its values less"
        ) from None
    if root is None:
        raise SourceError.at(path, None, "the file is empty", "write a prompt into it")
    if second is not None:
        raise SourceError.at(
            path,
            second.start_mark.line + 1,
            "a second YAML document starts here, and a place names a value of one",
            "keep the prompt in a file with one document",
        )
    return YamlTree(root=root, anchors=loader.named, aliases=loader.used)


def outline(node: yaml.Node, *, without: yaml.Node | None = None) -> Any:
    """Return what a tree holds as nested tuples, to be compared.

    Args:
        node: Its top.
        without: A node that is left out.
    """
    if node is without:
        return None
    if isinstance(node, yaml.MappingNode):
        return (
            node.tag,
            tuple(
                (outline(key, without=without), outline(value, without=without))
                for key, value in node.value
            ),
        )
    if isinstance(node, yaml.SequenceNode):
        return (
            node.tag,
            tuple(outline(entry, without=without) for entry in node.value),
        )
    return (node.tag, node.value)
