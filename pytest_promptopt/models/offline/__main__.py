"""``python -m pytest_promptopt.models.offline --port N``: serve the offline model."""

import sys

from pytest_promptopt.models.offline.server import main

if __name__ == "__main__":
    sys.exit(main())
