"""The workflows that we show: the action, those of the example and of the docs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(
    r"(?:<!-- (?P<said>[^>]*) -->\n)?```yaml\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_IS_WORKFLOW = re.compile(r"^(on|jobs):", re.MULTILINE)


def files() -> list[Path]:
    """Return the action and the workflows that are files."""
    return [
        ROOT / "action.yml",
        *sorted((ROOT / "example_project" / ".github").rglob("*.yml")),
    ]


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield page, what a comment above says, and text of each workflow of the docs."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        for found in _BLOCK.finditer(page.read_text("utf-8")):
            if len(_IS_WORKFLOW.findall(found["text"])) == 2:
                yield page.stem, found["said"] or "", found["text"]


def write_blocks(folder: Path) -> list[Path]:
    """Write the workflows of the docs where linters look for such, and return them."""
    place = folder / ".github" / "workflows"
    place.mkdir(parents=True)
    written = []
    for number, (page, _, text) in enumerate(blocks()):
        path = place / f"{page}-{number}.yml"
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_blocks(Path(sys.argv[1])):
        print(file)  # noqa: T201
