"""SOGo's web UI as its user sees it, with one method for each act of a person."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True)
class Groupware:
    page: Page
    url: str

    def log_in(self, user: str, password: str) -> None:
        """Open the site and log in; the mail is shown."""
        self.page.goto(self.url)
        self.page.locator("#input_1").fill(user)
        self.page.locator("#passwordField").fill(password)
        self.page.get_by_role("button", name="Connect").click()
        expect(self.page).to_have_title(re.compile(r"Inbox \| Mail \| SOGo$"))

    def read(self, subject: str) -> Locator:
        """Open a message from the list; the element that shows it."""
        self.page.get_by_role("button", name=subject).click()
        message = self.page.locator("#detailView")
        expect(message).to_contain_text(subject)
        return message

    def open_calendar(self) -> Locator:
        """The page of the calendar, after it has requested its events."""
        with self.page.expect_response(re.compile(r"/Calendar/eventsblocks\?")):
            self.page.get_by_role("link", name="Calendar").first.click()
        expect(self.page).to_have_title("Calendar | SOGo")
        return self.page.get_by_role("main")
