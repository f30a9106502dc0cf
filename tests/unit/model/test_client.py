"""What a request tells of itself, and the client that is made of it."""

import pytest

from mailgate.classify import classify
from mailgate.model import (
    LOGIN_PROTOCOLS,
    PROTOCOL_TRAITS,
    Assurance,
    Client,
    Finding,
    Kind,
    Protocol,
    Reason,
    RequestFacts,
    Signal,
)
from mailgate.model.client import ProtocolTraits


def test_assurance_stands_weakest_first():
    assert list(Assurance) == ["claimed", "consistent", "attested"]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/a%2Fb?c=%3F", "/a%2Fb", "c=%3F"),
        ("/a?b?c", "/a", "b?c"),
        ("/a?", "/a", ""),
        ("*", "*", ""),
    ],
)
def test_path_and_query_are_split_and_never_decoded(target, path, query):
    facts = RequestFacts(target=target)
    assert (facts.path, facts.query) == (path, query)


@pytest.mark.parametrize(
    ("target", "is_local"),
    [
        ("/.mailgate/me", True),
        ("/.mailgate/", True),
        ("/.mailgate", True),
        ("/.mailgate?probe", True),
        ("/.mailgate/me?x", True),
        ("/.mailgate2", False),
        ("/.mailgat", False),
        ("/.mailgat/", False),
        ("/", False),
        ("/mail?next=/.mailgate/", False),
        ("/mail/.mailgate/", False),
        ("/.MAILGATE/", False),
    ],
)
def test_the_gates_own_addresses_are_below_one_folder(target, is_local):
    assert RequestFacts(target=target).is_local is is_local


def test_a_missing_user_agent_is_empty():
    assert RequestFacts().user_agent == ""
    assert RequestFacts(headers={"user-agent": "x"}).user_agent == "x"


@pytest.mark.parametrize("reason", Reason)
def test_only_a_contradiction_of_kinds_contradicts(reason):
    client = Client(Kind.PHONE, handheld=True, findings=(Finding(reason, ""),))
    assert client.contradicted is (reason is Reason.KIND_CONTRADICTED)


@pytest.mark.parametrize("says", [*Kind, None])
@pytest.mark.parametrize(
    "source", ["user-agent", "client-hints", "activesync", "imap-id", "attestation", "certificate", "probe"]
)
def test_only_a_probe_that_found_a_computer_has_probed(source, says):
    signals = (Signal("user-agent", "x", "y", Kind.TABLET), Signal(source, "x", "y", says))
    probed = (source, says) == ("probe", "laptop")
    assert Client(Kind.LAPTOP, handheld=False, signals=signals).probed is probed
    assert Client(Kind.LAPTOP, handheld=False).probed is False


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
