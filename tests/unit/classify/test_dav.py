import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.dav import protocol_of
from mailgate.model import Protocol, RequestFacts


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
        ("POST", "http://mail.example.com/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC),
        ("GET", "/Microsoft-Server-ActiveSync.png", Protocol.WEB),
        ("PROPFIND", "/anywhere/", Protocol.DAV),
        ("REPORT", "/SOGo/dav/alice/Calendar/", Protocol.DAV),
        ("GET", "/.well-known/caldav", Protocol.DAV),
        ("GET", "/.well-known/carddav", Protocol.DAV),
        ("POST", "/EWS/Exchange.asmx", Protocol.EWS),
        ("POST", "/jmap/", Protocol.JMAP),
        ("GET", "/.well-known/jmap", Protocol.JMAP),
        ("POST", "/mapi/emsmdb/?MailboxId=x", Protocol.MAPI),
    ],
)
def test_the_protocol(method: str, target: str, protocol: Protocol) -> None:
    assert protocol_of(RequestFacts(method, target)) is protocol


@given(st.text(), st.text())
def test_no_request_raises(method: str, target: str) -> None:
    assert protocol_of(RequestFacts(method, target)) in Protocol
