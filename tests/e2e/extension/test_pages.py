"""The extension's pages in every state that they know, as somebody meets them who sees little or uses no mouse."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.extension.browser_standin import STATES, show, shown
from tests.e2e.looks import AXE, Look, complained

pytestmark = pytest.mark.e2e

SET_UP = ("unconfigured", "not-allowed", "code-refused", "token-refused", "open")
"""What makes a difference in the set-up."""
BOTH: tuple[Look, ...] = ((360, "light"), (360, "dark"))


@pytest.fixture(scope="module")
def page(one_chromium: Browser) -> Iterator[Page]:
    with one_chromium.new_context() as context:
        context.add_init_script(path=AXE)
        yield context.new_page()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with shown() as running:
        yield running


@pytest.mark.parametrize("state", STATES)
def test_the_popup_passes_the_accessibility_rules(page: Page, origin: str, state: str) -> None:
    show(page, origin, state)
    assert complained(page, BOTH) == []


@pytest.mark.parametrize("state", SET_UP)
def test_the_set_up_passes_the_accessibility_rules(page: Page, origin: str, state: str) -> None:
    show(page, origin, state, path="options/options.html")
    assert complained(page, BOTH) == []


@pytest.mark.parametrize("state", ["away", "warned"])
def test_changing_times_are_not_read_out(page: Page, origin: str, state: str) -> None:
    show(page, origin, state)
    assert "ago" in page.locator("main").inner_text() or "days" in page.locator("main").inner_text()
    live = page.locator("[aria-live], [role=status], [role=alert]").all_inner_texts()
    assert not [text for text in live if "ago" in text or "days" in text]


def test_a_list_of_devices_that_stays_the_same_is_left_alone(page: Page, origin: str) -> None:
    show(page, origin, "blocked")
    expect(page.locator("#devices li")).to_have_count(2)
    page.evaluate("window.first = document.querySelector('#devices li')")
    page.evaluate("document.querySelector('#devices li:last-child').append('of a moment ago')")
    page.click("#check")
    expect(page.locator("#devices li").last).not_to_contain_text("of a moment ago")
    assert page.evaluate("window.first === document.querySelector('#devices li')")


def test_each_badge_has_the_look_of_its_own_verdict(page: Page, origin: str) -> None:
    """A tablet that gets mail is not drawn like the browser that does not."""
    show(page, origin, "blocked")
    tones = page.locator(".badge").evaluate_all(
        "all => all.map((each) => [each.className, getComputedStyle(each).backgroundColor])"
    )
    grounds = dict(tones)
    assert [tone for tone, _ in tones] == ["badge no", "badge ok", "badge no"]
    assert grounds["badge ok"] != grounds["badge no"]


@pytest.mark.parametrize(
    ("state", "place", "words"), [("blocked", "#when", "3 minutes ago"), ("shut-out", "#named", "LAP-0042")]
)
def test_words_that_are_read_out_stay_on_one_line(
    page: Page, origin: str, state: str, place: str, words: str
) -> None:
    show(page, origin, state)
    page.set_viewport_size({"width": 360, "height": 600})
    expect(page.locator(place)).to_contain_text(words)
    lines = page.evaluate(LINES, [place, words])
    assert lines == 1
    assert "·" not in page.locator("footer").inner_text()


LINES = """([place, words]) => {
  const texts = document.createTreeWalker(document.querySelector(place), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const at = texts.currentNode.data.indexOf(words), range = document.createRange();
    if (at < 0) continue;
    range.setStart(texts.currentNode, at);
    range.setEnd(texts.currentNode, at + words.length);
    return range.getClientRects().length;
  }
}"""
"""On how many lines words are."""


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("open", "Done: this browser is added to company mail. You can close this page."),
        ("blocked", "This browser is added to company mail, and the code is used up."),
    ],
)
def test_nothing_is_said_to_be_done_below_a_refusal(page: Page, origin: str, state: str, told: str) -> None:
    show(page, origin, state, path="options/options.html")
    page.fill("#code", "7K3M-9XQ2")
    page.click("#connect")
    expect(page.locator("#connected")).to_have_text(told)
    plain = page.evaluate("getComputedStyle(document.body).color")
    colour = page.locator("#connected").evaluate("each => getComputedStyle(each).color")
    assert (colour == plain) is (state == "blocked")
