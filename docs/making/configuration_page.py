"""Writes docs/configuration.md from the code.

It is started as ``python docs/making/configuration_page.py``. With ``--check`` it
writes nothing, and ends with exit code 1 if the page is not current.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from command_parts import command_parts
from hook_parts import hook_parts
from marker_parts import marker_parts
from option_parts import option_parts
from table_parts import table_parts
from tabled import table
from variable_parts import variable_parts

PAGE = Path(__file__).parents[1] / "configuration.md"
TOP = """\
# Configuration

<!-- made by docs/making/configuration_page.py from the code; do not edit by hand -->

Every setting there is, as the code has it. The command line wins over the marker, the
marker over the ini file, the ini file over the default. Ini keys stand where pytest has
its own: under `[pytest]` in `pytest.ini`, or under `[tool.pytest.ini_options]` in
`pyproject.toml`. An option that cannot be used ends the run before any call, with exit
code 4. An unknown key in a table of ours is an error, and `--strict-config` makes a
misspelt ini key one.

On a pull request, what steers the gate counts as it is at the
[base commit](pull-requests.md#what-is-compared).
"""
EXIT_CODES = (
    ("0", "all passed; warnings may say that something is inconclusive"),
    ("1", "a test failed: for a prompt test, the verdict is *fail* or *error*"),
    ("2", "interrupted; the same command goes on from there"),
    ("3", "an internal error of pytest or of a plugin"),
    ("4", "an option, an ini key or a combination of them cannot be used"),
    ("5", "no test was collected"),
)


def configuration_page() -> str:
    """Return the page."""
    codes = "## Exit codes of pytest\n\n" + table(["code", "means"], EXIT_CODES)
    parts = [
        TOP,
        option_parts(),
        marker_parts(),
        table_parts(),
        hook_parts(),
        variable_parts(),
        codes,
        command_parts(),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def main() -> int:
    """Write the page, or say whether it is current."""
    parser = argparse.ArgumentParser(description="Writes docs/configuration.md.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    made = configuration_page()
    if parser.parse_args().check:
        if PAGE.is_file() and PAGE.read_text("utf-8") == made:
            return 0
        print(f"{PAGE} is not current: run python docs/making/configuration_page.py")
        return 1
    PAGE.write_text(made, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
