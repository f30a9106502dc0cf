"""Reads a request before it is decided: first its origin, then its facts."""

from dataclasses import dataclass, field

from mailgate.gateway.evaluate.facts import Incoming, read_facts
from mailgate.gateway.live import InForce
from mailgate.http.client_certs import presented_certificates
from mailgate.http.exchange import Exchange
from mailgate.http.fields import Row
from mailgate.http.request import RequestHead, RequestRefused
from mailgate.http.trusted_headers import LOCAL, TOLD, Network, Origin, name_in, origin_of
from mailgate.model import CertificateResult, Reason

HEALTH = b"/.mailgate/healthz"
FOREIGN = "This host is not served here. Expected that of `public_url` or one of `hosts`."

MAX_ORIGINS, MAX_TOLD = 4096, 512
"""How many origins are remembered, and the most bytes of lines that told one of these."""


def _telling(row: Row) -> tuple[int, ...]:
    return tuple(place for place, key in enumerate(row.names) if key in TOLD)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads requests, by the trusted proxies and logins of the settings in force. ``head`` is the exchange's own, or that of the
    request that the exchange asks about."""

    in_force: InForce
    over_https: bool = False
    """Whether ``public_url`` is https."""
    _origins: dict[tuple[object, ...], tuple[tuple[Network, ...], Origin]] = field(default_factory=dict)
    """The origins that were read lately, each with the trusted proxies by which it was. Nothing else of the settings is held here,
    or those of every reload would stay in memory."""

    def origin(self, exchange: Exchange, head: RequestHead) -> Origin:
        connection, fields, trusted = exchange.connection, head.fields, self.in_force.live.trusted
        told = fields.row[_telling] if trusted or connection.peer == LOCAL else ()
        lines = tuple([fields.lines[place] for place in told]) if told else ()
        key = connection.peer, connection.secure, head.host, lines
        known = self._origins.get(key)
        if known is not None and known[0] is trusted:
            exchange.origin = origin = known[1]
            return origin
        exchange.origin = origin = origin_of(
            fields, peer=key[0], secure=key[1], host=head.host, trusted=trusted
        )
        if sum(map(len, lines)) <= MAX_TOLD:
            if len(self._origins) >= MAX_ORIGINS:
                self._origins.clear()
            self._origins[key] = trusted, origin
        return origin

    def refuse_foreign(self, head: RequestHead, origin: Origin) -> None:
        """Raise RequestRefused for a request for another host (RFC 9110, section 15.5.20), by its ``Host`` or by what a trusted
        proxy says. The webmail gets both, and would write links with them.

        HTTP/1.0 need not name a host, and whoever checks the gate's health knows only its address.
        """
        hosts = self.in_force.live.hosts
        for host in (head.host,) if head.host == origin.host else (head.host, origin.host):
            is_foreign = host and name_in(host) not in hosts
            if is_foreign and head.target.partition(b"?")[0] != HEALTH:
                raise RequestRefused(421, Reason.REQUEST_MALFORMED, FOREIGN)

    def facts(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
        live = self.in_force.live
        incoming = read_facts(
            head,
            origin,
            self._presented(exchange),
            live.logins,
            live.activesync,
            over_https=self.over_https,
            login_header=live.login_header,
        )
        exchange.answer_fields = incoming.answer_fields
        return incoming

    def _presented(self, exchange: Exchange) -> tuple[bytes, ...] | CertificateResult:
        live = self.in_force.live
        if live.certificates is None:
            return ()
        return presented_certificates(
            exchange.head.fields,
            peer=exchange.peer,
            trusted=live.trusted,
            form=live.proxy_form,
            in_handshake=exchange.certificates,
        )


def refuse_misdirected(head: RequestHead, origin: Origin) -> None:
    """Raise RequestRefused for an https address over plain http: a client that takes the connection for a secure one must not get an answer
    (RFC 9110, section 7.4)."""
    if head.scheme == b"https" and origin.scheme != "https":
        head.keep_alive = False
        raise RequestRefused(421, Reason.REQUEST_MALFORMED, "An https address was asked for over plain http.")
