import subprocess
import sys

import pytest


@pytest.mark.prompt(
    "triage.md",
    cases="cases.jsonl",
    scorer="exact",
    deliver="file",
    watch=["desk.py", "client.py"],
)
def test_desk(case, prompt):
    done = subprocess.run(
        [sys.executable, "desk.py", case["ticket"]],
        cwd=prompt.tree,
        env=prompt.env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
