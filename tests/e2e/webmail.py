"""Roundcube as its user sees it, with one method for each act of a person."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FrameLocator, Page, expect


@dataclass(frozen=True)
class Webmail:
    """Roundcube (skin "elastic") in one browser page, wide or narrow."""

    page: Page
    url: str

    def open(self) -> None:
        self.page.goto(self.url)
        self.expect_login_form()

    def log_in(self, user: str, password: str) -> None:
        self.page.fill("#rcmloginuser", user)
        self.page.fill("#rcmloginpwd", password)
        self.page.click("#rcmloginsubmit")
        self.expect_inbox()

    def expect_login_form(self) -> None:
        expect(self.page.locator("#rcmloginuser")).to_be_visible()
        self._settle()

    def expect_inbox(self) -> None:
        expect(self.page).to_have_title(
            re.compile("Inbox$")
        )  # "(3) Roundcube Webmail :: Inbox" once the messages were counted
        self._settle()

    def read(self, subject: str) -> FrameLocator:
        """Open a message from the list; the frame that shows it."""
        self.page.locator("#messagelist").get_by_text(subject).click()
        message = self.page.frame_locator("#messagecontframe")
        expect(message.locator("h2.subject")).to_contain_text(subject)
        self._settle()
        return message

    def download(self, subject: str, attachment: str) -> bytes:
        """Download one attachment of a message, as a person does, to a file; its content."""
        message = self.read(subject)
        with self.page.expect_download() as started:
            message.get_by_text(attachment).first.click()
        return Path(started.value.path()).read_bytes()

    def save_draft(self, subject: str, attachment: Path) -> None:
        """Write a message, upload a file to it, and keep it as a draft."""
        self.page.goto(f"{self.url}/?_task=mail&_action=compose")
        self._settle()
        self.page.fill("#compose-subject", subject)
        self.page.locator("input[type=file]").first.set_input_files(attachment)
        expect(self.page.locator("#attachment-list li:not(.uploading)")).to_contain_text(attachment.name)
        self._settle()
        self.page.get_by_role("button", name="Save").first.click()
        expect(self.page.get_by_text("Message saved to Drafts")).to_be_visible()

    def log_out(self) -> None:
        self.page.goto(f"{self.url}/?_task=mail")
        self.expect_inbox()
        self.page.locator("a.logout").first.click()
        self.expect_login_form()

    def _settle(self) -> None:
        """Wait for Roundcube to be idle: while it is busy it takes clicks and does nothing."""
        self.page.wait_for_function("document.readyState === 'complete' && window.rcmail && !rcmail.busy")
