"""What MkDocs does beside its own: names of files above blocks, the examples as pages.

The pages are written to be read on GitHub as they stand. There, links may leave
``docs/``; on the site, everything they lead to is a page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"<!-- (?:file|shows): (\S+) -->\n```(\w+)\n")
NOTE = re.compile(r"<!-- .*? -->\n", re.DOTALL)
TO_EXAMPLE = re.compile(r"\]\(\.\./examples/([\w./-]+)\)")
TO_FILE = re.compile(r"\]\((?!\.\./|https?:|#)([\w./-]+\.(?!md\b)\w+)\)")
KINDS = {
    ".j2": "jinja",
    ".py": "python",
    ".yml": "yaml",
    ".jsonl": "json",
    ".txt": "text",
}
"""Endings of files whose language is called otherwise."""

LEFT_OUT = ("__pycache__", "__prompt_baselines__", ".promptopt", ".pytest_cache")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each example, and the list of them."""
    index = (ROOT / "examples" / "README.md").read_text("utf-8")
    pages = {"examples/README.md": index.replace("](../docs/", "](../")}
    for folder in sorted(ROOT.glob("examples/*/README.md")):
        name = f"examples/{folder.parent.name}/README.md"
        pages[name] = example_page(folder.parent)
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Turn marks into titles and links to examples into links to their pages."""
    return TO_EXAMPLE.sub(example_link, marked(markdown))


def marked(text: str) -> str:
    """Return a page with the name of its file above each block that is one."""
    return NOTE.sub("", NAMED.sub(r'```\2 title="\1"' + "\n", text))


def example_link(found: re.Match[str]) -> str:
    """Return a link to the page of an example, and the file there that is meant."""
    path = Path(found[1])
    if path.name == "README.md":
        return f"](examples/{path.as_posix()})"
    name, *inner = path.parts
    return f"](examples/{name}/README.md#{anchor('/'.join(inner))})"


def anchor(heading: str) -> str:
    """Return where a heading is within its page."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def example_page(folder: Path) -> str:
    """Return the page of an example: what its README says, and then its files."""
    readme = (folder / "README.md").read_text("utf-8")
    readme = readme.replace("](../../docs/", "](../../")
    readme = TO_FILE.sub(lambda found: f"](#{anchor(found[1])})", readme)
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != "README.md"
        and not set(LEFT_OUT) & set(path.parts)
    ]
    shown = [file_part(path, path.relative_to(folder).as_posix()) for path in files]
    return "\n".join([readme, "## Files\n", *shown])


def file_part(path: Path, name: str) -> str:
    """Return a file with its name as a heading."""
    kind = KINDS.get(path.suffix, path.suffix.removeprefix(".") or "text")
    text = path.read_text("utf-8").rstrip("\n")
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"### `{name}`\n\n{fence}{kind}\n{text}\n{fence}\n"
