import json
import re
from base64 import b64encode
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import root
from tests.vectors import build_certificate_vectors as vectors

from mailgate.attest.certificates import NamePattern
from mailgate.attest.client_certs import CertificateVerifier, Revocation, read_lists, read_serials
from mailgate.gateway.evaluate.judge import certificate_result
from mailgate.http.client_certs import (
    MAX_ELEMENTS,
    MAX_VALUE,
    NO_PROXY,
    ProxyForm,
    UnreadableError,
    from_proxy,
    from_tls,
    presented_certificates,
    read_client_cert,
    read_client_cert_chain,
    read_escaped_chain,
    read_escaped_pem,
    read_xfcc,
)
from mailgate.http.forgeable import forgeable
from mailgate.http.trusted_headers import LOCAL
from mailgate.model import CertificateResult, Reason

ROOT = root()
ISSUING = ROOT.authority()
PHONE = ISSUING.device()
RFC9440, XFCC, NGINX = ProxyForm("client-cert"), ProxyForm("xfcc"), ProxyForm("nginx", "X-SSL-Client-Cert")
BOTH = (PHONE.der, ISSUING.der)
PEM = quote(PHONE.pem, safe="").encode()


def item(issued) -> bytes:
    return b":%b:" % b64encode(issued.der)


LEAF = (b"Client-Cert", item(PHONE))


@pytest.mark.parametrize(
    ("form", "fields", "chain"),
    [
        (RFC9440, [LEAF], (PHONE.der,)),
        (RFC9440, [LEAF, (b"client-cert-chain", item(ISSUING))], BOTH),
        (RFC9440, [(b"Client-Cert", b"")], ()),
        (RFC9440, [(b"X-Forwarded-Client-Cert", b"Cert=" + PEM), (b"X-SSL-Client-Cert", PEM)], ()),
        (XFCC, [(b"x-forwarded-client-cert", b'Hash=a;Cert="%b"' % PEM), LEAF], (PHONE.der,)),
        (NGINX, [(b"X-SSL-CLIENT-CERT", PEM), LEAF], (PHONE.der,)),
        (NGINX, [(b"X_SSL_CLIENT_CERT", PEM)], ()),
        (ProxyForm("nginx", "X-Client-Cert"), [(b"X-Client-Cert", PEM)], (PHONE.der,)),
        (NGINX, [], ()),
    ],
)
def test_one_form_is_read_and_the_others_are_not(form, fields, chain) -> None:
    assert from_proxy(fields, form) == chain


@pytest.mark.parametrize(
    ("form", "fields", "reason"),
    [
        (RFC9440, [LEAF, LEAF], Reason.CERTIFICATE_TWO_HEADERS),
        (RFC9440, [LEAF, (b"client-cert", b"")], Reason.CERTIFICATE_TWO_HEADERS),
        (NGINX, [(b"X-SSL-Client-Cert", PEM)] * 2, Reason.CERTIFICATE_TWO_HEADERS),
        (RFC9440, [(b"Client-Cert", b":!:")], Reason.CERTIFICATE_MALFORMED),
        (RFC9440, [(b"Client-Cert-Chain", item(ISSUING))], Reason.CERTIFICATE_MALFORMED),
        (XFCC, [(b"X-Forwarded-Client-Cert", b"Cert")], Reason.CERTIFICATE_MALFORMED),
        (NGINX, [(b"X-SSL-Client-Cert", b"(null)")], Reason.CERTIFICATE_MALFORMED),
        (NGINX, [(b"X-SSL-Client-Cert", b"a" * (MAX_VALUE + 1))], Reason.CERTIFICATE_OVERSIZE),
    ],
)
def test_an_unreadable_certificate_says_why_and_repeats_nothing(form, fields, reason) -> None:
    result = from_proxy(fields, form)
    assert isinstance(result, CertificateResult)
    assert result.refused is reason
    assert "null" not in result.detail
    assert result.detail


@pytest.mark.parametrize(
    ("peer", "form", "chain"),
    [
        ("10.1.1.1", RFC9440, (PHONE.der,)),
        ("10.1.1.1", XFCC, ()),
        ("10.1.1.1", NO_PROXY, (b"own",)),
        ("192.0.2.1", RFC9440, (b"own",)),
        (LOCAL, RFC9440, (PHONE.der,)),
    ],
)
def test_only_a_trusted_proxy_is_believed_and_its_own_certificate_says_nothing(peer, form, chain) -> None:
    trusted = [ip_network("10.0.0.0/8")]
    found = presented_certificates(
        [LEAF], peer=peer, trusted=trusted, form=form, in_handshake=lambda: (b"own",)
    )
    assert found == chain


@pytest.mark.parametrize("form", [RFC9440, XFCC, NGINX, NO_PROXY])
def test_every_field_that_is_read_never_reaches_the_webmail(form) -> None:
    assert all(forgeable(name) for name in form.fields)
    assert bool(form.fields) is (form is not NO_PROXY)


