"""The HTML report in a real browser: it opens, filters, and keeps to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chromium import Opened, executable
from html_hostile import MARKUP, hostile
from html_reports import full, large

from pytest_promptopt.report.html import page as page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request

SHOWN = """() => Array.from(document.querySelectorAll('details.case'))
    .filter(one => one.checkVisibility({contentVisibilityAuto: false}) && !one.hidden)
    .map(one => one.querySelector('.id').textContent)"""

COUNTED = "document.getElementById('f-count').textContent"

FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"

ANSWER = f"""async text => {{
    const form = document.getElementById('filter');
    form.elements.text.value = text;
    form.dispatchEvent(new Event('submit', {{cancelable: true}}));
    await {FRAME};
}}"""

# Every colour of text beside the colour behind it, as the browser has them.
COLOURS = """() => {
  const found = {};
  for (const box of document.querySelectorAll('details')) box.open = true;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.data.trim()) continue;
    let node = walk.currentNode.parentElement;
    if (!node.checkVisibility() || node.closest('script, svg, select, .skip')) continue;
    const ink = getComputedStyle(node).color;
    const said = walk.currentNode.data.trim().slice(0, 30);
    let back = 'rgba(0, 0, 0, 0)';
    for (; node && back === 'rgba(0, 0, 0, 0)'; node = node.parentElement)
      back = getComputedStyle(node).backgroundColor;
    found[ink + ' on ' + back] = said;
  }
  return found;
}"""


Opening = Callable[..., Opened]


# Of a module, not of a session: as long as it is there, its event loop counts as
# running, and tests of other modules start loops of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip(
        "playwright.sync_api",
        reason="playwright is not installed (the extra 'browser')",
    )
    path = executable()
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield opened
        opened.close()


@pytest.fixture
def opening(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return what opens HTML text from a file, with options of a browser context."""
    contexts = []

    def opens(html: str, **options: Any) -> Opened:
        file = tmp_path / "report.html"
        file.write_bytes(html.encode("utf-8"))
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page)

        def asked(request: Request) -> None:
            opened.requests.append(request.url)

        opened.page.on("request", asked)
        opened.page.on("console", lambda said: opened.complaints.append(said.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(file.as_uri())
        return opened

    yield opens
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def whole() -> str:
    return page_of(full())


@pytest.fixture(scope="module")
def vast() -> str:
    return page_of(large(10_000, words=20))


def answers(opened: Opened, name: str, value: Any) -> str:
    """Set one field of the filter and return what is counted then."""
    field = opened.page.locator(f"#f-{name}")
    if isinstance(value, bool):
        field.set_checked(value)
    elif name == "text":
        field.fill(value)
        opened.page.wait_for_timeout(250)
    else:
        field.select_option(label=value)
    opened.page.wait_for_timeout(50)
    return str(opened.run(COUNTED))


def test_it_opens_without_a_complaint_and_asks_for_nothing(
    whole: str, opening: Opening
) -> None:
    opened = opening(whole)
    opened.page.wait_for_timeout(200)

    assert opened.page.title().startswith("4 prompt tests: 1 fail")
    assert opened.complaints == []
    assert [url.rpartition("/")[2] for url in opened.requests] == ["report.html"]
    assert opened.page.locator("#filter").is_visible()


def test_it_filters_by_text_change_rightness_tag_and_verdict(
    whole: str, opening: Opening
) -> None:
    opened = opening(whole)
    everything = "110 of 110 cases, 4 of 4 prompt tests"

    assert opened.run(COUNTED) == everything
    assert (
        answers(opened, "text", "MONDAY c-3") == "1 of 110 cases, 1 of 4 prompt tests"
    )
    assert opened.run(SHOWN) == ["c-3"]
    assert answers(opened, "text", "nowhere") == "0 of 110 cases, 0 of 4 prompt tests"
    assert answers(opened, "text", "") == everything
    assert answers(opened, "changed", True) == "8 of 110 cases, 1 of 4 prompt tests"
    assert "c-9" in opened.run(SHOWN)  # a closed group opens where something is found
    assert answers(opened, "wrong", True) == "7 of 110 cases, 1 of 4 prompt tests"
    assert answers(opened, "changed", False) == "8 of 110 cases, 1 of 4 prompt tests"
    assert answers(opened, "tag", "refund") == "1 of 110 cases, 1 of 4 prompt tests"
    assert opened.run(SHOWN) == ["refund-3"]
    opened.page.get_by_role("button", name="Clear").click()
    opened.page.wait_for_timeout(50)
    assert opened.run(COUNTED) == everything
    assert "c-9" not in opened.run(SHOWN)  # and is closed again afterwards
    assert answers(opened, "verdict", "error") == "0 of 110 cases, 1 of 4 prompt tests"
    assert opened.page.locator(".prompt-test:visible").count() == 1
    assert opened.page.locator("nav tbody tr:visible").count() == 1
    assert opened.complaints == []


def test_the_name_of_a_prompt_test_finds_all_of_its_cases(
    whole: str, opening: Opening
) -> None:
    opened = opening(whole)

    assert answers(opened, "text", "tone.j2") == "30 of 110 cases, 1 of 4 prompt tests"
    assert answers(opened, "text", "mail.j2 prov") == (
        "0 of 110 cases, 1 of 4 prompt tests"
    )


def test_a_link_of_the_overview_leads_to_its_test_and_opens_it(
    whole: str, opening: Opening
) -> None:
    opened = opening(whole)
    opened.run("() => { document.querySelector('#t4 details').open = false; }")

    opened.page.get_by_role("link", name="prompts/tone.j2").click()
    opened.page.wait_for_timeout(700)

    assert opened.run("document.querySelector('#t4 details').open")
    assert opened.page.get_by_role("heading", name="prompts/tone.j2").is_visible()


def test_without_a_script_all_of_it_can_be_read(whole: str, opening: Opening) -> None:
    opened = opening(whole, java_script_enabled=False)
    page = opened.page

    assert not page.locator("#filter").is_visible()
    assert page.locator(".message").first.is_visible()
    page.locator("details.case summary").first.click()
    case = page.locator("details.case").first
    assert "My parcel vip-1 has not arrived" in case.inner_text()
    closed = page.locator("details.group.right").first
    closed.locator("> summary").click()
    assert "ok-1" in closed.inner_text()


def test_all_of_it_can_be_reached_by_keyboard(whole: str, opening: Opening) -> None:
    opened = opening(whole)
    page = opened.page
    focused = """() => {
      const one = document.activeElement, style = getComputedStyle(one);
      return [one.tagName + (one.className ? '.' + one.className : ''),
              style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
    }"""

    page.keyboard.press("Tab")
    assert opened.run("document.activeElement.className") == "skip"
    assert opened.run("document.activeElement.getBoundingClientRect().x") >= 0
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(tuple(opened.run(focused)))
    assert {name for name, _ in seen} >= {
        "DIV.scroll", "A", "INPUT", "SELECT", "BUTTON", "SUMMARY", "PRE.diff",
    }  # fmt: skip
    assert all(visible for name, visible in seen if not name.startswith("BODY"))
    page.locator("details.case summary").first.focus()
    page.keyboard.press("Enter")
    assert opened.run("document.querySelector('details.case').open")


def test_what_a_screen_reader_is_told(whole: str, opening: Opening) -> None:
    opened = opening(whole)
    page = opened.page

    for role in ("banner", "main", "contentinfo", "search", "navigation"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("table", name="Prompt tests of this run").count() == 1
    assert page.get_by_role("columnheader", name="smallest drop seen").count() == 1
    assert page.get_by_role("region", name="Diff of prompts/triage.j2").count() == 1
    assert page.get_by_role("img", name="Search curve").count() == 1
    assert page.get_by_role("searchbox", name="Text").count() == 1
    assert page.get_by_role("checkbox", name="only wrong").count() == 1
    assert page.get_by_role("status").inner_text().startswith("110 of 110 cases")
    named = page.locator("section.prompt-test").evaluate_all(
        "all => all.map(one => document.getElementById("
        "one.getAttribute('aria-labelledby')).textContent)"
    )
    assert named[0] == "prompts/triage.j2"


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_no_window_has_to_be_scrolled_sideways(
    whole: str, opening: Opening, width: int
) -> None:
    for html in (whole, page_of(hostile())) if width == 360 else (whole,):
        opened = opening(html, viewport={"width": width, "height": 800})
        opened.run(
            "document.querySelectorAll('details').forEach(one => one.open = true)"
        )

        assert opened.run("document.documentElement.scrollWidth") <= width
        drawn = opened.page.locator("svg.curve:visible")
        sizes = drawn.evaluate_all("all => all.map(one => one.clientWidth)")
        assert all(size <= width for size in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_in_both_colour_schemes(
    whole: str, opening: Opening, scheme: str
) -> None:
    opened = opening(whole, color_scheme=scheme)

    found = opened.run(COLOURS)

    assert len(found) > 8
    faint = {pair: said for pair, said in found.items() if contrast(pair) < 4.5}
    assert not faint
    back = opened.run("getComputedStyle(document.body).backgroundColor")
    assert (luminance(back) < 0.1) == (scheme == "dark")


def luminance(colour: str) -> float:
    numbers = colour.partition("(")[2].rstrip(")").split(",")[:3]
    parts = [float(number) / 255 for number in numbers]
    linear = [
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(pair: str) -> float:
    low, high = sorted(map(luminance, pair.split(" on ")))
    return (high + 0.05) / (low + 0.05)


def test_hostile_data_are_text_to_a_browser_too(opening: Opening) -> None:
    html = page_of(hostile())
    opened = opening(html)
    opened.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    opened.page.wait_for_timeout(200)

    counted = opened.run(
        """() => {
          const all = Array.from(document.querySelectorAll('*'));
          const names = all.flatMap(one => one.getAttributeNames());
          return {
            scripts: document.scripts.length,
            outside: document.querySelectorAll(
              'img, iframe, object, embed, video, audio, base, math, template').length,
            handlers: names.filter(name => name.startsWith('on')).length,
            links: all.filter(one => one.hasAttribute('href'))
              .map(one => one.getAttribute('href')),
            comments: document.createTreeWalker(
              document, NodeFilter.SHOW_COMMENT).nextNode() === null,
            text: document.body.textContent,
          };
        }"""
    )

    assert counted["scripts"] == 1
    assert (counted["outside"], counted["handlers"]) == (0, 0)
    assert set(counted["links"]) == {"#main", "#t1", "#t2", "data:,"}
    assert counted["comments"] is True
    assert MARKUP in counted["text"]
    assert opened.complaints == []
    assert len(opened.requests) == 1


def test_a_script_that_got_into_the_page_would_not_run(
    whole: str, opening: Opening
) -> None:
    """The policy is a second line: it holds where the first one would fail."""
    bad = (
        "<script>document.title = 'run'</script><img src=x onerror=document.title='r'>"
    )

    opened = opening(whole.replace("</main>", f"{bad}</main>"))
    opened.page.wait_for_timeout(200)

    assert opened.page.title().startswith("4 prompt tests")
    assert len(opened.complaints) >= 2
    assert all("Content Security Policy" in said for said in opened.complaints)


def test_a_print_has_the_cases_that_got_worse_and_nothing_cut_off(
    whole: str, opening: Opening
) -> None:
    opened = opening(whole)

    opened.run("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")

    page = opened.page
    assert not page.locator("#filter").is_visible()
    assert page.locator("details.case.worse[open]").count() == 7
    assert page.locator("details.group.right[open]").count() == 0
    clipped = opened.run(
        "Array.from(document.querySelectorAll('.t, .diff')).filter(one =>"
        " one.checkVisibility() && one.scrollHeight > one.clientHeight + 1).length"
    )
    assert clipped == 0
    assert page.pdf(format="A4").startswith(b"%PDF")
    opened.run("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.case[open]").count() == 0


def test_ten_thousand_cases_open_and_filter(vast: str, opening: Opening) -> None:
    assert vast.count('<details class="case ') == 10_000

    opened = opening(vast)
    opened.run(FRAME)
    opened.page.wait_for_timeout(1_000)  # in which the texts of cases are read
    for text, number in (("case-00012", 1), ("word12 word7", None), ("", 10_000)):
        opened.run(ANSWER, text)
        if number is not None:
            assert opened.run(COUNTED).startswith(f"{number:,} of 10,000 cases")
    assert opened.complaints == []
