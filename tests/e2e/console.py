"""The console as an admin sees it, with one method for each act of an admin."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.admins import token


@dataclass(frozen=True)
class Console:
    """The console in one browser page. ``url``: of the admin port."""

    page: Page
    url: str

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/console/{path}")

    def log_in(self, who: str) -> None:
        name, _, secret = token(who).partition(":")
        self.open()
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Token").fill(secret)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Overview")

    def log_out(self) -> None:
        self.page.get_by_role("button", name="Log out").click()
        expect(self.page.get_by_label("Token")).to_be_visible()

    def plan_file(self, file: Path) -> str:
        """Plan an uploaded policy file. Returns the address of the plan, which is open now."""
        self.open("policy/plans")
        self.page.get_by_label("A file in the place of").set_input_files(file)
        self.page.get_by_role("button", name="Plan this file").click()
        return self._planned()

    def plan_what_is_on_disk(self) -> str:
        self.open("policy/plans")
        self.page.get_by_role("button", name="Plan the files").click()
        return self._planned()

    def _planned(self) -> str:
        self.page.get_by_role(
            "link", name="Review it"
        ).click()  # the page looks again by itself until it is there
        expect(self.page.get_by_role("heading", name="Who loses mail")).to_be_visible()
        self.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        return self.page.url

    def approve(self, plan: str, note: str) -> None:
        self.page.goto(plan)
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Approve")
        self._confirm(note, "Approve")

    def apply(self, plan: str, note: str) -> None:
        self.page.goto(plan)
        self._confirm(note, "Start this plan")
        expect(self.page.get_by_role("heading", name="Plan and reality")).to_be_visible()

    def go_back_to(self, version: int, note: str) -> None:
        """Roll back."""
        self.open("policy")
        self.page.get_by_role("button", name=f"Roll back to version {version} …").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(f"Roll back to version {version}")
        self._confirm(note, f"Roll back to version {version}")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("Rolled back")

    def _confirm(self, note: str, button: str) -> None:
        form = self.page.locator("main form", has=self.page.get_by_role("button", name=button, exact=True))
        form.get_by_label("Reason, for the audit log").fill(note)
        form.get_by_role("button", name=button, exact=True).click()

    def force(self, address: str, **fields: str) -> int:
        """Send a form that no page shows, with the cookie and the token of this session. Returns the status of the
        answer."""
        csrf = self.page.locator("header input[name=csrf]").get_attribute("value")
        answer = self.page.context.request.post(address, form={"csrf": csrf or "", **fields})
        return answer.status
