"""A header is believed from the addresses of the settings alone, and only where it stands once."""

import pytest

from mailgate.config.console import ProxyLogin
from mailgate.console.proxy_login import MAX_NAME, NotBelievedError, name_from_proxy

WAY = ProxyLogin.model_validate(
    {"header": "X-Forwarded-User", "from_proxies": ["10.0.0.0/8", "::1"]}, strict=False
)


def fields(*values: bytes, name: bytes = b"X-Forwarded-User") -> list[tuple[bytes, bytes]]:
    return [(b"Host", b"console"), *((name, value) for value in values)]


def refused(*values: bytes, peer: str = "10.1.2.3") -> str:
    with pytest.raises(NotBelievedError) as error:
        name_from_proxy(fields(*values), peer, WAY)
    return error.value.why


@pytest.mark.parametrize("peer", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
@pytest.mark.parametrize("name", [b"X-Forwarded-User", b"x-forwarded-user"])
def test_a_proxy_says_who_is_there(peer: str, name: bytes) -> None:
    assert name_from_proxy(fields(b"ada", name=name), peer, WAY) == "ada"


@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.1", "", "unix:", "10.1.2.3, 10.1.2.3"])
def test_from_elsewhere_it_is_refused(peer: str) -> None:
    assert refused(b"ada", peer=peer) == "elsewhere"


def test_what_another_header_says_of_the_address_is_nothing() -> None:
    forged = [*fields(b"ada"), (b"X-Forwarded-For", b"10.1.2.3"), (b"Forwarded", b"for=10.1.2.3")]
    with pytest.raises(NotBelievedError):
        name_from_proxy(forged, "192.0.2.1", WAY)


@pytest.mark.parametrize("values", [(b"ada", b"lin"), (b"ada", b"ada"), (b"", b"ada")])
def test_twice_it_names_nobody(values: tuple[bytes, ...]) -> None:
    assert refused(*values) == "twice"


@pytest.mark.parametrize("value", [b"", b"  ", b"\xff", b"a\x00b", b"x" * (MAX_NAME + 1)])
def test_what_is_no_name_is_refused(value: bytes) -> None:
    assert refused(value) == "no-name"


@pytest.mark.parametrize(
    "sent",
    [
        fields(),
        fields(b"ada", name=b"X_Forwarded_User"),
        fields(b"ada", name=b"X-Forwarded-User2"),
    ],
    ids=["no field", "another spelling", "another name"],
)
def test_where_it_is_not_there_nobody_is_named(sent: list[tuple[bytes, bytes]]) -> None:
    assert name_from_proxy(sent, "10.1.2.3", WAY) is None


def test_without_the_setting_no_header_counts() -> None:
    assert name_from_proxy(fields(b"ada"), "10.1.2.3", None) is None
