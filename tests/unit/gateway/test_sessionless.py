import pytest

from mailgate.gateway.http1.fields import Fields
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.sessionless import without_session

SENT = Fields([(b"Host", b"mail.example.com"), (b"Cookie", b"lb=2"), (b"X", b"1"), (b"COOKIE", b"s=1")])


def head(method: bytes, target: bytes, fields: Fields = SENT) -> RequestHead:
    return RequestHead(method, target, 1, fields, b"mail.example.com", keep_alive=True)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (b"OPTIONS", b"/Microsoft-Server-ActiveSync?Cmd=OPTIONS&DeviceId=1"),
        (b"POST", b"/Autodiscover/autodiscover.xml"),
        (b"GET", b"/autodiscover/autodiscover.json?Email=ada%40example.com&Protocol=ActiveSync"),
    ],
)
def test_who_asks_the_way_is_nobody(method: bytes, target: bytes) -> None:
    assert without_session(head(method, target)) == [SENT[0], SENT[2]]
    assert without_session(head(method, target, Fields(SENT[:1]))) == SENT[:1]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (b"OPTIONS", b"/inbox"),
        (b"OPTIONS", b"/Microsoft-Server-ActiveSync?_task=mail"),
        (b"POST", b"/Microsoft-Server-ActiveSync?Cmd=Sync"),
        (b"POST", b"/autodiscover/../inbox"),
        (b"PROPFIND", b"/autodiscover/autodiscover.xml"),
    ],
)
def test_whoever_may_see_mail_keeps_their_session(method: bytes, target: bytes) -> None:
    assert without_session(head(method, target)) is SENT
