"""The shop's help desk, a program: python desk.py TICKET."""

import sys
from pathlib import Path

from client import complete

PROMPT = Path(__file__).with_name("triage.md").read_text(encoding="utf-8")


def main():
    print(complete(f"{PROMPT}Ticket: {sys.argv[1]}").strip().lower())


if __name__ == "__main__":
    main()
