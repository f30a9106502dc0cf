"""Every protocol has its traits, and what is recorded of a request in it is recognised again."""

import pytest

from mailgate.classify import classify
from mailgate.model import LOGIN_PROTOCOLS, PROTOCOL_TRAITS, Protocol, RequestFacts
from mailgate.model.protocol import ProtocolTraits


def test_every_protocol_has_traits_in_its_own_order() -> None:
    assert list(PROTOCOL_TRAITS) == list(Protocol)


@pytest.mark.parametrize("protocol", Protocol)
def test_a_recorded_path_is_of_its_protocol(protocol: Protocol) -> None:
    path = PROTOCOL_TRAITS[protocol].path
    assert not path or classify(RequestFacts("POST", path)).protocol is protocol


@pytest.mark.parametrize(
    ("protocol", "path", "of_mail_apps", "can_prove", "is_login"),
    [
        (Protocol.WEB, "", False, True, False),
        (Protocol.ACTIVESYNC, "/Microsoft-Server-ActiveSync", True, False, False),
        (Protocol.DAV, "/dav/", True, False, False),
        (Protocol.EWS, "/EWS/Exchange.asmx", True, False, False),
        (Protocol.JMAP, "/jmap/", True, True, False),
        (Protocol.MAPI, "/mapi/emsmdb/", True, False, False),
        (Protocol.IMAP, "", False, False, True),
        (Protocol.POP3, "", False, False, True),
        (Protocol.SUBMISSION, "", False, False, True),
        (Protocol.SIEVE, "", False, False, True),
    ],
)
def test_each_protocol_has_its_path_its_clients_and_its_proofs(
    protocol: Protocol, path: str, of_mail_apps: bool, can_prove: bool, is_login: bool
) -> None:
    assert PROTOCOL_TRAITS[protocol] == ProtocolTraits(path, of_mail_apps, can_prove, is_login)
    assert (protocol in LOGIN_PROTOCOLS) is is_login
