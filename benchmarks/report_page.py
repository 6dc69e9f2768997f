"""How long the HTML report of many cases takes to write, to open and to filter.

    python benchmarks/report_page.py [--cases 10000] [--rounds 3]

Needs the extra ``browser`` and a Chromium executable, as the tests in tests/browser do.
The text of every reply differs. Opening is from navigation to the first frame behind
the load event; the floor is a page with as many bytes of plain text.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [
    str(Path(__file__).parent.parent / "tests" / name) for name in ("", "browser")
]

from chromium import executable  # noqa: E402
from html_reports import large  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from pytest_promptopt.report.html import page  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
FILTER = f"""async text => {{
    const form = document.getElementById('filter');
    form.elements.text.value = text;
    form.dispatchEvent(new Event('submit', {{cancelable: true}}));
    await {FRAME};
}}"""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(
        "| words of an input | written, CPU s | MB | opened, s | floor, s | filter, s |"
    )
    print("|---|---|---|---|---|---|")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=["--no-sandbox", "--disable-gpu"]
        )
        for words in (20, 60):
            began = time.process_time()
            html = page(large(options.cases, words=words))
            written_s = time.process_time() - began
            file, bare = Path(folder, "report.html"), Path(folder, "bare.html")
            file.write_text(html, encoding="utf-8")
            size = file.stat().st_size
            bare.write_text(
                f"<pre>{('word ' * 16 + chr(10)) * (size // 81)}", encoding="utf-8"
            )
            rounds = [_opened(browser, file) for _ in range(options.rounds)]
            floors = [_opened(browser, bare, filters=False) for _ in rounds]
            print(
                f"| {words} | {written_s:.1f} | {size / 1e6:.1f} "
                f"| {_median(rounds, 0)} | {_median(floors, 0)} "
                f"| {_median(rounds, 1)} |",
                flush=True,
            )
        browser.close()


def _median(rounds: list[tuple[float, float]], at: int) -> str:
    return f"{statistics.median(entry[at] for entry in rounds):.2f}"


def _opened(
    browser: Browser, file: Path, *, filters: bool = True
) -> tuple[float, float]:
    """Return the seconds to open a page, and to filter it once."""
    opened: Any = browser.new_page()
    began = time.perf_counter()
    opened.goto(file.as_uri())
    opened.evaluate(FRAME)
    opened_s = time.perf_counter() - began
    opened.wait_for_timeout(1_000)  # in which the texts of cases are read
    began = time.perf_counter()
    if filters:
        opened.evaluate(FILTER, "word12 word7")
    filtered_s = time.perf_counter() - began
    opened.close()
    return opened_s, filtered_s


if __name__ == "__main__":
    main()
