"""Every protocol has its traits, and what is recorded of a request in it is recognised again."""

import pytest

from mailgate.classify import classify
from mailgate.model import LOGIN_PROTOCOLS, PROTOCOL_TRAITS, Protocol, RequestFacts


def test_every_protocol_has_traits_in_its_own_order() -> None:
    assert list(PROTOCOL_TRAITS) == list(Protocol)


@pytest.mark.parametrize("protocol", Protocol)
def test_a_recorded_path_is_of_its_protocol(protocol: Protocol) -> None:
    path = PROTOCOL_TRAITS[protocol].path
    assert not path or classify(RequestFacts("POST", path)).protocol is protocol


@pytest.mark.parametrize("protocol", sorted(set(Protocol) - LOGIN_PROTOCOLS - {Protocol.WEB}))
def test_only_pages_are_recorded_by_the_folder_of_their_own_path(protocol: Protocol) -> None:
    assert PROTOCOL_TRAITS[protocol].path


def test_the_last_four_are_logins() -> None:
    assert {Protocol.IMAP, Protocol.POP3, Protocol.SUBMISSION, Protocol.SIEVE} == LOGIN_PROTOCOLS


@pytest.mark.parametrize(
    ("protocols", "of_mail_apps", "can_prove"),
    [
        ([Protocol.WEB], False, True),
        ([Protocol.JMAP], True, True),
        ([Protocol.ACTIVESYNC, Protocol.DAV, Protocol.EWS, Protocol.MAPI], True, False),
        (sorted(LOGIN_PROTOCOLS), False, False),
    ],
)
def test_who_speaks_a_protocol_and_whether_they_can_prove_anything(
    protocols: list[Protocol], of_mail_apps: bool, can_prove: bool
) -> None:
    for each in protocols:
        traits = PROTOCOL_TRAITS[each]
        assert (traits.of_mail_apps, traits.can_prove) == (of_mail_apps, can_prove), each
