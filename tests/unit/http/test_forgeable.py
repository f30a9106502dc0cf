"""The one table: what is in it, how it is kept, and what goes by it."""

import pytest

from mailgate.http.forgeable import (
    FAMILIES,
    KNOWN,
    MAX_NAME,
    NAMES,
    canonical,
    forgeable,
    speaks_for_the_gate,
)


def test_everything_is_spelt_as_it_is_compared() -> None:
    for name in (*FAMILIES, *KNOWN):
        assert name == name.lower().replace("_", "-").strip()


def test_no_forgeable_name_is_covered_twice() -> None:
    assert not any(name.startswith(tuple(FAMILIES)) for name in NAMES)
    assert not any(one != other and one.startswith(other) for one in FAMILIES for other in FAMILIES)


def test_a_family_that_ends_in_no_hyphen_is_a_name_too() -> None:
    assert {"x-ssl", "client-ip", "forwarded", "x-ssl-client-cert"} <= KNOWN
    assert "x-original-" not in KNOWN


def test_names_that_cgi_confuses_have_one_spelling():
    assert canonical(b"X_Forwarded-FOR") == b"x-forwarded-for"


@pytest.mark.parametrize(
    "name",
    b"Forwarded X-Forwarded-For X-Forwarded-Proto X-Forwarded-User X-Forwarded-Anything X-Real-IP Client-Cert "
    b"Client-Cert-Chain Client-Cert-Subject X-Client-Cert X-SSL-Client-Verify SSL_CLIENT_CERT SSL-Client-S-DN "
    b"Remote-User X-Remote-User X-Remote-Groups X-Auth-Request-Email X-WebObjects-Remote-User X-Original-URL "
    b"X-Rewrite-URL X-HTTP-Method-Override True-Client-IP CF-Connecting-IP Device-Attestation DPoP "
    b"X-Forwarded-Client-Cert X-Forwarded-Tls-Client-Cert X-ARR-ClientCert X-Amzn-Mtls-Clientcert "
    b"X-Device-Reason X-Mailgate-User Mailgate-Kind Proxy X-HTTP-Method X-Method-Override Remote-Email Remote-Groups "
    b"X-Webauth-User X-Forwarded-Prefix X-Authentik-Username Cf-Access-Jwt-Assertion X-Goog-IAP-JWT-Assertion "
    b"X-Amzn-Oidc-Identity X-MS-Client-Principal-Name Tailscale-User-Login X-Pomerium-Claim-Email Client-IP "
    b"Forwarded-For X-Original-Anything SSL-Anything X-User-Groups".split(),
)
def test_trust_headers_are_forgeable_in_every_spelling(name):
    for spelling in (name, name.upper(), name.lower(), name.replace(b"-", b"_"), name.replace(b"-", b"_", 1)):
        assert forgeable(spelling)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_name_is_too_long_to_be_forgeable(family):
    assert forgeable(family.encode().replace(b"-", b"_") + b"x" * MAX_NAME)


def test_every_known_name_is_forgeable():
    assert all(forgeable(name.encode()) for name in KNOWN)


@pytest.mark.parametrize("name", [b"X-Device-Status", b"x-mailgate-any", b"Mailgate_Probe"])
def test_a_name_that_looks_like_the_gates_own_is_recognised(name):
    assert speaks_for_the_gate(name)
    assert not speaks_for_the_gate(b"A-" + name)


@pytest.mark.parametrize(
    "name",
    b"Host Cookie Authorization User-Agent Accept Range If-None-Match X-Requested-With Origin Referer DNT "
    b"Sec-CH-UA-Mobile Sec-Fetch-Mode Content-Type X-CSRF-Token X-Roundcube-Request MS-ASProtocolVersion "
    b"X-MS-PolicyKey Depth Proxy-Custom Via Device X-User-Identity X-AnchorMailbox X-ClientInfo X-ClientApplication "
    b"Client-Request-Id X-Auth-Token X-User-Agent X-Request-ID Sec-WebSocket-Key From Destination X-MS-RP".split(),
)
def test_fields_that_a_webmail_needs_are_not_forgeable(name):
    assert not forgeable(name)
