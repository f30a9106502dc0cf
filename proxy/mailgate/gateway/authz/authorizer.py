"""Reads the request that another proxy asks about, in that proxy's dialect, and answers: let it pass, or give the client this instead.

nginx and HAProxy are told what to send by our own configurations: ``X-Original-Method`` and ``X-Original-URI``. Caddy's
``forward_auth`` and Traefik's ``ForwardAuth`` send ``X-Forwarded-Method`` and ``X-Forwarded-Uri``. Envoy's ``ext_authz``
asks with the request line itself, its path behind a prefix, and appends an address of its own machine to
``X-Forwarded-For`` (envoyproxy/envoy#21519), so our configuration tells it who asks in ``X-Original-For``. A field of
another dialect is never read: a client may have sent it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from cachetools import TTLCache

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.fields import Fields
from mailgate.http.grammar import HOST, is_token
from mailgate.http.request import TARGET, RequestHead, ambiguous, malformed
from mailgate.model import Access, Decision
from mailgate.model.times import only_forward

PATH = "/.mailgate/authz"


class Dialect(StrEnum):
    """How a proxy describes the request that it asks about."""

    NGINX = "nginx"
    CADDY = "caddy"
    TRAEFIK = "traefik"
    ENVOY = "envoy"
    HAPROXY = "haproxy"


_FOR, _PROTO, _HOST = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"
_ORIGINAL = (b"x-original-method", b"x-original-uri")
_FORWARDED = (b"x-forwarded-method", b"x-forwarded-uri")
_REQUEST_LINE = {
    Dialect.NGINX: _ORIGINAL,
    Dialect.HAPROXY: _ORIGINAL,
    Dialect.CADDY: _FORWARDED,
    Dialect.TRAEFIK: _FORWARDED,
}
"""The fields that tell the method and the target."""
_NEEDED = {dialect: sorted({_FOR, _PROTO, _HOST, *_REQUEST_LINE.get(dialect, ())}) for dialect in Dialect}
_CLIENT = b"x-original-for"
_NEEDED[Dialect.ENVOY] = [_PROTO, _CLIENT]


def original_request(head: RequestHead, dialect: Dialect) -> RequestHead:
    """The head of the request that ``head`` asks about. Raises RequestRefused if that, its address or its scheme is missing or given twice: the
    gate would take those of the asking proxy for the client's."""
    told = _required(head.fields, _NEEDED[dialect])
    if told[_PROTO].lower() not in (b"http", b"https"):
        raise malformed("X-Forwarded-Proto is neither http nor https.")
    if dialect is Dialect.ENVOY:
        others = (field for field in head.fields if field[0].lower() != _FOR)
        head = replace(head, fields=Fields([*others, (_FOR, told[_CLIENT])]))
        return _parsed(head, head.method, head.target.removeprefix(PATH.encode()))
    if not HOST.fullmatch(told[_HOST]):
        raise malformed("X-Forwarded-Host is not a host name with an optional port.")
    method, target = _REQUEST_LINE[dialect]
    return _parsed(head, told[method], told[target])


def _required(fields: Fields, names: Sequence[bytes]) -> dict[bytes, bytes]:
    told: dict[bytes, bytes] = {}
    for name in names:
        values = [each for each in fields.values(name) if each]
        if len(values) > 1:
            raise ambiguous(f"The asking proxy has sent {name.decode()} twice.")
        if not values:
            raise ambiguous(f"The asking proxy has not sent {name.decode()}.")
        told[name] = values[0]
    return told


def _parsed(head: RequestHead, method: bytes, target: bytes) -> RequestHead:
    """Parse the original request in origin form, by the grammar of every request. The asking proxy keeps its body."""
    if not is_token(method) or method == b"CONNECT":
        raise malformed("The original method is not valid.")
    if not TARGET.fullmatch(target) or not (
        target.startswith(b"/") or (method, target) == (b"OPTIONS", b"*")
    ):
        raise malformed("The original target is not valid.")
    none_empty = head.raw and b": \r\n" not in head.raw
    fields = head.fields if none_empty else _without_empty(head.fields)
    return RequestHead(method, target, head.minor, fields, head.host, keep_alive=head.keep_alive)


