"""Refuses a request if the asking proxy let a field through that a client could forge, since its webmail would get it
too.

Some proxies cannot remove every field of a family (nginx, Traefik), and others are not configured to. The gate then
refuses the request. Fields that a proxy writes to ask its question are allowed; the configurations make sure that no
client can send them.
"""

from mailgate.gateway.authz.original import Dialect
from mailgate.gateway.authz.verdict_key import FIELD
from mailgate.http.fields import Fields, Row
from mailgate.http.proxy.forward import CONNECTION_LOGINS
from mailgate.http.request import RequestRefused
from mailgate.http.trusted_headers import forgeable
from mailgate.model import Reason

_ALWAYS = frozenset(
    {
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-host",
        b"x-forwarded-user",
        b"device-attestation",
        b"dpop",
    }
)
_ORIGINAL = frozenset({b"x-original-method", b"x-original-uri"})
_FORWARDED = frozenset({b"x-forwarded-method", b"x-forwarded-uri"})
_OWN = {
    Dialect.NGINX: _ALWAYS | _ORIGINAL | {b"x-device-reference", FIELD},
    Dialect.HAPROXY: _ALWAYS | _ORIGINAL,
    Dialect.CADDY: _ALWAYS | _FORWARDED,
    Dialect.TRAEFIK: _ALWAYS | _FORWARDED | {b"x-forwarded-port", b"x-forwarded-server", b"x-real-ip"},
    Dialect.ENVOY: _ALWAYS | {b"x-original-for"},
}
"""The fields that belong to a question: those that the proxy writes, and proofs, which it removes before the webmail."""


def refuse_unremoved_fields(fields: Fields, dialect: Dialect, certificates: frozenset[bytes]) -> None:
    """Raise RequestRefused for a forgeable field that the proxy did not write, and for a login that counts for a whole
    connection. ``certificates`` are the fields in which this proxy passes client certificates.

    nginx understands the status as a refusal. The message does not repeat the name of the field, which the client
    chose.
    """
    login = fields.get(b"authorization").split(None, 1)
    if login and login[0].lower() in CONNECTION_LOGINS:
        raise RequestRefused(
            403,
            Reason.REQUEST_NOT_SUPPORTED,
            "This login is for a whole connection, over which the asking proxy also sends other requests.",
        )
    # the spelling counts: the proxy did not write a twin with underscores
    if not fields.row.plan(_forgeable) <= _OWN[dialect] | certificates:
        raise RequestRefused(
            403,
            Reason.REQUEST_AMBIGUOUS,
            "The request has a field that a client could forge to be somebody else, and the asking proxy lets it through.",
        )


def _forgeable(row: Row) -> frozenset[bytes]:
    return frozenset(key for key in row.places if forgeable(key))
