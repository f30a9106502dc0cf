"""A refused phone that is logged in asks a real Roundcube for the text of one mail, at addresses that name other protocols.

PHP's own server has one script for every address, and Roundcube goes by the cookies of its session, whatever stands in the path, in the query or
in ``Authorization``. What only connections of a test's own can send, and other webmails: ``tests/attacks/test_claimed_names.py``.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import encode_basic_auth
from playwright.sync_api import Browser, Page, Playwright, Response
from tests.attacks.test_claimed_names import CLEAN, QUERIES, RULES, TARGETS
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import PASSWORD, PLAIN, MailSystem
from tests.e2e.webmail import Webmail
from tests.integration import front_proxies
from tests.integration.commands import output_of
from tests.integration.conftest import IPHONE, LAPTOP
from tests.servers import PATIENCE

from mailgate.attest.mint import AttestedDevice

pytestmark = pytest.mark.e2e

TEXT = PLAIN.text.strip()
LETTER = "_task=mail&_mbox=INBOX&_uid=1&_action=show"
SYNC = "application/vnd.ms-sync.wbxml"
EXEMPT, OF_A_RULE, OWNER = "carol", "boss", "lin"
"""Who has an exemption, whom a rule lets in, and who owns a clean phone."""
NAMES = ("", EXEMPT, OF_A_RULE, OWNER, "alice")
FIELDS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Type": SYNC},
    {"Content-Type": SYNC, "MS-ASProtocolVersion": "14.1"},
    {"Content-Type": "application/mapi-http"},
    {"SOAPAction": "http://schemas.microsoft.com/exchange/services/2006/messages/GetItem"},
    {"Depth": "0", "Translate": "f"},
)
METHODS = ("GET", "POST", "OPTIONS", "PROPFIND", "REPORT", "SEARCH")
OWN_PAGE = "/a-page-of-the-phone"
"""A page of the webmail's origin without a policy of its own, such as a service worker may keep."""

FETCH = """async asked => {
  const shown = [];
  for (const [path, method, headers] of asked) {
    const answer = await fetch(path, {method, headers});
    if ((await answer.text()).includes(TEXT)) shown.push([path, method, headers]);
  }
  return shown;
}"""
FRAME = """async asked => {
  const shown = [];
  for (const [path, enctype] of asked) {
    const frame = document.createElement("iframe");
    frame.name = "letter";
    const loaded = new Promise(done => frame.addEventListener("load", done));
    if (!enctype) frame.src = path;
    document.body.append(frame);
    if (enctype) {
      await loaded;
      const form = document.createElement("form");
      Object.assign(form, {method: "post", action: path, enctype, target: "letter"});
      document.body.append(form);
      const posted = new Promise(done => frame.addEventListener("load", done));
      form.submit();
      await posted;
      form.remove();
    } else await loaded;
    let text = "";
    try { text = frame.contentDocument.documentElement.textContent; } catch { /* of an error page of the browser */ }
    if (text.includes(TEXT)) shown.push([path, enctype]);
    frame.remove();
  }
  return shown;
}"""
IMAGE = """async asked => {
  for (const path of asked) {
    const image = new Image();
    const over = new Promise(done => { image.onload = image.onerror = done; });
    image.src = path;
    await over;
  }
}"""


@dataclass
class Front:
    """Where people open the webmail, and the gate that decides."""

    url: str
    gate: GuardedWebmail
    turn: int
    """What stands beside an address through one of the ways is another method, other fields and another name than through the other."""


