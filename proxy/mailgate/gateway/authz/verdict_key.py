"""Decides whether the key with which another proxy caches verdicts is enough to cache an allowing answer.

The asking proxy lists in ``Mailgate-Verdict-Key`` what its key holds. An answer may be cached only if that list has
everything that the answer can depend on by the policy in force. So a list that leaves something out only prevents caching.
Unknown words are ignored. If the field is missing, nothing is cached. The words are:

- A field of the request, by its name in lower case: the key holds its values, joined as in RFC 9110, section 5.3, or
  the question always has the same value. An empty field is like a missing one (``authorizer.py``).
- ``method``, ``scheme``, ``host``, ``address``, ``target``: the key holds this part of the original request.
- ``certificate``: the key holds the client certificate, if one came.
- ``own-cookies``: the key holds the whole ``Cookie`` if it contains ``mailgate-`` anywhere, in any case.
- ``TARGETS``: the key holds the whole target unless that is plain. A plain target (``PLAIN``) names no protocol, no
  way to the mail and no address of the gate, so only rules read it. The word contains a digest of the pattern, so
  that a proxy with another pattern uses another word.
"""

import re
from functools import lru_cache
from hashlib import sha256

from mailgate.classify import READ
from mailgate.classify.activesync import VERSION_HEADER
from mailgate.classify.protocol import SEGMENTS
from mailgate.gateway.authz.authorizer import Dialect
from mailgate.http.fields import Fields, Row
from mailgate.http.forgeable import forgeable
from mailgate.http.proxy.forward import CONNECTION_LOGINS
from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.policy.variables import DependsOn, dependencies_of

FIELD = b"mailgate-verdict-key"
_ELSEWHERE = "|".join(map(re.escape, sorted((".mailgate", "autodiscover", *SEGMENTS))))
PLAIN = rf"^(/(?!({_ELSEWHERE})([/?]|$))([a-z0-9._~+,=:@-]|%40)*)+(\?[^\x00-\x20#\x7f-\xff]*)?$"
"""The pattern of a plain target, compared without case. It means the same to Python and to PCRE.

An escape in a path may stand for anything, so a path with an escape other than ``@`` is not plain.
"""
TARGETS = f"special-targets:{sha256(PLAIN.encode()).hexdigest()[:8]}"
FIELDS = frozenset(
    {
        *(name for name in READ if not forgeable(name.encode())),
        *(
            "authorization",
            "device-attestation",
            "dpop",
            VERSION_HEADER,
            "sec-fetch-dest",
            "x-forwarded-user",
        ),
        # these recognise a request for the way to the mail (``classify/discovery.py``)
        *("upgrade", "http2-settings", "content-length", "transfer-encoding"),
    }
)
"""The fields that an allowing answer can depend on, whatever the rules are. Of ``Cookie`` only the gate's own cookies count."""
ALWAYS = FIELDS | {"method", "scheme", "host", "certificate", "own-cookies", TARGETS}
READ_BY_RULES = {DependsOn.REMOTE: "address", DependsOn.PATH: "target"}
"""The words that are needed only if a rule reads something that depends on this part of a request."""
_MORE = {"target": TARGETS, "cookie": "own-cookies"}
"""Words whose part of the key includes that of another word, each with that other word."""


def suffices(fields: Fields, reads: frozenset[str]) -> bool:
    """Whether the key of this question holds all that an answer can depend on. ``reads`` are the variables that the rules read."""
    return fields.has(FIELD) and not fields.repeats(FIELD) and _covers(fields.get(FIELD), reads)


@lru_cache(64)
def _covers(told: bytes, reads: frozenset[str]) -> bool:
    words = set(told.decode("latin-1").replace(",", " ").split())
    words |= {held for word, held in _MORE.items() if word in words}
    return words >= ALWAYS and all(
        word in words for part, word in READ_BY_RULES.items() if part in dependencies_of(reads)
    )


_ALWAYS = frozenset(
    b"x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-user device-attestation dpop".split()
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


def refuse_unremoved_fields(fields: Fields, dialect: Dialect, passed: frozenset[bytes]) -> None:
    """Raise RequestRefused for a forgeable field that the proxy did not write, and for a login that counts for a whole
    connection. ``passed`` are the fields in which this proxy passes client certificates and the tokens of logins.

    nginx understands the status as a refusal. The message does not repeat the name of the field, which the client chose.
    """
    login = fields.get(b"authorization").split(None, 1)
    if login and login[0].lower() in CONNECTION_LOGINS:
        raise RequestRefused(
            403,
            Reason.REQUEST_NOT_SUPPORTED,
            "This login is for a whole connection, over which the asking proxy also sends other requests.",
        )
    # the spelling counts: the proxy did not write a twin with underscores
    if not fields.row[_forgeable] <= _OWN[dialect] | passed:
        raise RequestRefused(
            403,
            Reason.REQUEST_AMBIGUOUS,
            "The request has a field that a client could forge to be somebody else, and the asking proxy lets it through.",
        )


def _forgeable(row: Row) -> frozenset[bytes]:
    return frozenset(key for key in row.places if forgeable(key))
