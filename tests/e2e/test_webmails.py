"""Each webmail of docs/webmails.md where nginx and where Caddy asks the gate.

That mail goes through the gate is in ``test_story.py`` for Roundcube, in ``test_sogo_web.py`` for SOGo.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.gate import guarded
from tests.e2e.groupware import Groupware
from tests.e2e.mailsystem import PASSWORD, SAMPLE_MAILS, MailSystem
from tests.e2e.webmail import Webmail
from tests.integration import front_proxies
from tests.integration.test_forward_auth import questions_of

pytestmark = pytest.mark.e2e
WAYS = pytest.mark.parametrize("way", ["nginx", "caddy"])
PAUSED = "Company mail is paused on this phone"


@contextmanager
def opened(webmail: str, folders: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where people open a webmail that is behind this address, by what asks the gate: one gate is asked by both."""
    asked = {
        "trusted_proxies": ["127.0.0.1/32"],
        "authz": {"dialect": "nginx"},
        "authz_listeners": [{"dialect": "caddy", "listen": "127.0.0.1:0"}],
    }
    with (
        guarded(webmail, folders.mktemp("gate"), **asked) as gate,
        front_proxies.nginx(gate.url, webmail, folders.mktemp("nginx")) as nginx,
        front_proxies.caddy(questions_of(gate.gate), webmail, folders.mktemp("caddy")) as caddy,
    ):
        yield {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module")
def roundcubes(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with opened(mail.url, tmp_path_factory) as urls:
        yield urls


@pytest.fixture(scope="module")
def sogos(sogo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with opened(sogo, tmp_path_factory) as urls:
        yield urls


@WAYS
def test_roundcube_serves_a_laptop_and_not_a_phone(
    roundcubes: dict[str, str], way: str, laptop: Page, iphone: Page
) -> None:
    url = roundcubes[way]
    webmail = Webmail(laptop, url)
    webmail.open()
    webmail.log_in("alice", PASSWORD)
    webmail.read(SAMPLE_MAILS[0].subject)
    webmail.log_out()
    iphone.goto(url)
    expect(iphone.get_by_role("heading", level=1)).to_have_text(PAUSED)


@WAYS
def test_sogo_serves_a_laptop_and_not_a_phone(
    sogos: dict[str, str], way: str, laptop: Page, iphone: Page
) -> None:
    url = sogos[way]
    groupware = Groupware(laptop, url)
    groupware.log_in("alice", PASSWORD)
    groupware.read(SAMPLE_MAILS[0].subject)
    groupware.open_calendar()
    iphone.goto(url)
    expect(iphone.get_by_role("heading", level=1)).to_have_text(PAUSED)
