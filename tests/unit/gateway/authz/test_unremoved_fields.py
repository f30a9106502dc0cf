"""What the asking proxy lets through, its webmail gets as well."""

import pytest

from mailgate.gateway.authz.original import Dialect
from mailgate.gateway.authz.unremoved_fields import refuse_unremoved_fields
from mailgate.http.fields import Fields
from mailgate.http.request import RequestRefused

NOTHING = frozenset[bytes]()
SENT = [
    (b"User-Agent", b"x"),
    (b"X-Forwarded-For", b"192.0.2.9"),
    (b"X-Forwarded-User", b"ann"),
    (b"DPoP", b"x"),
]
OWN = {
    Dialect.NGINX: (b"X-Original-URI", b"X-Original-Method", b"X-Device-Reference", b"Mailgate-Verdict-Key"),
    Dialect.HAPROXY: (b"x-original-uri", b"x-original-method"),
    Dialect.CADDY: (b"X-Forwarded-Uri", b"X-Forwarded-Method"),
    Dialect.TRAEFIK: (b"X-Forwarded-Uri", b"X-Forwarded-Method", b"X-Forwarded-Port", b"X-Real-Ip"),
    Dialect.ENVOY: (b"x-original-for",),
}


def ask(dialect: Dialect, *names: bytes, certificates: frozenset[bytes] = NOTHING) -> None:
    refuse_unremoved_fields(Fields([*SENT, *((name, b"1") for name in names)]), dialect, certificates)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_proxy_asks_with_fields_of_its_own(dialect: Dialect) -> None:
    ask(dialect, *OWN[dialect])


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    "name",
    [
        b"Remote-User",
        b"X-Forwarded-Email",
        b"X-SSL-Client-Anything",
        b"X_Forwarded_For",
        b"X_Original_URI",
        b"Transfer_Encoding",
        b"X-Mailgate-User",
        b"X-HTTP-Method",
        b"Client-Cert",
    ],
)
def test_a_request_with_anything_else_that_could_be_forged_is_refused(dialect: Dialect, name: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        ask(dialect, *OWN[dialect], name)
    assert refused.value.status == 403
    assert name.decode() not in refused.value.detail


@pytest.mark.parametrize("dialect", [each for each in Dialect if each is not Dialect.NGINX])
def test_only_nginx_keeps_verdicts_and_says_by_which_key(dialect: Dialect) -> None:
    with pytest.raises(RequestRefused):
        ask(dialect, *OWN[dialect], b"Mailgate-Verdict-Key")


@pytest.mark.parametrize("dialect", [Dialect.NGINX, Dialect.ENVOY])
def test_fields_of_another_dialect_are_not_its_own(dialect: Dialect) -> None:
    with pytest.raises(RequestRefused):
        ask(dialect, b"X-Forwarded-Uri")


def test_the_field_that_hands_on_a_certificate_is_the_proxys() -> None:
    ask(Dialect.NGINX, b"X-SSL-Client-Cert", certificates=frozenset({b"x-ssl-client-cert"}))
    with pytest.raises(RequestRefused):
        ask(Dialect.NGINX, b"X_SSL_Client_Cert", certificates=frozenset({b"x-ssl-client-cert"}))
