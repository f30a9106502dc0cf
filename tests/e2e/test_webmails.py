"""Each webmail of docs/webmails.md by each way: mail through the gate, nginx asking, Caddy asking."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.gate import guarded
from tests.e2e.groupware import Groupware
from tests.e2e.mailsystem import PASSWORD, SAMPLE_MAILS, MailSystem
from tests.e2e.webmail import Webmail
from tests.integration import front_proxies

pytestmark = pytest.mark.e2e
ASKING: dict[str, Callable[..., AbstractContextManager[str]]] = {
    "nginx": front_proxies.nginx,
    "caddy": front_proxies.caddy,
}
PAUSED = "Company mail is paused on this phone"


@pytest.fixture(scope="module", params=["inline", *ASKING])
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """Where people open a webmail that is behind this address."""
    with ExitStack() as stack:

        def opened(webmail: str) -> str:
            asked: dict[str, Any] = {"trusted_proxies": ["127.0.0.1/32"], "authz": {"dialect": request.param}}
            settings = {} if request.param == "inline" else asked
            gate = stack.enter_context(guarded(webmail, tmp_path_factory.mktemp("gate"), **settings))
            if request.param == "inline":
                return gate.url
            front = ASKING[request.param](gate.url, webmail, tmp_path_factory.mktemp("front"))
            return stack.enter_context(front)

        yield opened


def test_roundcube(way: Callable[[str], str], mail: MailSystem, laptop: Page, iphone: Page) -> None:
    url = way(mail.url)
    webmail = Webmail(laptop, url)
    webmail.open()
    webmail.log_in("alice", PASSWORD)
    webmail.read(SAMPLE_MAILS[0].subject)
    webmail.log_out()
    iphone.goto(url)
    expect(iphone.get_by_role("heading", level=1)).to_have_text(PAUSED)


def test_sogo(way: Callable[[str], str], sogo: str, laptop: Page, iphone: Page) -> None:
    url = way(sogo)
    groupware = Groupware(laptop, url)
    groupware.log_in("alice", PASSWORD)
    groupware.read(SAMPLE_MAILS[0].subject)
    groupware.open_calendar()
    iphone.goto(url)
    expect(iphone.get_by_role("heading", level=1)).to_have_text(PAUSED)
