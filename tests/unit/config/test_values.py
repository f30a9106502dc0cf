from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.config.reading import read

from mailgate.config.references import Jwks
from mailgate.config.values import Address, Listen, ListenAnywhere, Network, Origin, PageUrl, Size, SocketFile


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Size, "512B", 512),
        (Size, "64KiB", 65536),
        (Size, "25MiB", 25 * 1024**2),
        (Size, "1GiB", 1024**3),
        (Size, 0, 0),
        (Size, "0", 0),
        (Listen, "127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (Listen, "[::1]:0", Address("::1", 0)),
        (Listen, "localhost:65535", Address("localhost", 65535)),
        (ListenAnywhere, "127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (ListenAnywhere, "unix:/run/mailgate/q.sock", SocketFile(Path("/run/mailgate/q.sock"))),
        (ListenAnywhere, "unix:/" + "a" * 100, SocketFile(Path("/" + "a" * 100))),
        (Origin, "http://localhost:8080", "http://localhost:8080"),
        (Origin, "https://mail.example.com/", "https://mail.example.com"),
        (Origin, "http://[::1]:9080", "http://[::1]:9080"),
        (Origin, "https://[2001:DB8::1]/", "https://[2001:db8::1]"),
        (Origin, "https://Mail.Example.com:443", "https://mail.example.com"),
        (Origin, "http://mail.example.com:80/", "http://mail.example.com"),
        (Origin, "http://mail.example.com:443", "http://mail.example.com:443"),
        (Origin, "https://mail.example.com:08443", "https://mail.example.com:8443"),
        (Origin, "http://web_mail-1.internal.:9080", "http://web_mail-1.internal.:9080"),
        (PageUrl, "https://store.example.com/a?b=c#d", "https://store.example.com/a?b=c#d"),
        (Network, "10.0.0.0/8", ip_network("10.0.0.0/8")),
        (Network, "fd00::/8", ip_network("fd00::/8")),
        (Network, "::ffff:10.0.0.0/104", ip_network("10.0.0.0/8")),
        (Network, "::FFFF:10.1.2.3", ip_network("10.1.2.3/32")),
        (Network, "fc00::/7", ip_network("fc00::/7")),
        (Network, "127.0.0.1", ip_network("127.0.0.1/32")),
    ],
)
def test_sizes_and_addresses_are_read(kind: Any, text: object, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Size, ["25MB", "64kib", "1.5MiB", 64, -1, "0KiB", "", False, "1KiB\n"]),
        (Listen, ["8080", ":8080", "127.0.0.1", "::1:8080", "[::1]", "[zz]:1", "h:99999", "u@h:1", "h:1/x", 8080]),
        (Listen, ["unix:/run/q.sock"]),
        (ListenAnywhere, ["unix:", "unix:/", "unix:q.sock", "/run/q.sock", "unix://host/ q", "unix:/q\n", "unix:/ü", "UNIX:/q", "unix:/" + "a" * 101, 5]),
        (Origin, ["mail.example.com", "ftp://h", "http://", "http://h/x", "http://h?", "http://h#", "http://h:99999", "http://u:p@h", "http://u@h", "http://h h", "http://<host>", "http://h:0", "http://bücher.example", "http://h:", "http://[::1]x:9", 5]),
        (PageUrl, ["http://store.example.com/", "javascript:alert(1)", "store.example.com", "https:///a", "https://u:p@h/", "https://h/a b", "", 5]),
        (Network, ["10.0.0.1/8", "10.0.0.0/33", "example.com", "", 5]),
        (Network, ["0.0.0.0/0", "::/0", "0.0.0.0/1", "2000::/3", "2a00::/12", "::ffff:0.0.0.0/96"]),
    ],
)  # fmt: skip
def test_a_malformed_size_or_address_is_refused(kind: Any, bad: list[object]) -> None:
    for value in bad:
        with pytest.raises(ValidationError):
            read(kind, value)


@pytest.mark.parametrize(
    "url",
    [
        "https://mdm.example.com/jwks.json?tenant=1",
        "https://[2001:db8::1]:8443/jwks",
        "http://127.0.0.1:9000/jwks",
        "http://localhost/jwks",
        "http://[::1]/jwks",
    ],
)
def test_keys_may_be_published_at_an_address(url: str) -> None:
    assert read(Jwks, url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://mdm.example.com/jwks", "can be forged"),
        ("http://192.0.2.1/jwks", "can be forged"),
        ("ftp://mdm.example.com/jwks", "not the URL of a JWKS"),
        ("https:///jwks", "not the URL of a JWKS"),
        ("https://mdm.example.com/jwks#keys", "not the URL of a JWKS"),
        ("https://mdm.example.com/a b", "not the URL of a JWKS"),
        ("https://mdm.example.com:0/jwks", "not the URL of a JWKS"),
        ("https://mdm.example.com:99999/jwks", "not a URL"),
        ("https://gate:hunter2@mdm.example.com/jwks", "the URL contains credentials"),
    ],
)
def test_an_address_that_could_be_anybodys_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        read(Jwks, url)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


def test_an_address_is_written_as_it_is_read() -> None:
    assert [str(read(Listen, text)) for text in ("[::1]:80", "h:80")] == ["[::1]:80", "h:80"]
