"""Ten-intent Banking77 with the offline model: do descriptions help, does the search?

    python benchmarks/banking77.py --data FOLDER [--seeds 10] [--quick]

FOLDER holds ``classification/banking77_10way_300.jsonl``. Two scorers: ``exact`` wants
the bare label, so that a format demand alone is worth much; ``choice`` finds the label
in a chatty reply, so that only the content of the prompt counts. Every run is the real
plugin in a process of its own on a project made for it. A stand-in model makes this a
check of the mechanism, not a claim about any language model.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = Path("classification") / "banking77_10way_300.jsonl"

LABELS = {
    "activate_my_card": "wants to activate a new card or start using it",
    "card_arrival": "waits for a card in the post, asks when it arrives",
    "cash_withdrawal_charge": "was charged a fee for taking cash out at an ATM",
    "change_pin": "wants to change the PIN or choose a new PIN",
    "exchange_rate": "asks which rate applies when one currency is exchanged",
    "lost_or_stolen_card": "the card is lost, missing or was stolen",
    "Refund_not_showing_up": "a refund was promised but is not in the account",
    "request_refund": "wants money back for something bought, to cancel a purchase",
    "transfer_not_received_by_recipient": "money sent has not reached the recipient",
    "verify_my_identity": "asks how or why to verify the identity, which documents",
}

HURRIED = "Sort the customer's message. Labels: " + ", ".join(LABELS) + "."
LISTED = HURRIED + "\nReply with the label only."
DESCRIBED = (
    "Sort the customer's message into one of these labels:\n"
    + "\n".join(f"- {label}: {text}" for label, text in LABELS.items())
    + "\nReply with the label only."
)

TEST = """
import pytest

@pytest.mark.prompt("prompt.j2", cases={cases!r}, scorer={scorer!r}, min_score=0.0)
def test_banking77(): ...
"""

INI = """
[pytest]
promptopt_model = offline:rules
promptopt_budget = 100000
"""


def run(folder: Path, prompt: str, scorer: str, data: Path, *arguments: str) -> str:
    """Run the plugin on one prompt and return what it prints."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text(INI)
    cases = str((data / CASES).resolve())
    (folder / "test_b.py").write_text(TEST.format(cases=cases, scorer=scorer))
    (folder / "prompt.j2").write_text(
        "{# promptopt: begin instructions -#}\n"
        f"{prompt}\n{{# promptopt: end -#}}\n{{{{ input }}}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout)
    return done.stdout


def accuracy(folder: Path, prompt: str, scorer: str, data: Path) -> float:
    """Return a prompt's accuracy on all 300 cases, in percent."""
    printed = run(folder, prompt, scorer, data)
    found = re.search(r"\(floor\): ([\d.]+)%", printed)
    if found is None:
        raise SystemExit(printed)
    return float(found[1])


def gain(folder: Path, scorer: str, data: Path, seed: int) -> float | None:
    """Return the confirmed hold-out gain in points, or ``None``: not confirmed."""
    printed = run(
        folder,
        HURRIED,
        scorer,
        data,
        "--optimize-prompts",
        f"--promptopt-seed={seed}",
    )
    found = re.search(r"hold-out [\d.]+% -> [\d.]+%: ([+-][\d.]+) points?", printed)
    return float(found[1]) if found else None


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    options = parser.parse_args()
    seeds = range(2 if options.quick else options.seeds)
    row = "{:<8} {:>9} {:>9} {:>9} {:>10} {:>12} {:>9}"
    print(row.format("scorer", "hurried", "listed", "described", "search", "", ""))
    print(row.format("", "%", "%", "%", "confirmed", "median gain", "range"))
    with tempfile.TemporaryDirectory() as made:
        for scorer in ("exact", "choice"):
            root = Path(made) / scorer
            shares = [
                accuracy(root / name, prompt, scorer, options.data)
                for name, prompt in (
                    ("hurried", HURRIED),
                    ("listed", LISTED),
                    ("described", DESCRIBED),
                )
            ]
            gains = []
            for seed in seeds:
                gains.append(gain(root / "search", scorer, options.data, seed))
                shutil.rmtree(root / "search")
            held = [found for found in gains if found is not None]
            counted = [found or 0.0 for found in gains]
            print(
                row.format(
                    scorer,
                    *(f"{share:.1f}" for share in shares),
                    f"{len(held)} of {len(gains)}",
                    f"{statistics.median(counted):+.1f}",
                    f"{min(counted):.0f}..{max(counted):.0f}",
                )
            )


if __name__ == "__main__":
    main()
