from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import classify
from mailgate.classify.protocol import (
    HEADERS,
    MAX_PATH,
    decoded,
    names_activesync,
    protocol_beside,
    protocol_in_path,
    protocol_of_agent,
)
from mailgate.model import Protocol, RequestFacts

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NAVIGATION = {"accept": HTML, "user-agent": CHROME, "sec-fetch-mode": "navigate"}


def protocol_of(facts: RequestFacts) -> Protocol:
    return protocol_beside(protocol_in_path(facts.path), facts.method, facts.headers)


@pytest.mark.parametrize(
    ("method", "target", "protocol"),
    [
        ("GET", "/", Protocol.WEB),
        ("GET", "/?_task=mail&next=/Microsoft-Server-ActiveSync", Protocol.WEB),
        ("POST", "/Microsoft-Server-ActiveSync?Cmd=Sync", Protocol.ACTIVESYNC),
        ("OPTIONS", "/microsoft-server-ACTIVESYNC", Protocol.ACTIVESYNC),
        ("POST", "/SOGo/Microsoft-Server-ActiveSync?jAAJ", Protocol.ACTIVESYNC),
        ("POST", "/%4dicrosoft-Server-Active%53ync", Protocol.ACTIVESYNC),
        ("POST", "//Microsoft-Server-ActiveSync/;x=1", Protocol.ACTIVESYNC),
        ("POST", "/Microsoft-Server-ActiveSync;jsessionid=1", Protocol.ACTIVESYNC),
        ("POST", r"/a\Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("POST", "/dav/../Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("PROPFIND", "/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("POST", "http://mail.example.com/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("GET", "/Microsoft-Server-ActiveSync.png", Protocol.WEB),
        ("PROPFIND", "/anywhere/", Protocol.DAV),
        ("mkcalendar", "/anywhere/", Protocol.DAV),
        ("REPORT", "/SOGo/dav/alice/Calendar/", Protocol.DAV),
        ("PUT", "/SOGo/dav/alice/Calendar/personal/1.ics", Protocol.DAV),
        ("POST", "/SOGo/so/alice/Calendar/personal/1.ics/save", Protocol.WEB),
        ("GET", "/SOGo/so/alice/Mail/0/folderINBOX/view", Protocol.WEB),
        ("GET", "/.well-known/caldav", Protocol.DAV),
        ("GET", "/.well-known/carddav", Protocol.DAV),
        ("GET", "/.well-known/security.txt", Protocol.WEB),
        ("DELETE", "/remote.php/dav/calendars/alice/work/1.ics", Protocol.DAV),
        ("GET", "/davical/caldav.php/alice/", Protocol.DAV),
        ("OPTIONS", "/principals/", Protocol.DAV),
        ("GET", "/davos/", Protocol.WEB),
        ("POST", "/EWS/Exchange.asmx", Protocol.EWS),
        ("GET", "/ews/Services.wsdl", Protocol.EWS),
        ("GET", "/news/ews.html", Protocol.WEB),
        ("POST", "/jmap/", Protocol.JMAP),
        ("GET", "/.well-known/jmap", Protocol.JMAP),
        ("POST", "/mapi/emsmdb/?MailboxId=x", Protocol.MAPI),
        ("POST", "/mapi/nspi/", Protocol.MAPI),
        ("RPC_IN_DATA", "/rpc/rpcproxy.dll?mail.example.com:6001", Protocol.MAPI),
        ("RPC_OUT_DATA", "/elsewhere", Protocol.MAPI),
        ("POST", "/dav/ews", Protocol.DAV),
        ("POST", "/ews/dav", Protocol.EWS),
        ("POST", f"{'a' * 8164}/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("POST", f"{'a' * 8165}/Microsoft-Server-ActiveSync", Protocol.WEB),
    ],
)
def test_method_and_path_tell_the_protocol(method: str, target: str, protocol: Protocol) -> None:
    assert protocol_of(RequestFacts(method, target)) is protocol


DAV_METHODS = (
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT MKWORKSPACE UPDATE LABEL MERGE"
    " BASELINE-CONTROL MKACTIVITY ORDERPATCH ACL MKCALENDAR SEARCH BIND UNBIND REBIND MKREDIRECTREF UPDATEREDIRECTREF"
)
DAV_FOLDERS = (
    "dav webdav caldav carddav groupdav principals davical radicale baikal xandikos irony dav.php webdav.php caldav.php carddav.php"
    " groupdav.php remote.php"
)


@pytest.mark.parametrize(
    ("methods", "protocol"),
    [
        (DAV_METHODS, Protocol.DAV),
        ("RPC_IN_DATA RPC_OUT_DATA RPC_ECHO_DATA", Protocol.MAPI),
        ("GET HEAD POST PUT PATCH DELETE OPTIONS", Protocol.WEB),
    ],
)
def test_a_method_that_no_web_page_sends_names_its_protocol(methods: str, protocol: Protocol) -> None:
    assert {each: protocol_of(RequestFacts(each, "/")) for each in methods.split()} == dict.fromkeys(
        methods.split(), protocol
    )


@pytest.mark.parametrize(
    ("folders", "protocol"),
    [
        (DAV_FOLDERS, Protocol.DAV),
        ("ews exchange.asmx", Protocol.EWS),
        ("jmap", Protocol.JMAP),
        ("mapi emsmdb nspi rpcproxy.dll", Protocol.MAPI),
        ("microsoft-server-activesync", Protocol.ACTIVESYNC),
        ("owa mail webmail calendar contacts index.php", Protocol.WEB),
    ],
)
def test_a_folder_of_a_path_names_its_protocol_wherever_it_stands(folders: str, protocol: Protocol) -> None:
    for folder in folders.split():
        for path in (f"/{folder}", f"/a/{folder}/b", f"/{folder.upper()}/"):
            assert protocol_of(RequestFacts("POST", path)) is protocol, path


@pytest.mark.parametrize(
    ("name", "value", "protocol"),
    [
        ("content-type", "application/vnd.ms-sync.wbxml", Protocol.ACTIVESYNC),
        ("content-type", "Application/MAPI-HTTP", Protocol.MAPI),
        ("content-type", "application/rpc", Protocol.MAPI),
        ("content-type", "text/calendar; charset=utf-8", Protocol.DAV),
        ("content-type", "text/vcard", Protocol.DAV),
        ("content-type", "text/x-vcalendar", Protocol.DAV),
        ("content-type", "application/calendar+json", Protocol.DAV),
        ("content-type", "text/calendars", Protocol.WEB),
        ("content-type", "application/rpcs", Protocol.WEB),
        ("content-type", "application/vnd.ms-sync".rjust(256), Protocol.ACTIVESYNC),
        ("content-type", "application/vnd.ms-sync".rjust(257), Protocol.WEB),
        ("content-type", "text/html", Protocol.WEB),
        ("content-type", "application/json", Protocol.WEB),
        ("soapaction", '"http://schemas.microsoft.com/exchange/services/2006/messages/GetItem"', Protocol.EWS),
        ("soapaction", "urn:other", Protocol.WEB),
        ("sec-websocket-protocol", "jmap", Protocol.JMAP),
        ("sec-websocket-protocol", "chat, jmap", Protocol.JMAP),
        ("sec-websocket-protocol", "jmap".rjust(256), Protocol.JMAP),
        ("sec-websocket-protocol", "jmap".rjust(257), Protocol.WEB),
        ("depth", "0", Protocol.DAV),
        ("depth", "1", Protocol.DAV),
        ("depth", " Infinity", Protocol.DAV),
        ("depth", "2", Protocol.WEB),
        ("translate", "F", Protocol.DAV),
        ("translate", "false", Protocol.WEB),
        ("user-agent", "iOS/17.5.1 (21F90) dataaccessd/1.0", Protocol.DAV),
        ("user-agent", "macOS/14.5 (23F79) CalendarAgent/1000", Protocol.DAV),
        ("user-agent", "DAVx5/4.4.3-ose (dav4jvm; okhttp/4.12.0) Android/14", Protocol.DAV),
        ("user-agent", "Microsoft-WebDAV-MiniRedir/10.0.22631", Protocol.DAV),
        ("user-agent", "DavClnt", Protocol.DAV),
        ("user-agent", "CalDavSynchronizer/4.4", Protocol.DAV),
        ("user-agent", "Evolution/3.52.3", Protocol.DAV),
        ("user-agent", THUNDERBIRD, Protocol.DAV),
        ("user-agent", "Mac+OS+X/10.15.7 (19H2) ExchangeWebServices/11.0 (226)", Protocol.EWS),
        ("user-agent", CHROME, Protocol.WEB),
        ("user-agent", "dataaccessd".rjust(256), Protocol.DAV),
        ("user-agent", "dataaccessd".rjust(257), Protocol.WEB),
    ],
)  # fmt: skip
def test_a_header_or_the_name_of_a_client_tells_the_protocol(
    name: str, value: str, protocol: Protocol
) -> None:
    assert protocol_of(RequestFacts("POST", "/", headers={name: value})) is protocol


@pytest.mark.parametrize(
    ("method", "headers", "protocol"),
    [
        ("GET", NAVIGATION, Protocol.WEB),
        ("POST", NAVIGATION, Protocol.WEB),
        ("GET", {"accept": HTML, "user-agent": CHROME}, Protocol.WEB),
        ("get", NAVIGATION, Protocol.WEB),
        ("PUT", NAVIGATION, Protocol.DAV),
        ("GET", {"accept": "text/html".rjust(256)}, Protocol.WEB),
        ("GET", {"accept": "text/html".rjust(257)}, Protocol.DAV),
        ("GET", {"accept": HTML, "content-type": "application/json"}, Protocol.WEB),
        ("post", {"accept": HTML, "content-type": "application/json"}, Protocol.DAV),
        ("POST", {"accept": HTML, "content-type": "application/x-www-form-urlencoded"}, Protocol.WEB),
        ("POST", {"accept": HTML, "content-type": "Multipart/Form-Data; boundary=x"}, Protocol.WEB),
        ("POST", {"accept": HTML, "content-type": "text/plain"}, Protocol.WEB),
        ("POST", {**NAVIGATION, "content-type": "application/json"}, Protocol.WEB),
        ("HEAD", {"accept": HTML, "content-type": "application/json"}, Protocol.WEB),
        ("GET", {**NAVIGATION, "sec-fetch-mode": "same-origin"}, Protocol.DAV),
        ("GET", {**NAVIGATION, "sec-fetch-mode": ""}, Protocol.DAV),
        ("GET", {**NAVIGATION, "sec-fetch-mode": "cors"}, Protocol.DAV),
        ("GET", {"accept": "*/*", "user-agent": CHROME}, Protocol.DAV),
        ("GET", {"accept": HTML, "user-agent": THUNDERBIRD}, Protocol.DAV),
        ("PROPFIND", NAVIGATION, Protocol.DAV),
    ],
)
def test_a_browser_that_loads_a_page_is_the_web(
    method: str, headers: dict[str, str], protocol: Protocol
) -> None:
    """Whoever hides the webmail behind such an address is still asked what any page load is asked."""
    assert protocol_of(RequestFacts(method, "/index.php/dav?_task=mail", headers=headers)) is protocol


FORM = {"content-type": "application/x-www-form-urlencoded"}
SYNC = {"content-type": "application/vnd.ms-sync.wbxml"}


@pytest.mark.parametrize(
    "target", ["/Microsoft-Server-ActiveSync", "/index.php/Microsoft-Server-ActiveSync?_task=mail"]
)
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", NAVIGATION),
        ("GET", NAVIGATION | SYNC),
        ("HEAD", NAVIGATION),
        ("GET", {"accept": "text/html,*/*"}),
        ("GET", {"accept": "text/html,*/*", "range": "bytes=0-"}),
        ("POST", NAVIGATION | FORM),
        ("POST", {"accept": "text/html"} | FORM),
        ("POST", {"accept": "text/html"}),
        ("GET", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}),
        ("GET", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"}),
    ],
)
def test_a_page_load_is_the_web_at_activesyncs_address_too(
    target: str, method: str, headers: dict[str, str]
) -> None:
    client = classify(RequestFacts(method, target, headers=headers))
    assert (client.protocol, client.handheld) == (Protocol.WEB, True)


@pytest.mark.parametrize("mode", [{}, {"accept": "text/html"}, {"sec-fetch-mode": "cors"}])
def test_an_activesync_post_is_no_page_load(mode: dict[str, str]) -> None:
    assert (
        protocol_of(RequestFacts("POST", "/Microsoft-Server-ActiveSync", headers=SYNC | mode))
        is Protocol.ACTIVESYNC
    )


@pytest.mark.parametrize("target", ["/inbox", "/index.php/dav", "/EWS/Exchange.asmx", "/.mailgate/status"])
def test_a_content_type_of_activesync_makes_a_handheld_anywhere(target: str) -> None:
    assert classify(RequestFacts("POST", target, headers=SYNC | {"user-agent": CHROME})).handheld


@pytest.mark.parametrize("filler", ["/", "/dav", "/%64", "/microsoft-server-activesyn"])
def test_a_long_path_is_read_to_its_limit(filler: str) -> None:
    path = (filler * MAX_PATH)[: MAX_PATH - 40].rpartition("/")[0] + "/Microsoft-Server-ActiveSync"
    assert protocol_of(RequestFacts("POST", path)) is Protocol.ACTIVESYNC


DAV_CLIENTS = [
    "DAVx5/4", "DAVdroid/1", "DavClnt", "CalDAV-Sync", "CardDAV", "WebDAVLib", "dataaccessd/1", "CalendarAgent/1", "accountsd/1",
    "remindd/1", "AddressBook/1", "AddressBookSourceSync/1", "AddressBookCore/1", "Contacts/14.0", "iCal/5", "CoreDAV/1", "Thunderbird/140",
    "Lightning/6", "Evolution/3", "gvfs/1", "davfs2/1", "cadaver/0", "litmus/0", "vdirsyncer/0", "pimsync/1", "DAV groupware client",
    "Akonadi", "mirall/3", "Nextcloud-android/3", "Nextcloud-iOS/1", "Cyberduck/8", "BusyCal-2024", "BusyContacts", "Fantastical/3",
    "org.tasks", "jtxBoard", "jtx Board", "SOGoConnector", "SOGo-Connector/128", "aCal/1", "eMClient/9", "eM Client/10",
]  # fmt: skip


@pytest.mark.parametrize(
    ("agents", "protocol"),
    [
        (DAV_CLIENTS, Protocol.DAV),
        (["ExchangeWebServices/11", "ExchangeServicesClient/15", "Some EWS client"], Protocol.EWS),
        (["", "Mail/16", "NEWS", "Contacts", "DAV", CHROME], None),
    ],
)
def test_a_client_for_one_protocol_is_known_by_its_name(agents: list[str], protocol: Protocol | None) -> None:
    assert {each: protocol_of_agent(each) for each in agents} == dict.fromkeys(agents, protocol)


@pytest.mark.parametrize(
    ("named", "content_type", "said"),
    [
        (Protocol.ACTIVESYNC, "", True),
        (Protocol.DAV, "", False),
        (None, "", False),
        (None, "text/html", False),
        (None, " Application/VND.ms-sync.wbxml", True),
        (Protocol.DAV, "application/vnd.ms-sync", True),
    ],
)
def test_activesync_is_named_by_a_path_or_by_a_content_type(
    named: Protocol | None, content_type: str, said: bool
) -> None:
    assert names_activesync(named, {"content-type": content_type}) is said
    assert names_activesync(named, {}) is (named is Protocol.ACTIVESYNC)


def test_exactly_these_headers_are_read() -> None:
    named = "content-type soapaction sec-websocket-protocol depth translate sec-fetch-mode accept"
    assert tuple(named.split()) == HEADERS


@given(st.text(), st.text(), st.text())
def test_no_request_raises(method: str, target: str, value: str) -> None:
    headers = dict.fromkeys(("content-type", "soapaction", "depth", "accept", "user-agent"), value)
    assert protocol_of(RequestFacts(method, target, headers=headers)) in Protocol


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x7F)))
def test_escaped_text_is_decoded(text: str) -> None:
    assert decoded(quote(text)) == text
    assert decoded("".join(f"%{ord(letter):02X}" for letter in text)) == text
    assert decoded(text.replace("%", "")) == text.replace("%", "")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("%%2Fdav", "/dav"),
        ("%2%66oo", "foo"),
        ("%5cdav", "\\dav"),
        ("%zz/dav%", "/dav"),
        ("%e4%BD%a0/d%61v", "/dav"),
        ("\xe9/dav", "?/dav"),
        ("\xe9%2Fdav", "?/dav"),
    ],
)
def test_a_word_is_found_beside_what_is_no_escape(text: str, word: str) -> None:
    assert word in decoded(text)
    assert word in unquote(text).replace("\xe9", "?")


@given(st.text(alphabet="%%%=2fF5cC\r\n zx/4_"))
def test_invalid_escapes_stay_and_raise_nothing(text: str) -> None:
    """All but the sign. Each error would be a step of Python, and a request may hold thousands."""
    read = unquote_to_bytes(text).decode("latin-1")
    assert decoded(text).replace("%", "=") == read.replace("%", "=")


@given(st.text(alphabet="%2fF5cCxuU{}N\\/ab4\xe9\ud800"))
def test_no_text_raises(text: str) -> None:
    assert len(decoded(text)) <= len(text)
