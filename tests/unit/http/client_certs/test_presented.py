import json
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

from mailgate.attest.cert_names import NamePattern
from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.revocation import Revocation, read_lists, read_serials
from mailgate.gateway.evaluate.identity import certificate_result
from mailgate.http.client_certs.presented import (
    MAX_VALUE,
    NO_PROXY,
    ProxyForm,
    from_proxy,
    from_tls,
    presented_certificates,
)
from mailgate.http.trusted_headers import LOCAL, forgeable
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
