"""``python -m pytest_promptopt``: the console script ``promptopt``."""

from __future__ import annotations

import sys

from pytest_promptopt.command import main

if __name__ == "__main__":
    sys.exit(main())
