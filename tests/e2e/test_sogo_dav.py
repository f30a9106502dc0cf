"""CalDAV, CardDAV and WebDAV of a real SOGo: the same through the gate as without it."""

import http.client
import os
import re
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from tests.e2e.gate import GuardedWebmail
from tests.e2e.mailsystem import PASSWORD
from tests.servers import PATIENCE, require_or_skip

pytestmark = pytest.mark.e2e

THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"
SPACES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav", "A": "urn:ietf:params:xml:ns:carddav"}

METHODS = "OPTIONS GET HEAD PROPFIND REPORT POST PUT DELETE MKCALENDAR MKCOL PROPPATCH MOVE COPY LOCK UNLOCK".split()
SUITES = ("basic", "copymove", "props", "locks", "http")

EVENT = """\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example//test//EN\r
BEGIN:VEVENT\r
UID:meeting@example.com\r
DTSTAMP:20261201T090000Z\r
DTSTART:20261202T090000Z\r
DTEND:20261202T100000Z\r
SUMMARY:Sitzung über 今週\r
END:VEVENT\r
END:VCALENDAR\r
"""
EVENTS = (
    '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><C:calendar-data/></D:prop>'
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>'
    "</C:calendar-query>"
)


@dataclass(frozen=True)
class DavClient:
    """A calendar program on a laptop, logged in as alice."""

    url: str
    agent: str = THUNDERBIRD

    def ask(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        parts = urlsplit(self.url)
        credentials = b64encode(f"alice:{PASSWORD}".encode()).decode()
        sent = {"User-Agent": self.agent, "Authorization": f"Basic {credentials}", "Content-Type": "text/xml"}
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body.encode(), sent | headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def find(self, path: str, prefix: str, name: str) -> str:
        """The address that a property of a resource holds (RFC 4918, section 9.1)."""
        asked = (
            f'<D:propfind xmlns:D="DAV:" xmlns:X="{SPACES[prefix]}"><D:prop><X:{name}/></D:prop></D:propfind>'
        )
        answer, body = self.ask("PROPFIND", path, asked, Depth="0")
        assert answer.status == 207
        found = ElementTree.fromstring(body).find(f".//{prefix}:{name}/D:href", SPACES)
        assert found is not None, body
        return found.text or ""


def litmus(url: str, run: Path) -> list[str]:
    """One line for each test of each suite."""
    run.mkdir()
    done = subprocess.run(
        ["litmus", "-k", f"{url}/SOGo/dav/alice/Calendar/", "alice", PASSWORD],
        cwd=run,
        env=os.environ | {"TESTS": " ".join(SUITES)},
        capture_output=True,
        check=False,
        timeout=300,
    )
    # it names what a failed PUT was about from memory that it has already given back
    said = re.sub(r"PUT of `.*?':", "PUT:", done.stdout.decode(errors="replace"), flags=re.DOTALL)
    return [line.strip() for line in re.split(r"[\r\n]+", said) if line.strip()]


def test_litmus_finds_the_same_with_and_without_the_gate(
    sogo: str, guarded_sogo: GuardedWebmail, tmp_path: Path
) -> None:
    require_or_skip("litmus")
    without = litmus(sogo, tmp_path / "without")
    assert litmus(guarded_sogo.url, tmp_path / "through") == without
    assert without.count(f"1. {'begin':.<22} pass") == len(SUITES)


@pytest.mark.parametrize(
    ("service", "prefix", "home"),
    [("caldav", "C", "calendar-home-set"), ("carddav", "A", "addressbook-home-set")],
)
def test_a_home_is_discovered(
    sogo: str, guarded_sogo: GuardedWebmail, service: str, prefix: str, home: str
) -> None:
    """RFC 6764, section 5: the well-known address, the principal, the home; never the upstream's address."""
    client = DavClient(guarded_sogo.url)
    moved, _ = client.ask("PROPFIND", f"/.well-known/{service}")
    assert (moved.status, moved.headers["Location"]) == (301, f"{guarded_sogo.url}/SOGo/dav")
    principal = client.find(urlsplit(moved.headers["Location"]).path, "D", "current-user-principal")
    found = client.find(urlsplit(principal).path, prefix, home)
    assert urlsplit(found).netloc in ("", urlsplit(guarded_sogo.url).netloc)
    assert urlsplit(found).path == urlsplit(DavClient(sogo).find(urlsplit(principal).path, prefix, home)).path


def write_an_event(client: DavClient) -> list[tuple[int, list[str]]]:
    """Create an event, find it, change it if it is another than it is, delete it: what came of each step."""
    calendar = "/SOGo/dav/alice/Calendar/personal/"
    event = f"{calendar}meeting%40example.com.ics"
    ics = {"Content-Type": "text/calendar; charset=utf-8"}
    answers = [
        client.ask("PUT", event, EVENT, **ics),
        client.ask("REPORT", calendar, EVENTS, Depth="1"),
        client.ask("PUT", event, EVENT, **ics, **{"If-Match": '"other"'}),
        client.ask("DELETE", event),
        client.ask("GET", event),
    ]
    return [(answer.status, re.findall("SUMMARY:.*", unescape(body))) for answer, body in answers]


def test_an_event_is_written_found_guarded_and_deleted(sogo: str, guarded_sogo: GuardedWebmail) -> None:
    without = write_an_event(DavClient(sogo))
    assert write_an_event(DavClient(guarded_sogo.url)) == without
    assert without == [(201, []), (207, ["SUMMARY:Sitzung über 今週"]), (412, []), (204, []), (404, [])]


def test_without_credentials_the_upstream_asks_for_them(sogo: str, guarded_sogo: GuardedWebmail) -> None:
    asked = [
        DavClient(url).ask("PROPFIND", "/SOGo/dav/alice/", Authorization="")[0]
        for url in (sogo, guarded_sogo.url)
    ]
    assert [each.status for each in asked] == [401, 401]
    assert asked[0].headers["WWW-Authenticate"] == asked[1].headers["WWW-Authenticate"]


def test_a_phone_that_nobody_vouches_for_gets_no_calendar(guarded_sogo: GuardedWebmail) -> None:
    client = DavClient(guarded_sogo.url, "iOS/18.1 (22B83) dataaccessd/1.0")
    answer, body = client.ask("PROPFIND", "/SOGo/dav/alice/Calendar/", Depth="1")
    assert answer.status == 403
    assert "/SOGo/" not in body


@pytest.mark.parametrize("method", METHODS)
def test_a_phone_that_is_refused_is_asked_for_its_login_first(
    sogo: str, guarded_sogo: GuardedWebmail, method: str
) -> None:
    phone = DavClient(guarded_sogo.url, "iOS/18.1 (22B83) dataaccessd/1.0")
    path = "/SOGo/dav/alice/Calendar/personal/nothing.ics"
    challenge = DavClient(sogo).ask("OPTIONS", path, Authorization="")[0].headers["WWW-Authenticate"]
    asked, body = phone.ask(method, path, EVENT, Authorization="")
    assert (asked.status, asked.headers["WWW-Authenticate"], body) == (401, challenge, "")
    assert phone.ask(method, path, EVENT)[0].status == 403
    assert DavClient(sogo).ask("GET", path)[0].status == 404
