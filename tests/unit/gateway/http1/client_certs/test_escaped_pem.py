from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import root

from mailgate.gateway.http1.client_certs import UnreadableError
from mailgate.gateway.http1.client_certs.escaped_pem import read_escaped_chain, read_escaped_pem

ROOT = root()
PHONE = ROOT.device()
ESCAPED = quote(PHONE.pem, safe="").encode()


def test_what_nginx_and_envoy_write_is_read() -> None:
    """nginx escapes all but letters, digits, ``-._~``; Envoy leaves some more as they are."""
    assert read_escaped_pem(ESCAPED) == PHONE.der
    assert read_escaped_pem(quote(PHONE.pem, safe="/=:").encode()) == PHONE.der
    assert read_escaped_pem(ESCAPED.removesuffix(b"%0A")) == PHONE.der


def test_a_plus_is_a_plus() -> None:
    """It stands for itself in base64; a form's encoding would make a space of it."""
    assert read_escaped_pem(ESCAPED.replace(b"%2B", b"+")) == PHONE.der


def test_a_chain_is_several_of_them() -> None:
    chain = quote(PHONE.pem + ROOT.pem, safe="").encode()
    assert read_escaped_chain(chain, 2) == [PHONE.der, ROOT.der]
    for wrong in (lambda: read_escaped_chain(chain, 1), lambda: read_escaped_pem(chain)):
        with pytest.raises(UnreadableError):
            wrong()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        PHONE.pem,
        PHONE.pem.replace(b"\n", b" "),
        ESCAPED.replace(b"%0A", b""),
        ESCAPED.replace(b"%0A", b"%0D%0A"),
        ESCAPED.replace(b"%0A", b"%0a%20"),
        ESCAPED.replace(b"%20", b" "),
        ESCAPED.replace(b"%20", b"+"),
        ESCAPED[:-1],
        ESCAPED[:100],
        b"x" + ESCAPED,
        ESCAPED + b"x",
        ESCAPED.replace(b"CERTIFICATE", b"PRIVATE%20KEY"),
        ESCAPED.replace(b"-----BEGIN", b"a%3Db%0A-----BEGIN"),
        b"-----BEGIN%20CERTIFICATE-----%0AA%0A-----END%20CERTIFICATE-----%0A",
        b"%2",
        b"%zz",
    ],
)
def test_anything_else_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_escaped_pem(value)


@given(st.binary(max_size=200))
def test_no_other_error_leaves_it(value) -> None:
    for prefix in (b"", b"-----BEGIN%20CERTIFICATE-----%0A"):
        with pytest.raises(UnreadableError):
            read_escaped_pem(prefix + value)
