"""The environment variables that the package reads."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from tabled import code, table

import pytest_promptopt

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = {
    "CI": "set, and not `0`, `false` or `no`: a prompt test without a baseline fails, "
    "calls have a [budget](engine.md#the-budget), and texts of cases are withheld "
    "unless the repository is known to be private",
    "CI_PROJECT_VISIBILITY": "GitLab's word on who can read the project",
    "COLUMNS": "how wide the terminal is; lines are broken to fit",
    "OPENAI_API_KEY": "the key of the provider `openai`, read before the first request "
    "that the cache cannot answer",
    "OPENAI_BASE_URL": "the address of the provider `openai`",
    "OPENAI_ORG_ID": "sent to it as the organisation",
    "OPENAI_PROJECT_ID": "sent to it as the project",
    "AZURE_OPENAI_API_KEY": 'the key of providers with `kind = "azure"`',
    "SSL_CERT_FILE": "a certificate authority of your own, as a file",
    "SSL_CERT_DIR": "the same, as a folder",
    "GITHUB_ACTIONS": "`true`: warnings and verdicts become annotations",
    "GITHUB_BASE_REF": "the target branch of a pull request, which is "
    "[compared with](pull-requests.md#which-commit-is-the-base)",
    "GITHUB_EVENT_NAME": "`merge_group`: the base of the queue is compared with",
    "GITHUB_EVENT_PATH": "the event: the base of the queue, and whether the repository "
    "is private",
    "GITHUB_STEP_SUMMARY": "the file to which the summary of a run is appended",
    "GITHUB_TOKEN": "the token for GitHub's API, in the commands `promptopt pr` and "
    "`promptopt comment` only; never sent to another host",
    "GH_TOKEN": "the same, where `GITHUB_TOKEN` is not set",
    "GITHUB_API_URL": "the address of that API",
    "GITHUB_REPOSITORY": "the repository there, as `owner/name`",
    "GITHUB_REF": "whether the checkout is the merge that GitHub made",
    "GITHUB_SHA": "the commit of that merge",
    "PYTEST_ADDOPTS": "pytest's own; what stands in it counts as typed",
    "PYTHONPATH": "kept, with the copy of the project in front, for programs that "
    "[run on a copy](applications.md)",
    "TERM": "`dumb`: no line of progress",
    "WT_SESSION": "a Windows terminal that can show one",
}
"""Variable to what it does."""


def variable_parts() -> str:
    """Return the table of variables."""
    rows = [[code(name), READ[name]] for name in sorted(READ)]
    intro = (
        "Keys are read where `api_key_env`, `token_env` or a header says, and nothing "
        "else of ours has a variable. `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and "
        "`NO_PROXY` are heeded, as are pytest's `NO_COLOR` and `FORCE_COLOR`."
    )
    return f"## Environment variables\n\n{intro}\n\n{table(['variable', 'does'], rows)}"


def variables_read() -> set[str]:
    """Return the names that the package's code looks up in an environment."""
    package = Path(pytest_promptopt.__file__).parent
    modules = [path.read_text("utf-8") for path in sorted(package.rglob("*.py"))]
    return {name for text in modules for name in looked_up(ast.parse(text))}


def looked_up(tree: ast.AST) -> Iterator[str]:
    """Yield names in ``environ.get("X")``, ``environ["X"]`` and ``"X" in environ``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.args and is_environment(node.func.value):
                yield from text_of(node.args[0])
        elif isinstance(node, ast.Subscript) and is_environment(node.value):
            yield from text_of(node.slice)
        elif isinstance(node, ast.Compare) and is_environment(node.comparators[0]):
            yield from text_of(node.left)


def is_environment(node: ast.AST) -> bool:
    """Return whether an expression is called ``environ``."""
    name = getattr(node, "attr", getattr(node, "id", ""))
    return bool(name == "environ")


def text_of(node: ast.AST) -> Iterator[str]:
    """Yield the text of a literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
