import re
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import root

from mailgate.http.client_certs import UnreadableError
from mailgate.http.client_certs.dialects import (
    MAX_ELEMENTS,
    read_client_cert,
    read_client_cert_chain,
    read_escaped_chain,
    read_escaped_pem,
    read_xfcc,
)

ROOT = root()
PHONE = ROOT.device()
ESCAPED = quote(PHONE.pem, safe="").encode()


def test_certificates_of_nginx_and_envoy_are_read() -> None:
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


BYTES = st.binary(min_size=1, max_size=200)


def item(data: bytes) -> bytes:
    return b":%b:" % b64encode(data)


@given(BYTES)
def test_a_byte_sequence_is_read_with_and_without_padding(data) -> None:
    assert read_client_cert(item(data)) == data
    assert read_client_cert(b" %b " % item(data).replace(b"=", b"")) == data


@given(st.lists(BYTES, min_size=1, max_size=5))
def test_a_list_keeps_its_order(certificates) -> None:
    assert read_client_cert_chain(b", ".join(map(item, certificates))) == certificates
    assert read_client_cert_chain(b",\t".join(map(item, certificates))) == certificates


@pytest.mark.parametrize(
    "value",
    [b"", b":", b"::", b"TUk=", b":TUk=", b"TUk=:", b":TUk=:;a=1", b":TUk=:, :TUk=:", b":T Uk=:", b":TU-_:",
     b":T:", b":TUk===:", b'"TUk="', b":TUk=: :", b":=:", b":TUk=TUk=:"],
)  # fmt: skip
def test_a_malformed_byte_sequence_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_client_cert(value)


@pytest.mark.parametrize("value", [b"", b":TUk=:,", b",:TUk=:", b":TUk=:;a, :TUk=:", b":TUk=: :TUk=:"])
def test_a_malformed_list_of_byte_sequences_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_client_cert_chain(value)


@given(st.binary(max_size=80))
def test_a_malformed_certificate_raises_only_its_own_error(value) -> None:
    try:
        read_client_cert(value)
    except UnreadableError:
        return
    assert re.fullmatch(rb" *:[A-Za-z0-9+/]+=*: *", value)


PHONE_OF_ENVOY, OTHER = ROOT.device(), ROOT.device()


def escaped(*issued) -> bytes:
    return quote(b"".join(each.pem for each in issued), safe="").encode()


def cert(issued) -> bytes:
    return b'Cert="%b"' % escaped(issued)


FULL = (
    b'By=spiffe://a.example/ns/mail/sa/gate;Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688;'
    b"%b;Subject=\"CN=phone,O=\\\"A; B\\\", C=x\";URI=spiffe://a.example/phone;URI=urn:b;DNS=a.example;DNS=b.example"
    % cert(PHONE_OF_ENVOY)
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "chain"),
    [
        (FULL, [PHONE_OF_ENVOY]),
        (cert(PHONE_OF_ENVOY), [PHONE_OF_ENVOY]),
        (b"cERT=" + escaped(PHONE_OF_ENVOY), [PHONE_OF_ENVOY]),
        (b'Chain="%b"' % escaped(PHONE_OF_ENVOY, ROOT), [PHONE_OF_ENVOY, ROOT]),
        (b'%b;Chain="%b"' % (cert(PHONE_OF_ENVOY), escaped(PHONE_OF_ENVOY, ROOT)), [PHONE_OF_ENVOY, ROOT]),
        (b"By=a;Hash=b", []),
        (b"URI=;By=", []),
        (b"URI=spiffe://a.example/?a=b", []),
        (b'Subject=""', []),
    ],
)
def test_one_element_of_envoy_is_read(value, chain) -> None:
    assert read_xfcc(value, 6) == [each.der for each in chain]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"%b,%b" % (cert(OTHER), cert(PHONE_OF_ENVOY)), [PHONE_OF_ENVOY.der]),
        (b"%b, %b" % (cert(PHONE_OF_ENVOY), b"By=a;Hash=b"), []),
    ],
    ids=["with a certificate", "without one"],
)
def test_the_last_of_several_hops_counts(value: bytes, found: list[bytes]) -> None:
    """It was written by the proxy that called us; those before it were handed to that proxy."""
    assert read_xfcc(value, 6) == found


def test_a_quoted_value_cannot_end_an_element() -> None:
    forged = b'Subject="a\\",%b,By=\\"";%b' % (cert(OTHER).replace(b'"', b'\\"'), cert(PHONE_OF_ENVOY))
    assert read_xfcc(forged, 6) == [PHONE_OF_ENVOY.der]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Cert",
        b"Cert=a b",
        b"=a",
        b"By=a;",
        b"By=a,",
        b",By=a",
        b"By=a;;Hash=b",
        b'Subject="a',
        b'Subject="a"b',
        b'Subject=a"b"',
        b"By=a;%b;%b" % (cert(PHONE_OF_ENVOY), cert(OTHER)),
        b"%b;cert=%b" % (cert(PHONE_OF_ENVOY), escaped(OTHER)),
        b"Hash=a;hash=b",
        b'%b;Chain="%b"' % (cert(PHONE_OF_ENVOY), escaped(OTHER, ROOT)),
        b"Cert=%b" % escaped(PHONE_OF_ENVOY, ROOT),
        b",".join([b"By=a"] * (MAX_ELEMENTS + 1)),
    ],
)
def test_a_malformed_element_of_envoy_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_xfcc(value, 6)


def test_a_long_chain_is_refused() -> None:
    with pytest.raises(UnreadableError):
        read_xfcc(b"Chain=%b" % escaped(*[ROOT] * 3), 2)


@given(st.binary(max_size=100), st.text('By=;," \\Cert', max_size=60))
def test_no_other_error_leaves_the_reader_of_envoys_header(raw, near) -> None:
    for value in (raw, near.encode(), FULL[: len(raw) * 10] + raw):
        try:
            read_xfcc(value, 6)
        except UnreadableError:
            continue


@given(st.text('"\\;,= aß\n', max_size=30))
def test_the_certificate_is_found_beside_any_subject(subject) -> None:
    quoted = subject.replace("\\", "\\\\").replace('"', '\\"').encode()
    assert read_xfcc(b'Subject="%b";%b' % (quoted, cert(PHONE_OF_ENVOY)), 6) == [PHONE_OF_ENVOY.der]
