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
