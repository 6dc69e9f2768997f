"""The site that is made of the docs: its reference is current, its links hold."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import DOCS, FENCED, blocks_of
from readme import README, ROOT, matches

from pytest_promptopt.models import provider_keys
from pytest_promptopt.optimize.registry import BUILT_IN

MAKING = DOCS / "making"
PAGE = DOCS / "configuration.md"
PACKAGE = ROOT / "pytest_promptopt"


@pytest.fixture(autouse=True)
def _making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(MAKING)


def module(name: str) -> Any:
    return importlib.import_module(name)


# The reference


def test_the_configuration_page_is_what_the_code_gives() -> None:
    made = module("configuration_page").configuration_page()

    assert PAGE.read_text("utf-8") == made, (
        "run python docs/making/configuration_page.py"
    )


def test_the_page_has_every_key_of_a_provider_and_every_strategy() -> None:
    text = PAGE.read_text("utf-8")
    keys = {*provider_keys._CHECKS}.union(*provider_keys._OF_KIND.values())

    assert [key for key in keys if f"`{key}`" not in text] == []
    assert [name for name in BUILT_IN if f"- `{name}`: " not in text] == []


def test_the_variables_of_the_page_are_those_that_the_package_reads() -> None:
    parts = module("variable_parts")
    code = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))

    assert parts.variables_read() - set(parts.READ) == set()
    assert [name for name in parts.READ if f'"{name}"' not in code] == []


def test_a_variable_is_found_in_whichever_way_it_is_looked_up() -> None:
    import ast

    looked_up = module("variable_parts").looked_up
    code = 'os.environ.get("A"), environ["B"], "C" in os.environ, other.get("D")'

    assert sorted(looked_up(ast.parse(code))) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Steps of a search (default: 8)", "Steps of a search. Default: 8."),
        ("off: ask anew", "`off`: ask anew."),
        ("'on', or 'off': none", "`on`, or `off`: none."),
        ("See --promptopt-all", "See `--promptopt-all`."),
        ("a <b> * c", "A &lt;b> \\* c."),
        ("default: here", "Default: here."),
        ("Of --promptopt-report=md:PATH.", "Of `--promptopt-report=md:PATH`."),
    ],
)
def test_a_help_text_becomes_a_sentence(said: str, shown: str) -> None:
    assert module("tabled").prose(said) == shown


# What MkDocs is told


@pytest.fixture
def hooks() -> Any:
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    return module("site_hooks")


def test_a_mark_before_a_block_becomes_its_title(hooks: Any) -> None:
    page = "<!-- file: a/b.py -->\n```python\nx\n```\n<!-- after: c.md -->\nText\n"

    assert hooks.marked(page) == '```python title="a/b.py"\nx\n```\nText\n'


@pytest.mark.parametrize(
    ("link", "made"),
    [
        ("../examples/README.md", "examples/README.md"),
        ("../examples/tools/README.md", "examples/tools/README.md"),
        ("../examples/tools/test_a.py", "examples/tools/README.md#test_apy"),
    ],
)
def test_a_link_to_an_example_leads_to_its_page(
    hooks: Any, link: str, made: str
) -> None:
    assert hooks.on_page_markdown(f"[x]({link})") == f"[x]({made})"


def test_the_page_of_an_example_ends_with_its_files(hooks: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "README.md").write_text("[a](sub/a.py), [b](../../docs/b.md)\n")
    (tmp_path / "sub" / "a.py").write_text('"""\n```\n"""\n')
    (tmp_path / "__prompt_baselines__").mkdir()
    (tmp_path / "__prompt_baselines__" / "x.json").write_text("{}")

    assert hooks.example_page(tmp_path) == (
        "[a](#subapy), [b](../../b.md)\n\n## Files\n\n"
        '### `sub/a.py`\n\n````python\n"""\n```\n"""\n````\n'
    )


# The site


class Loads(HTMLParser):
    """Collects what a page makes a browser load by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"script", "img", "iframe", "source"} and values.get("src"):
            self.found.append(str(values["src"]))
        if tag == "link" and values.get("rel") != "canonical":
            self.found.append(str(values["href"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    pytest.importorskip("material", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
    done = subprocess.run(
        [*command, str(folder)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_is_built_without_a_warning(site: Path) -> None:
    pages = [path.stem for path in DOCS.glob("*.md") if path.stem != "index"]

    assert [page for page in pages if not (site / page / "index.html").is_file()] == []
    assert (site / "tutorial" / "tickets.jsonl").is_file()
    assert not (site / "making").exists()


def test_no_page_of_the_site_asks_another_host_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text("utf-8"))

        assert loads.found
        assert [url for url in loads.found if re.match(r"(\w+:)?//", url)] == []


def test_no_markdown_is_left_on_the_site_that_was_not_understood(site: Path) -> None:
    left = re.compile(r"\]\(|<p>\||<p>[^<]*\n[-*] ")

    for page in site.rglob("index.html"):
        text = page.read_text("utf-8")
        prose = re.sub(r"<(pre|code)\b.*?</\1>", "", text, flags=re.DOTALL)
        article = prose.partition("<article")[2].partition("</article>")[0]

        assert article
        assert left.findall(article) == [], page.parent.name


def test_the_front_page_quotes_the_tutorial() -> None:
    (quoted,) = (
        block
        for block in blocks_of(DOCS / "index.md")
        if block.comment == "as in: tutorial.md"
    )
    tutorial = (DOCS / "tutorial.md").read_text("utf-8").splitlines()

    assert matches(tutorial, ["...", *quoted.text.splitlines(), "..."])


def test_the_gate_page_explains_lines_that_a_failure_has() -> None:
    _, _, section = (DOCS / "gate.md").read_text("utf-8").partition("a failure says\n")
    lines = re.findall(r"^\| `(.+?)` \|", section.partition("\n## ")[0], re.MULTILINE)
    shown = (DOCS / "tutorial.md").read_text("utf-8") + README

    assert len(lines) > 8
    assert [line for line in lines if f"\n  {line}" not in shown] == []


def test_the_readme_leads_to_the_tutorial() -> None:
    assert "](docs/tutorial.md)" in README
    assert FENCED.search((DOCS / "tutorial.md").read_text("utf-8"))