def _without_empty(fields: Fields) -> Fields:
    """The fields without empty ones. For the key of a proxy that caches verdicts they are like missing ones
    (``verdict_key.py``)."""
    places = fields.row.places
    empty = {key for key, at in places.items() if len(at) == 1 and not fields.get(key)}
    return Fields([field for field in fields if field[0].lower() not in empty]) if empty else fields


REFUSAL = f"{PATH}/refusal"
"""The address at which nginx fetches the answer for its client, because it drops the body of an answer to its question."""

FETCHABLE_FOR = timedelta(seconds=30)
"""How long such an answer waits to be fetched. Fetching takes a moment."""
MAX_WAITING_BYTES = 8 * 1024 * 1024
OVERHEAD_BYTES = 1024
"""The bytes of such an answer besides its body. ActiveSync's refusals have no body."""
STATUS = "X-Device-Status"
"""The field with the status for the client, used if the proxy would take that status for an allowing answer."""


class AllowingAnswer(NamedTuple):
    answer: Answer
    reference: str
    remember: timedelta
    """The longest time for which the asking proxy may use it."""


@dataclass(slots=True)
class Authorizer:
    """Answers questions in one dialect."""

    dialect: Dialect
    clock: Callable[[], datetime]
    remember: timedelta = timedelta()
    """How long the asking proxy may use an allowing answer without asking again."""
    _waiting: TTLCache[str, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = TTLCache(
            MAX_WAITING_BYTES,
            FETCHABLE_FOR.total_seconds(),
            only_forward(self.clock),
            lambda answer: len(answer.body) + OVERHEAD_BYTES,
        )

    def serves(self, path: str) -> bool:
        """Whether this path is for questions or for fetching answers. Envoy appends the original path to the address."""
        if self.dialect is Dialect.ENVOY:
            return path.startswith(f"{PATH}/")
        return path == PATH or (path == REFUSAL and self.dialect is Dialect.NGINX)

    def let_in(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str, until: datetime
    ) -> Answer:
        """Make an allowing answer. nginx keeps it for the seconds of ``X-Accel-Expires`` and no longer."""
        headers = results(access, decision, reference)
        seconds = self._seconds(incoming, until - access.now)
        return Answer(200, headers=(*headers, ("X-Accel-Expires", str(seconds))) if seconds else headers)

    def keep_out(
        self,
        answer: Answer,
        added: Sequence[tuple[str, str]],
        access: Access,
        decision: Decision,
        reference: str,
    ) -> Answer:
        """Make a refusing answer that holds the client's answer, to which ``added`` belong. A proxy takes any success as
        permission, and nginx knows only two statuses for a refusal."""
        if self.dialect is Dialect.NGINX:
            self._waiting[reference] = replace(answer, headers=(*answer.headers, *added))
        headers = list(results(access, decision, reference))
        is_no = answer.status in (401, 403) if self.dialect is Dialect.NGINX else answer.status >= 300
        if not is_no:
            headers.append((STATUS, str(answer.status)))
        own = [each for each in answer.headers if not each[0].lower().startswith("x-device-")]
        return replace(answer, status=answer.status if is_no else 403, headers=(*own, *headers))

    def fetch(self, reference: str) -> Answer | None:
        """Take the answer that waits under this reference; None if there is none or it was fetched already."""
        return self._waiting.pop(reference, None)

    def _seconds(self, incoming: Incoming, left: timedelta) -> int:
        """The whole seconds for which the same request has the same answer; 0 if each request needs a proof, a
        nonce or the token of a login of its own."""
        own = incoming.proofs or incoming.answer_fields or incoming.login_token
        return 0 if own else int(min(left, self.remember).total_seconds())


def results(access: Access, decision: Decision, reference: str) -> tuple[tuple[str, str], ...]:
    """The fields with the decision for the asking proxy, and for the webmail behind it. All of them are always sent."""
    return (
        ("X-Device-Decision", decision.effect.value),
        ("X-Device-Reason", decision.reason.value),
        ("X-Device-Class", access.client.kind.value),
        ("X-Device-Assurance", access.client.assurance.value),
        ("X-Device-User", quote(access.user.name, safe="@")),
        ("X-Device-Reference", reference),
    )
