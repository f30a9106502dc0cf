"""A request that came before in the same form, served by the verdict that was reached then.

Why that is the same answer. Only what went the whole way (``handler.py``, ``judging.py``) and was allowed is remembered,
and only where its verdict, its record and its way rest on nothing but

- its field lines: equal byte for byte, or the request would not have the same ``Fields`` (``http1/memory.py``); or but for two
  values, of which ``alike.py`` says what has to be the same;
- the port, which has a memory of field lines of its own;
- its method and version, who is at the other end of the connection, and whether that is by TLS;
- of its target the place alone (``remembered.py``), so what names another protocol, or an address of the gate, is not remembered;
- what a reload replaces (``Remembering.mark``): rules, reliefs, groups, the probe and its keys, trusted proxies;
- the time, up to the first moment at which any of it could be another (``until``).

Whoever names a device or a person, offers proof or a certificate, has a finding, is warned or refused, or meets rules that
read the path or the clock, goes the whole way each time. What is done beside the answer is done all the same: each request
is counted, timed and recorded, for which ``recurring`` of the ledger says whether counting is all there is to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from mailgate.decided import Decided
from mailgate.gateway.alike import UNLIKE, Alike
from mailgate.gateway.answer import head_around_date
from mailgate.gateway.authz.authorizer import Authorizer, Yes
from mailgate.gateway.exchange import Exchange
from mailgate.gateway.facts import Incoming
from mailgate.gateway.http1.request import USUAL, RequestHead
from mailgate.gateway.judging import Live
from mailgate.gateway.logs import debugging
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.prober import Prober
from mailgate.gateway.remembered import Form, Remembered, form_of, put
from mailgate.gateway.trust import Network, Origin
from mailgate.model import Access, Decision, Effect, Posture
from mailgate.model import Protocol as Spoken
from mailgate.store.ledger import Recurring

NOBODY = Posture()
Made = TypeVar("Made")
Table: TypeAlias = dict[Form, Remembered]


class Ledger(Protocol):
    def recurring(self, access: Access, decision: Decision) -> Recurring | None: ...


class Way(Protocol):
    def lines(self, head: RequestHead, origin: Origin) -> bytes: ...


class RememberingGate(Protocol):
    """What is needed of the gate (``handler.py``)."""

    live: Live
    prober: Prober
    trusted: tuple[Network, ...]
    authorizer: Authorizer | None
    authorizers: Mapping[str, Authorizer]
    decided: Decided
    metrics: Metrics

    @property
    def forwarder(self) -> Way: ...

    @property
    def ledger(self) -> Ledger: ...


@dataclass(slots=True)
class Remembering:
    """One for a gate. What it remembers hangs on the ``Fields`` of a request and on their ``Outline``, and goes with them."""

    mark: object = field(default_factory=object)
    """Another one once anything was replaced that verdicts rest on. Entries hold this, and no rules that are gone."""
    _terms: tuple[object, ...] = (None,) * 5

    def find(self, gate: RememberingGate, exchange: Exchange, now: datetime) -> Remembered | None:
        """What this request gets, where that is known."""
        head = exchange.head
        if head.scheme or not head.keep_alive:
            return None
        table: Table | None = head.fields.memo.get(Remembering)
        if table:
            known = table.get(form_of(exchange))
        elif table is None and (alike := head.fields.shared.get(Alike)):
            known = alike.find(form_of(exchange), head)
        else:
            return None
        if known is None or not known.since <= now < known.until:
            return None
        self._look(gate)
        return known if known.mark is self.mark else None

    def keep(
        self,
        gate: RememberingGate,
        exchange: Exchange,
        incoming: Incoming,
        access: Access,
        decision: Decision,
        yes: Yes | None = None,
    ) -> None:
        """Remember a verdict that was just carried out, the second time: a flood of new clients leaves nothing."""
        fields = exchange.head.fields
        table: Table | None = _second_time(fields.memo, Remembering, dict)
        alike: Alike | None = None
        if fields.shared is not fields.memo:
            alike = _second_time(fields.shared, Alike, Alike)
        if (table is None and alike is None) or not _is_plain(exchange, incoming, access, decision):
            return
        if yes and exchange.head.has_body:
            return
        if gate.live.certificates is not None and exchange.secure:
            return  # the next handshake may bring a certificate, of which the field lines say nothing
        until = _until(gate, access, decision, yes)
        recurring = gate.ledger.recurring(access, decision) if until > access.now else None
        if recurring is None:
            return
        self._look(gate)
        known = Remembered(
            self.mark,
            access.now,
            until,
            recurring.count,
            _counted(gate.metrics, access, decision),
            incoming.origin,
            b"" if yes else gate.forwarder.lines(exchange.head, incoming.origin),
            _parts(exchange, yes) if yes else None,
        )
        form = form_of(exchange)
        if table is not None:
            put(table, form, known)
        if alike is not None and not _is_ones_own(gate, access):
            alike.keep(form, exchange.head, known, recurring.count_as)

    def _look(self, gate: RememberingGate) -> None:
        live, prober, trusted, authorizer, authorizers = self._terms
        if (
            live is not gate.live
            or prober is not gate.prober
            or trusted is not gate.trusted
            or authorizer is not gate.authorizer
            or authorizers is not gate.authorizers
        ):
            self._terms = gate.live, gate.prober, gate.trusted, gate.authorizer, gate.authorizers
            self.mark = object()


def _second_time(memo: dict[Any, Any], key: object, make: Callable[[], Made]) -> Made | None:
    """What stands there; None the first time."""
    made: Made | None = memo.get(key)
    if made is None:
        memo[key] = make()
    return made


def _is_plain(exchange: Exchange, incoming: Incoming, access: Access, decision: Decision) -> bool:
    """Whether there is nothing in it but what the head of this file lists."""
    head, client = exchange.head, access.client
    return (
        decision.effect is Effect.ALLOW
        and head.method in USUAL
        and not head.scheme
        and not exchange.broken
        and form_of(exchange)[-1] != ""
        and not (incoming.attestations or incoming.proofs or incoming.certificate)
        and not (client.findings or client.eas_id)
        and client.protocol is not Spoken.ACTIVESYNC
        and access.posture == NOBODY
        and not debugging()
    )


def _is_ones_own(gate: RememberingGate, access: Access) -> bool:
    """Whether it rests on more of the user agent than others may have in common with it."""
    return gate.prober.knows(access.facts) or not gate.live.policy.reads.isdisjoint(UNLIKE)


def _until(gate: RememberingGate, access: Access, decision: Decision, yes: Yes | None) -> datetime:
    """Up to when the same request is decided, recorded and answered alike; ``now`` where not even at this moment."""
    if "request.path" in gate.live.policy.reads:
        return access.now
    day_ends = datetime.combine(access.now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    until = gate.decided.grounds(gate.live.policy).until(access, decision)
    if yes is not None:
        if until - access.now < yes.remember:
            return access.now
        until -= yes.remember  # from then on a yes says of itself that it is kept for less
    return min(until, day_ends, gate.prober.until(access))


def _counted(metrics: Metrics, access: Access, decision: Decision) -> tuple[Callable[[], None], ...]:
    """What ``note`` counts of such a decision."""
    labels = (decision.effect, decision.reason, access.client.kind)
    would = (metrics.would.labels(trial.rule, trial.effect or "").inc for trial in decision.would)
    return (partial(metrics.decisions.add, labels), *would)


def _parts(exchange: Exchange, yes: Yes) -> tuple[bytes, bytes, bytes]:
    before, behind = head_around_date(exchange.head, yes.answer, (), keep_alive=True)
    up_to, told, rest = behind.partition(b": %b\r\n" % yes.reference.encode())
    assert told
    assert not yes.answer.body
    return before, up_to + b": ", b"\r\n" + rest
