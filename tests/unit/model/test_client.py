"""What a request tells of itself, and the client that is made of it."""

import pytest

from mailgate.model import Assurance, Client, Finding, Kind, Reason, RequestFacts, Signal


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
    "source",
    ["user-agent", "client-hints", "activesync", "imap-id", "attestation", "certificate", "probe"],
)
def test_only_a_probe_that_found_a_computer_has_probed(source, says):
    signals = (Signal("user-agent", "x", "y", Kind.TABLET), Signal(source, "x", "y", says))
    probed = (source, says) == ("probe", "laptop")
    assert Client(Kind.LAPTOP, handheld=False, signals=signals).probed is probed
    assert Client(Kind.LAPTOP, handheld=False).probed is False
