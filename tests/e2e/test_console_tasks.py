"""What the help desk does every day, each with its clicks counted: a task that takes more has become worse."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.test_console import Site, opened
from tests.e2e.test_console import site as site

pytestmark = pytest.mark.e2e


@dataclass
class Hand:
    """Clicks and types in a page. What is typed and Enter are no clicks."""

    page: Page
    clicks: int = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def find(self, text: str) -> None:
        """By the search of every page, which ``/`` leads to once the page's script runs: its heading is there before."""
        self.page.wait_for_load_state()
        self.page.keyboard.press("/")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name))


@pytest.fixture
def hand(chromium: Browser, site: Site, complaints: list[str]) -> Hand:
    page = opened(chromium, site, complaints, viewport={"width": 1280, "height": 900})
    page.goto(f"{site.url}/console/audit")
    return Hand(page)


def test_a_person_is_found_and_why_they_have_no_mail_in_one_click(hand: Hand, site: Site) -> None:
    for text in ("alice", "ALICE@example.com", site.device, "serial-a1", "ref2345"):
        hand.page.goto(f"{site.url}/console/audit")
        hand.clicks = 0
        hand.page.get_by_role("searchbox").first.fill(text)
        hand.button("Find")
        expect(hand.page.get_by_role("heading", level=1)).to_have_text("alice@example.com")
        expect(hand.page.get_by_role("main")).to_contain_text("TikTok")
        assert hand.clicks <= 1
    expect(hand.page.get_by_role("link", name="Help number REF2345", exact=True)).to_be_visible()
    hand.find("alcie")
    expect(hand.page.get_by_role("main")).to_contain_text("Check the spelling")


def test_a_person_is_let_in_from_any_page_in_two_clicks(hand: Hand) -> None:
    hand.find("dan")
    hand.page.get_by_label("Reason, which the person sees").fill("a new phone is on its way")
    hand.click(hand.page.get_by_role("button", name="Let in", exact=True))
    expect(hand.page.get_by_role("status")).to_contain_text("dan is let in until")
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("dan@example.com")
    expect(hand.page.get_by_role("main")).to_contain_text("The iPhone is let in until")
    assert hand.clicks <= 2
    hand.button("Undo")
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("dan@example.com")
    expect(hand.page.get_by_text("Counts now")).to_have_count(0)


def test_a_request_for_help_is_answered_in_three_clicks(hand: Hand, site: Site) -> None:
    hand.page.goto(f"{site.url}/console/")
    hand.click(hand.page.get_by_role("link", name="Answer", exact=True))
    hand.click(hand.page.get_by_role("link", name="Answer alice"))
    hand.page.get_by_label("Your answer").fill("Please remove it and check again.")
    hand.button("Send answer and close")
    expect(hand.page.get_by_role("status")).to_contain_text("Your answer goes to alice@example.com")
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("alice@example.com")
    assert hand.clicks <= 3
    hand.page.goto(f"{site.url}/console/help")
    expect(hand.page.get_by_role("link", name="alice", exact=True)).to_have_count(0)


def test_a_lost_phone_is_refused_with_a_reason_in_two_clicks_and_undone(hand: Hand, site: Site) -> None:
    hand.find(site.device[:6])
    hand.click(hand.page.locator("summary", has_text="Lost …"))
    hand.page.get_by_label("Reason, for the audit log").fill("left in a taxi")
    hand.button("Mark as lost")
    expect(hand.page.get_by_role("main")).to_contain_text("The iPhone is marked as lost and gets no mail.")
    assert hand.clicks <= 2
    person = hand.page.url
    assert "people?login=alice" in person
    hand.page.goto(f"{site.url}/console/audit")
    expect(hand.page.get_by_role("button", name="Undo")).to_have_count(0)  # it is about that phone alone
    hand.page.goto(person)
    hand.button("Undo")
    expect(hand.page.locator("summary", has_text="Lost …")).to_be_visible()


