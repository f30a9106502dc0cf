import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import classify
from mailgate.classify.protocol import MAX_PATH, protocol_beside, protocol_in_path
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
    ],
)
def test_method_and_path(method: str, target: str, protocol: Protocol) -> None:
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
        ("content-type", "text/html", Protocol.WEB),
        ("content-type", "application/json", Protocol.WEB),
        ("soapaction", '"http://schemas.microsoft.com/exchange/services/2006/messages/GetItem"', Protocol.EWS),
        ("soapaction", "urn:other", Protocol.WEB),
        ("sec-websocket-protocol", "jmap", Protocol.JMAP),
        ("sec-websocket-protocol", "chat, jmap", Protocol.JMAP),
        ("depth", "Infinity", Protocol.DAV),
        ("translate", "f", Protocol.DAV),
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
    ],
)  # fmt: skip
def test_headers_and_the_clients_name(name: str, value: str, protocol: Protocol) -> None:
    assert protocol_of(RequestFacts("POST", "/", headers={name: value})) is protocol


@pytest.mark.parametrize(
    ("method", "headers", "protocol"),
    [
        ("GET", NAVIGATION, Protocol.WEB),
        ("POST", NAVIGATION, Protocol.WEB),
        ("GET", {"accept": HTML, "user-agent": CHROME}, Protocol.WEB),
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
def test_what_no_form_can_post_is_no_page_load(mode: dict[str, str]) -> None:
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


@given(st.text(), st.text(), st.text())
def test_no_request_raises(method: str, target: str, value: str) -> None:
    headers = dict.fromkeys(("content-type", "soapaction", "depth", "accept", "user-agent"), value)
    assert protocol_of(RequestFacts(method, target, headers=headers)) in Protocol
