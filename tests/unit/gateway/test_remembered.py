"""The form of a request, and how much is remembered."""

import pytest

from mailgate.gateway.remembered import FORMS, place_of, put


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (b"/", "/"),
        (b"/mail/inbox", "/mail/"),
        (b"/ada@example.com/inbox", "/"),
        (b"/.mailgate/authz", "/.mailgate/authz"),
        (b"/.mailgate/authz/x", ""),
        (b"/.mailgate", ""),
        (b"/.mailgate/me", ""),
        (b"/.mailgatex/me", "/.mailgatex/"),
        (b"/SOGo/dav/ada", ""),
        (b"/EWS/Exchange.asmx", ""),
        (b"/%4Dicrosoft-Server-ActiveSync", ""),
        (b"/AutoDiscover/autodiscover.json/v1.0/x", ""),
        (b"*", ""),
    ],
)
def test_a_place_says_no_more_than_what_is_recorded_of_a_path(path, place):
    assert place_of(path) == place


def test_who_makes_up_many_forms_begins_anew():
    known = {}
    for number in range(5 * FORMS):
        put(known, number, "x")
        assert number in known
        assert len(known) <= FORMS