@given(st.sampled_from([RFC9440, XFCC, NGINX]), st.lists(st.binary(max_size=60), max_size=2))
def test_nothing_is_raised_whatever_a_header_holds(form, values) -> None:
    fields = [(name, value) for name, value in zip(sorted(form.fields), values, strict=False)]
    assert isinstance(from_proxy(fields, form), tuple | CertificateResult)


def test_the_certificates_of_a_handshake_are_found_by_every_python() -> None:
    sent, nothing = (lambda binary_form: b"leaf"), (lambda binary_form: None)
    new = SimpleNamespace(getpeercert=sent, get_unverified_chain=lambda: [b"leaf", b"issuing"])
    parts = [SimpleNamespace(public_bytes=lambda form, name=name: name) for name in (b"leaf", b"issuing")]
    old = SimpleNamespace(getpeercert=sent, _sslobj=SimpleNamespace(get_unverified_chain=lambda: parts))
    assert from_tls(new) == from_tls(old) == (b"leaf", b"issuing")
    assert from_tls(SimpleNamespace(getpeercert=nothing)) == ()


FOLDER = Path(vectors.__file__).parent
ANCHORS = json.loads((FOLDER / "certificates-anchors.json").read_text())
NAMES = sorted(path.stem for path in (FOLDER / "certificates").glob("*.json"))


def read(name: str) -> dict:
    return json.loads((FOLDER / "certificates" / f"{name}.json").read_text())


def verified(vector: dict) -> CertificateResult:
    """What the fields of a vector prove to a gate that knows the root, and the issuing authority as well if need be."""
    authorities = [x509.load_pem_x509_certificate(ANCHORS[each].encode()) for each in ("root", "issuing")]
    lists = read_lists(vector["crl"].encode(), authorities) if "crl" in vector else {}
    verifier = CertificateVerifier(
        authorities[:1] if vector.get("anchors") == "root" else authorities,
        matches=[NamePattern("san-uri", "udid", "urn:udid:")],
        revocation=Revocation(lists, read_serials(vector.get("serials", []))),
    )
    fields = [(name.encode(), value.encode()) for name, value in vector["fields"]]
    came = from_proxy(fields, ProxyForm(vector["form"], "X-SSL-Client-Cert"))
    result = certificate_result(verifier, came, datetime.fromisoformat(ANCHORS["now"]))
    assert result is not None
    return result


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_gets_its_reason(name: str) -> None:
    vector = read(name)
    result = verified(vector)
    assert result.refused == vector["reason"], result.detail
    assert [list(each) for each in result.names] == ([] if result.refused else ANCHORS["names"])


def test_every_reason_of_a_certificate_has_a_vector_named_for_it() -> None:
    of_rules = {Reason.CERTIFICATE_REQUIRED, Reason.CERTIFICATE_INVALID}
    ours = {reason for reason in Reason if reason.startswith("certificate-")} - of_rules
    assert {read(name)["reason"] for name in NAMES} == ours | {None}


PHONE_DIALECTS = ROOT.device()
ESCAPED = quote(PHONE_DIALECTS.pem, safe="").encode()


def test_certificates_of_nginx_and_envoy_are_read() -> None:
    """nginx escapes all but letters, digits, ``-._~``; Envoy leaves some more as they are."""
    assert read_escaped_pem(ESCAPED) == PHONE_DIALECTS.der
    assert read_escaped_pem(quote(PHONE_DIALECTS.pem, safe="/=:").encode()) == PHONE_DIALECTS.der
    assert read_escaped_pem(ESCAPED.removesuffix(b"%0A")) == PHONE_DIALECTS.der


def test_a_plus_is_a_plus() -> None:
    """It stands for itself in base64; a form's encoding would make a space of it."""
    assert read_escaped_pem(ESCAPED.replace(b"%2B", b"+")) == PHONE_DIALECTS.der


def test_a_chain_is_several_of_them() -> None:
    chain = quote(PHONE_DIALECTS.pem + ROOT.pem, safe="").encode()
    assert read_escaped_chain(chain, 2) == [PHONE_DIALECTS.der, ROOT.der]
    for wrong in (lambda: read_escaped_chain(chain, 1), lambda: read_escaped_pem(chain)):
        with pytest.raises(UnreadableError):
            wrong()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        PHONE_DIALECTS.pem,
        PHONE_DIALECTS.pem.replace(b"\n", b" "),
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


def dialects_item(data: bytes) -> bytes:
    return b":%b:" % b64encode(data)


@given(BYTES)
def test_a_byte_sequence_is_read_with_and_without_padding(data) -> None:
    assert read_client_cert(dialects_item(data)) == data
    assert read_client_cert(b" %b " % dialects_item(data).replace(b"=", b"")) == data


@given(st.lists(BYTES, min_size=1, max_size=5))
def test_a_list_keeps_its_order(certificates) -> None:
    assert read_client_cert_chain(b", ".join(map(dialects_item, certificates))) == certificates
    assert read_client_cert_chain(b",\t".join(map(dialects_item, certificates))) == certificates


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
