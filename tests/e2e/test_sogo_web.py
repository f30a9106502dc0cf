"""SOGo's web UI in a real Chromium through the gate."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Response, expect
from tests.e2e.gate import GuardedWebmail
from tests.e2e.groupware import Groupware
from tests.e2e.mailsystem import PASSWORD, PLAIN, UNICODE

pytestmark = pytest.mark.e2e

POST = "async ([path, headers]) => (await fetch(path, {method: 'POST', headers})).status"


@dataclass
class Traffic:
    """What SOGo's scripts asked once somebody was logged in."""

    responses: list[Response] = field(default_factory=list)

    def add(self, response: Response) -> None:
        if "/SOGo/so/alice/" in response.url:
            self.responses.append(response)


def test_a_laptop_reads_mail_and_opens_the_calendar(guarded_sogo: GuardedWebmail, laptop: Page) -> None:
    traffic = Traffic()
    laptop.on("response", traffic.add)
    sogo = Groupware(laptop, guarded_sogo.url)

    sogo.log_in("alice", PASSWORD)
    expect(sogo.read(PLAIN.subject)).to_contain_text(PLAIN.text.strip())
    expect(sogo.read(UNICODE.subject)).to_contain_text("今週木曜日")
    expect(sogo.open_calendar()).to_contain_text("Personal Calendar")

    assert [(each.url, each.status) for each in traffic.responses if each.status >= 400] == []
    cookies = {cookie.get("name"): cookie.get("value") for cookie in laptop.context.cookies()}
    posted = [each.request for each in traffic.responses if each.request.method == "POST"]
    assert {each.headers.get("x-xsrf-token") for each in posted} == {cookies["XSRF-TOKEN"]}


def test_sogo_goes_on_checking_its_xsrf_token(guarded_sogo: GuardedWebmail, laptop: Page) -> None:
    """So the test above would have failed if the gate had lost the cookie or the header."""
    Groupware(laptop, guarded_sogo.url).log_in("alice", PASSWORD)
    path = "/SOGo/so/alice/Mail/unseenCount"
    assert laptop.evaluate(POST, [path, {}]) >= 400
    cookies = {cookie.get("name"): cookie.get("value") for cookie in laptop.context.cookies()}
    assert laptop.evaluate(POST, [path, {"X-XSRF-TOKEN": cookies["XSRF-TOKEN"]}]) == 200


def test_a_phone_without_a_report_does_not_even_see_the_login(
    guarded_sogo: GuardedWebmail, iphone: Page
) -> None:
    response = iphone.goto(f"{guarded_sogo.url}/SOGo/")
    assert response is not None
    assert response.status == 403
    expect(iphone.locator("#passwordField")).to_have_count(0)
