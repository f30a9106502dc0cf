from dataclasses import replace

import pytest

from mailgate.classify.discovery import is_autodiscover, is_discovery
from mailgate.model import RequestFacts

ACTIVESYNC, JSON, XML = "/Microsoft-Server-ActiveSync", "/autodiscover/autodiscover.json", "/autodiscover/autodiscover.xml"  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("OPTIONS", ACTIVESYNC),
        ("OPTIONS", f"{ACTIVESYNC}?User=".ljust(512, "a")),
        ("GET", f"{JSON}?Email=".ljust(512, "a")),
        ("OPTIONS", "/SOGo/microsoft-server-activesync?Cmd=OPTIONS&DeviceId=1&DeviceType=iPhone"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync/default.eas?User=EXAMPLE%5Calice&DeviceId=1"),
        ("POST", "/autodiscover/autodiscover.xml"),
        ("POST", "/Autodiscover/Autodiscover.xml"),
        ("GET", "/AUTODISCOVER/AUTODISCOVER.XML"),
        ("POST", "/autodiscover/autodiscover.svc"),
        ("POST", "/Autodiscover/Autodiscover.svc"),
        ("GET", "/autodiscover/autodiscover.json"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/alice@example.com?Protocol=ActiveSync&RedirectCount=1"),
        ("GET", "/autodiscover/autodiscover.json?Email=alice%40example.com&Protocol=ActiveSync"),
        ("GET", "/autodiscover/autodiscover.json?Email=o'neill%2Bmail@example.com&Protocol=ActiveSync"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/alice%2Bmail%40example.com?Protocol=Ews"),
    ],
)
def test_discovery_requests_are_recognised(method: str, target: str) -> None:
    sent = {"content-type": "text/xml; charset=utf-8", "content-length": "412"} if method == "POST" else {}
    facts = RequestFacts(method=method, target=target, headers=sent)
    assert is_discovery(facts)
    assert is_discovery(replace(facts, by_forward_auth=True))
    for more in ({"upgrade": "h2c"}, {"upgrade": "websocket"}, {"upgrade": ""}):
        assert not is_discovery(replace(facts, headers={**sent, **more}))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/Microsoft-Server-ActiveSync?Cmd=Options&DeviceId=1"),
        ("options", "/Microsoft-Server-ActiveSync"),
        ("OPTIONS", "/inbox"),
        ("OPTIONS", "/index.php/Microsoft-Server-ActiveSync"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync/../index.php"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync?_task=mail"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync?Cmd=Options&_task=mail"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync?Cmd=Options;_task=mail"),
        ("OPTIONS", "/Microsoft-Server-ActiveSync;/index.php"),
        ("PROPFIND", "/autodiscover/autodiscover.xml"),
        ("HEAD", "/autodiscover/autodiscover.xml"),
        ("OPTIONS", "/autodiscover/autodiscover.xml"),
        ("get", "/autodiscover/autodiscover.xml"),
        ("GET", "/autodiscover/autodiscover.xml;x"),
        ("GET", "/autodiscover;x/autodiscover.xml"),
        ("GET", "/autodiscover/autodiscover%2exml"),
        ("GET", "/autodiscover/./autodiscover.xml"),
        ("POST", "/autodiscover/autodiscover.xml/../../inbox"),
        ("POST", "/autodiscover/autodiscover.xml?a=b"),
        ("POST", "/autodiscover/autodiscover.svc/wssecurity"),
        ("POST", "/autodiscover/autodiscover.svcx"),
        ("POST", "/autodiscover%2fautodiscover.xml"),
        ("POST", "//autodiscover/autodiscover.xml"),
        ("POST", "/mail/autodiscover/autodiscover.xml"),
        (
            "GET",
            "/autodiscover/autodiscover.json?@example.com/mapi/nspi/?&Email=autodiscover.json%3F@example.com",
        ),
        ("GET", "/autodiscover/autodiscover.json/v1.0/a@b/../../../ews"),
        ("GET", "/autodiscover/autodiscover.json?Email=a/ews/exchange.asmx"),
        ("GET", "/autodiscover/autodiscover.json?Email=a%2Fews%2Fexchange.asmx"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/..%2F..%2F..%2Fews%2fa@example.com"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/..%5C..%5Cews%5Ca@example.com"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/..%252f..%252fa@example.com"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/a%3Bb%00c@example.com"),
        ("GET", "/autodiscover/autodiscover.json/v1.0/\xe4@example.com"),
        ("OPTIONS", f"{ACTIVESYNC}?User=".ljust(513, "a")),
        ("GET", f"{JSON}?Email=".ljust(513, "a")),
    ],
)
def test_requests_that_may_hold_mail_are_not_discovery(method: str, target: str) -> None:
    sent = {"content-type": "text/xml"} if method == "POST" else {}
    assert not is_discovery(RequestFacts(method=method, target=target, headers=sent))


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("POST", {}),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}),
        ("POST", {"content-type": "multipart/form-data; boundary=text/xml"}),
        ("POST", {"content-type": "application/json"}),
        ("POST", {"content-type": "text/xmlish"}),
        ("POST", {"content-type": "application/x-www-form-urlencoded, text/xml"}),
        ("POST", {"content-type": "text/xml, application/x-www-form-urlencoded"}),
        ("POST", {"content-type": "text/xml; charset=utf-8, application/x-www-form-urlencoded"}),
        ("POST", {"content-type": "text/xml", "content-length": "16385"}),
        ("POST", {"content-type": "text/xml", "content-length": "-1"}),
        ("POST", {"content-type": "text/xml", "transfer-encoding": "chunked"}),
        ("GET", {"content-type": "application/x-www-form-urlencoded"}),
        ("GET", {"content-length": "6"}),
        ("GET", {"transfer-encoding": "chunked"}),
        ("GET", {"upgrade": "h2c"}),
        ("GET", {"upgrade": "websocket"}),
        ("GET", {"http2-settings": "AAMAAABk"}),
        ("GET", {"x-http-method": "PROPFIND"}),
        ("GET", {"x-method-override": "PROPFIND"}),
        ("GET", {"x-http-method-override": "PROPFIND"}),
        ("GET", {"x_method_override": "PROPFIND"}),
        ("GET", {"content-type": "text/xml", "content-length": "6"}),
        ("POST", {"content-type": "text/\xe4+xml"}),
        ("POST", {"content-type": "text/xml", "content-length": "\u0661"}),
    ],
)
def test_requests_that_ask_for_more_are_not_discovery(method: str, sent: dict[str, str]) -> None:
    assert not is_discovery(RequestFacts(method, "/autodiscover/autodiscover.xml", headers=sent))
    if method == "GET":
        assert not is_discovery(RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync", headers=sent))


@pytest.mark.parametrize("length", ["0", "1", "16384"])
@pytest.mark.parametrize(
    "kind",
    ["text/xml", "Application/XML ;charset=utf-8", "application/soap+xml", "application/vnd.ms-sync.wbxml"],
)
def test_a_question_in_xml_is_short(kind: str, length: str) -> None:
    sent = {"content-type": kind, "content-length": length}
    assert is_discovery(RequestFacts("POST", XML, headers=sent))
    assert is_discovery(RequestFacts("GET", XML, headers=sent)) is (length == "0")


@pytest.mark.parametrize(
    ("method", "asks"),
    [("GET", True), ("HEAD", True), ("OPTIONS", True), ("POST", True), ("PUT", False), ("get", False)],
)
def test_only_these_methods_ask_autodiscover(method: str, asks: bool) -> None:
    for target in (XML, JSON, "/Autodiscover/Autodiscover.svc"):
        assert is_autodiscover(RequestFacts(method, target)) is asks


def test_options_of_activesync_is_no_autodiscover() -> None:
    assert not is_autodiscover(RequestFacts(method="OPTIONS", target="/Microsoft-Server-ActiveSync"))