@pytest.fixture(scope="module", params=["inline", "nginx"])
def front(
    request: pytest.FixtureRequest, mail: MailSystem, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """A way to Roundcube, with a clean phone of Lin's and an exemption of Carol's."""
    asked = {} if request.param == "inline" else {"authz": {"dialect": request.param}}
    folder = tmp_path_factory.mktemp("gate")
    (folder / "groups.yaml").write_text("groups: {pilot: [alice], execs: [grace]}\n")
    with ExitStack() as stack:
        gate = stack.enter_context(
            guarded(mail.url, folder, RULES, trusted_proxies=["127.0.0.1/32"], **asked)
        )
        gate.report(AttestedDevice("phone-of-lin", eas_ids=(CLEAN,), user=OWNER))
        until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
        for rule in ("pilot", "half", "unproven-handheld"):
            given = ("--rule", rule, "--person", EXEMPT, "--reason", "a journey", "--until", until)
            output_of(gate.config, "exempt", "add", *given)
        url = gate.url
        if asked:
            url = stack.enter_context(
                front_proxies.nginx(gate.url, mail.url, tmp_path_factory.mktemp("front"))
            )
        yield Front(url, gate, turn=1 if asked else 0)


@pytest.fixture(scope="module")
def session(mail: MailSystem, one_chromium: Browser, playwright: Playwright) -> list[Any]:
    """The cookies of Alice's session, from a laptop at the webmail itself: cookies know no ports."""
    with one_chromium.new_context(**playwright.devices["Desktop Chrome"]) as context:
        webmail = Webmail(context.new_page(), mail.url)
        webmail.open()
        webmail.log_in("alice", PASSWORD)
        return list(context.cookies())


def letters() -> list[str]:
    """Every spelling of an address, of a place in Roundcube where it is."""
    return [f"{path}?{'&'.join(filter(None, (query, LETTER)))}" for path, query in product(TARGETS, QUERIES)]


def in_a_browser(front: Front) -> list[str]:
    """One whole address of each spelling, with every query in turn."""
    paths = [path for path in letters() if path.startswith("/")]
    return [front.url + path for path in paths[:: len(QUERIES) + 1]]


def beside(number: int, turn: int) -> tuple[str, dict[str, str]]:
    """The method and the fields of one of the addresses."""
    return METHODS[(number + turn) % len(METHODS)], FIELDS[(number // 3 + turn) % len(FIELDS)]


def login(name: str) -> dict[str, str]:
    """A login with a false password, or none."""
    return {"Authorization": encode_basic_auth(name, "x")} if name else {}


def asked_of(url: str, session: list[Any], method: str, path: str, headers: Mapping[str, str]) -> str:
    """The answer to a request over a connection of its own, on which nothing changes the path."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        cookies = "; ".join(f"{each['name']}={each['value']}" for each in session)
        sent = {"Cookie": cookies} | ({"Content-Length": "0"} if method == "POST" else {}) | headers
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return f"{answer.getheaders()} {answer.read().decode(errors='replace')}"
    finally:
        connection.close()


@contextmanager
def logged_in(browser: Browser, session: list[Any], front: Front, **device: Any) -> Iterator[Page]:
    """A browser with Alice's session, on a page of the webmail's origin that no policy holds back."""
    with browser.new_context(**device) as context:
        context.add_cookies(session)
        page = context.new_page()
        html = f"<!doctype html><title>kept</title><script>const TEXT = {json.dumps(TEXT)}</script>"
        page.route(front.url + OWN_PAGE, lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(front.url + OWN_PAGE)
        yield page


@pytest.fixture
def phone(chromium: Browser, playwright: Playwright, session: list[Any], front: Front) -> Iterator[Page]:
    with logged_in(chromium, session, front, **playwright.devices["iPhone 15"]) as page:
        yield page


@pytest.fixture(scope="module")
def one_computer(
    one_chromium: Browser, playwright: Playwright, session: list[Any], front: Front
) -> Iterator[Page]:
    with logged_in(one_chromium, session, front, **playwright.devices["Desktop Chrome"]) as page:
        yield page


@pytest.fixture
def computer(one_computer: Page, front: Front) -> Page:
    one_computer.goto(front.url + OWN_PAGE)
    return one_computer


def test_every_address_shows_the_letter_where_no_gate_is(mail: MailSystem, session: list[Any]) -> None:
    """So each of them would show it, if the gate let it pass."""
    every = letters()  # the path finds the script, which reads the query: neither depends on the other
    once = [*every[: len(QUERIES)], *every[:: len(QUERIES)]]
    empty = [path for path in once if TEXT not in asked_of(mail.url, session, "GET", path, {})]
    assert empty == []


def test_nothing_that_a_phone_sends_by_itself_gets_the_letter(front: Front, session: list[Any]) -> None:
    shown = []
    for number, path in enumerate(letters()):
        method, fields = beside(number, front.turn)
        headers = {"User-Agent": IPHONE} | fields | login(NAMES[(number + 2 * front.turn) % len(NAMES)])
        if TEXT in asked_of(front.url, session, method, path, headers):
            shown.append((method, path, headers))
    assert shown == []
    assert TEXT in asked_of(front.url, session, "GET", f"/?{LETTER}", {"User-Agent": LAPTOP})


def test_no_script_of_a_phone_reads_the_letter(front: Front, phone: Page, computer: Page) -> None:
    asked = [
        (front.url + path, method, fields | login(NAMES[(number + 2 * front.turn) % len(NAMES)]))
        for number, path in enumerate(letters())
        if path.startswith("/")
        for method, fields in [beside(number, front.turn)]
    ]
    assert phone.evaluate(FETCH, asked) == []
    letter = (f"{front.url}/?{LETTER}", "GET", {})
    assert computer.evaluate(FETCH, [letter]) == [list(letter)]


def test_no_address_that_a_phone_opens_shows_the_letter(front: Front, phone: Page, computer: Page) -> None:
    for number, address in enumerate(in_a_browser(front)):
        fields = FIELDS[number % 3] | login(NAMES[number % len(NAMES)])
        phone.context.set_extra_http_headers(fields)
        phone.goto(address)
        assert TEXT not in phone.content(), (address, fields)
    computer.goto(f"{front.url}/?{LETTER}")
    assert TEXT in computer.content()


def test_no_frame_and_no_form_of_a_phone_shows_the_letter(front: Front, phone: Page, computer: Page) -> None:
    forms = ("", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data")
    asked = [(address, forms[number // 2 % 4]) for number, address in enumerate(in_a_browser(front))]
    for turn, name in enumerate((EXEMPT, OWNER)):
        phone.context.set_extra_http_headers(login(name))
        assert phone.evaluate(FRAME, asked[(turn + front.turn) % 2 :: 2]) == []
    letters_of_all = [[f"{front.url}/?{LETTER}", form] for form in forms]
    assert computer.evaluate(FRAME, letters_of_all) == letters_of_all


def test_no_image_of_a_phone_is_the_letter(front: Front, phone: Page, computer: Page) -> None:
    """Nobody sees it there, and no script; but it would be on the phone."""
    got = list[Response]()
    for page in (phone, computer):
        page.on("response", lambda answer: got.append(answer))
    phone.context.set_extra_http_headers(login(EXEMPT))
    phone.evaluate(IMAGE, in_a_browser(front))
    assert got
    assert [each.url for each in got if each.status < 400] == []
    computer.evaluate(IMAGE, [f"{front.url}/?{LETTER}"])
    assert got[-1].status == 200
