from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import root

from mailgate.gateway.http1.client_certs import UnreadableError
from mailgate.gateway.http1.client_certs.xfcc import MAX_ELEMENTS, read_xfcc

ROOT = root()
PHONE, OTHER = ROOT.device(), ROOT.device()


def escaped(*issued) -> bytes:
    return quote(b"".join(each.pem for each in issued), safe="").encode()


def cert(issued) -> bytes:
    return b'Cert="%b"' % escaped(issued)


FULL = (
    b'By=spiffe://a.example/ns/mail/sa/gate;Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688;'
    b"%b;Subject=\"CN=phone,O=\\\"A; B\\\", C=x\";URI=spiffe://a.example/phone;URI=urn:b;DNS=a.example;DNS=b.example"
    % cert(PHONE)
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "chain"),
    [
        (FULL, [PHONE]),
        (cert(PHONE), [PHONE]),
        (b"cERT=" + escaped(PHONE), [PHONE]),
        (b'Chain="%b"' % escaped(PHONE, ROOT), [PHONE, ROOT]),
        (b'%b;Chain="%b"' % (cert(PHONE), escaped(PHONE, ROOT)), [PHONE, ROOT]),
        (b"By=a;Hash=b", []),
        (b"URI=;By=", []),
        (b"URI=spiffe://a.example/?a=b", []),
        (b'Subject=""', []),
    ],
)
def test_one_element(value, chain) -> None:
    assert read_xfcc(value, 6) == [each.der for each in chain]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"%b,%b" % (cert(OTHER), cert(PHONE)), [PHONE.der]),
        (b"%b, %b" % (cert(PHONE), b"By=a;Hash=b"), []),
    ],
    ids=["with a certificate", "without one"],
)
def test_of_several_hops_the_last_element_counts(value: bytes, found: list[bytes]) -> None:
    """It was written by the proxy that called us; those before it were handed to that proxy."""
    assert read_xfcc(value, 6) == found


def test_a_quoted_value_cannot_end_an_element() -> None:
    forged = b'Subject="a\\",%b,By=\\"";%b' % (cert(OTHER).replace(b'"', b'\\"'), cert(PHONE))
    assert read_xfcc(forged, 6) == [PHONE.der]


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
        b"By=a;%b;%b" % (cert(PHONE), cert(OTHER)),
        b"%b;cert=%b" % (cert(PHONE), escaped(OTHER)),
        b"Hash=a;hash=b",
        b'%b;Chain="%b"' % (cert(PHONE), escaped(OTHER, ROOT)),
        b"Cert=%b" % escaped(PHONE, ROOT),
        b",".join([b"By=a"] * (MAX_ELEMENTS + 1)),
    ],
)
def test_anything_else_is_refused(value) -> None:
    with pytest.raises(UnreadableError):
        read_xfcc(value, 6)


def test_a_long_chain_is_refused() -> None:
    with pytest.raises(UnreadableError):
        read_xfcc(b"Chain=%b" % escaped(*[ROOT] * 3), 2)


@given(st.binary(max_size=100), st.text('By=;," \\Cert', max_size=60))
def test_no_other_error_leaves_it(raw, near) -> None:
    for value in (raw, near.encode(), FULL[: len(raw) * 10] + raw):
        try:
            read_xfcc(value, 6)
        except UnreadableError:
            continue


@given(st.text('"\\;,= aß\n', max_size=30))
def test_whatever_a_subject_holds_the_certificate_beside_it_is_found(subject) -> None:
    quoted = subject.replace("\\", "\\\\").replace('"', '\\"').encode()
    assert read_xfcc(b'Subject="%b";%b' % (quoted, cert(PHONE)), 6) == [PHONE.der]
