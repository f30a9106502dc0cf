"""Fields that a client could forge and the asking proxy has let through: its webmail would get them as well.

Where the proxy cannot take out all that begins alike (nginx, Traefik), or does not, the gate says no to such a request. What
a proxy writes itself to ask is its own, and the configurations see to it that it is nobody else's.
"""

from mailgate.gateway.authz.original import Dialect
from mailgate.gateway.authz.verdict_key import FIELD
from mailgate.gateway.http1.fields import Fields
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.http1.trusted_headers import forgeable
from mailgate.gateway.proxy.forward import CONNECTION_LOGINS
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
"""What comes with a question by right: written by the proxy, or a proof, which is taken out behind it."""


def refuse_let_through(fields: Fields, dialect: Dialect, certificates: frozenset[bytes]) -> None:
    """Raises RequestRefused. ``certificates``: the fields in which this proxy hands on client certificates.

    The status is one that nginx takes for a no. The name is not repeated: it is the client's.
    """
    login = fields.first.get(b"authorization", b"").split(None, 1)
    if login and login[0].lower() in CONNECTION_LOGINS:
        raise RequestRefused(
            403,
            Reason.REQUEST_NOT_SUPPORTED,
            "This login is one for a whole connection, and the asking proxy sends others by the same.",
        )
    # in the spelling that came: a twin with underscores was not written by the proxy
    if not {key for key in fields.keys if forgeable(key)} <= _OWN[dialect] | certificates:
        raise RequestRefused(
            403,
            Reason.REQUEST_AMBIGUOUS,
            "The request has a field by which a client could pass for somebody else, and the asking proxy lets it through.",
        )