def test_every_phone_that_is_silent_for_days_is_found_in_two_clicks(hand: Hand, site: Site) -> None:
    hand.click(hand.page.get_by_role("link", name="People", exact=True))
    hand.click(hand.page.get_by_role("link", name="Phones silent for a week"))
    assert hand.clicks <= 2
    expect(hand.page.get_by_label("Last report before")).to_have_value("7d")
    hand.page.goto(f"{site.url}/console/devices?kind=phone&before=3d")
    expect(hand.page.get_by_role("main").get_by_role("link", name="cy", exact=True)).to_be_visible()


def test_the_menu_of_a_phone_opens_and_its_header_takes_two_lines(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints, viewport={"width": 390, "height": 844})
    page.goto(f"{site.url}/console/")
    box = page.get_by_role("banner").bounding_box()
    assert box is not None
    assert box["height"] < 120
    expect(page.get_by_role("link", name="Audit log")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")


def test_a_plan_is_started_watched_and_rolled_back_in_five_clicks(hand: Hand, site: Site) -> None:
    hand.page.goto(f"{site.url}/console/policy/plans/{site.plan}?sort=person")
    listed = hand.page.get_by_role("table", name="Who it changes")
    hand.page.get_by_label("Person or device", exact=True).fill("bo")
    hand.page.keyboard.press("Enter")
    expect(listed.get_by_role("link", name="bob", exact=True)).to_be_visible()
    expect(listed.get_by_role("link", name="cy", exact=True)).to_have_count(0)
    if hand.page.get_by_label("Override the objections").count():
        hand.click(hand.page.get_by_text("Start it all the same"))
        hand.click(hand.page.get_by_label("Override the objections"))
    start = hand.page.get_by_role("button", name="Start this plan")
    hand.page.locator("main form", has=start).get_by_label("Reason, for the audit log").fill("as agreed")
    hand.click(start)
    expect(hand.page.get_by_role("heading", name="Plan and reality")).to_be_visible()
    hand.button("Roll back to version")
    hand.page.get_by_label("Reason, for the audit log").fill("sent in error")
    hand.button("Roll back to version")
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text("Rolled back to version")
    assert hand.clicks <= 5
    hand.page.goto(f"{site.url}/console/policy/plans/{site.plan}")
    expect(hand.page.get_by_text("Plan it again")).to_be_visible()


def test_a_look_at_two_months_takes_one_click(hand: Hand, site: Site) -> None:
    hand.page.goto(f"{site.url}/console/")
    hand.click(hand.page.get_by_role("link", name="60 days"))
    expect(hand.page.get_by_role("img", name="The last 60 days").first).to_be_visible()
    assert hand.clicks <= 1


def test_who_has_no_mail_and_why_is_seen_at_once_and_listed_in_one_click(hand: Hand, site: Site) -> None:
    hand.page.goto(f"{site.url}/console/")
    expect(hand.page.get_by_text("people with a device have one without mail")).to_be_visible()
    hand.click(hand.page.get_by_role("link", name="TikTok 2"))
    expect(hand.page.get_by_role("main").get_by_role("link", name="dan", exact=True)).to_be_visible()
    assert hand.clicks <= 1


def test_a_laptop_is_enrolled_by_a_code_in_four_clicks(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("link", name="Sources", exact=True))
    hand.click(hand.page.get_by_role("link", name="Enrolment", exact=True))
    hand.page.get_by_label("the login name of its owner").fill("bob")
    hand.button("Make a code")
    expect(hand.page.get_by_role("status")).to_contain_text("bob opens the set-up of the extension")
    hand.button("Copy the code")
    assert hand.clicks <= 4


def test_a_stage_that_a_rule_lacks_is_drafted_in_three_clicks(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("link", name="Rules", exact=True))
    hand.click(hand.page.get_by_role("link", name="change it").first)
    hand.page.get_by_label("From this day").fill("2030-01-07")
    hand.button("Draft this stage")
    expect(hand.page.get_by_text("2030-01-07").first).to_be_visible()
    assert hand.clicks <= 3
