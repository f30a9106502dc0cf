"""The one cache between a parsed request and its decision. A request is allowed if an earlier one was allowed and nothing
that decides distinguishes the two.

Only a request that was judged in full (``gateway/evaluate/judge.py``) and allowed is kept. Its verdict, its record and
its answer may depend on nothing but

- the key, which has the method; the place of the path (``place_of``) with the protocol that it names, so that a path of ActiveSync or of the
  gate is not kept; of the person whom a trusted proxy names, and of the one in Basic credentials, who may restrict, what rules, groups,
  shares and exemptions go by (``DecisionKey.of_person``); whether a proxy names anybody; the
  traits of the user agent, or all of it if a rule or the probe reads more; the address, scheme, host and path as far
  as a rule reads them; the gate's own cookies, or what the probe found if that is a computer and its cookie is valid in this
  browser now; and **every other field line as it came, except those of ``IGNORED_FIELDS``**,
  whose values nothing reads on the way to a decision. A field that was forgotten here is part of the key, so it costs
  a hit but never gives a wrong answer;
- what a reload replaces (``live.py``): rules, reliefs, groups, the probe and its keys, trusted proxies. If any of
  them changes, all entries are dropped;
- the time, up to the first moment at which any of this could change (``_until``).

A request is judged in full each time if it speaks ActiveSync, names a device, offers a proof or a certificate, has
a finding, or is warned, challenged or refused. Requests that are answered from the cache are counted and recorded like
all others, each with its own user agent, person and languages.
"""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from mailgate.classify import agent_traits
from mailgate.classify.hints import PLATFORM
from mailgate.classify.protocol import protocol_in_path
from mailgate.engine.key import DecisionKey
from mailgate.gateway.answer import head_around_date
from mailgate.gateway.authz.authorizer import AllowingAnswer
from mailgate.gateway.evaluate.facts import Incoming, basic_user, person_told
from mailgate.gateway.http1.cookies import OWN, probe_cookie
from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.http1.fields import Fields, Row
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.http1.trusted_headers import Origin
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.logs import is_debugging
from mailgate.model import Access, Decision, DecisionSummary, Effect, Posture, RequestFacts
from mailgate.model import Protocol as Spoken
from mailgate.policy.rules import DISCOVERY_RULE
from mailgate.policy.variables import DependsOn, dependencies_of
from mailgate.store.client_facts import LONGEST_NAME, first_folder
from mailgate.store.ledger import Repeat

SIZE = 8192
"""How many of the latest verdicts are always kept. At most twice as many are in memory."""
SENDERS = 4096
"""How many user agents are remembered."""
PEOPLE = 16_384
"""How many names of people are remembered."""
MAX_PATH = 256
MAX_AGENT = 512
MAX_LINES = 4096
"""The most bytes of field lines and cookies in a key. A request with more of them is judged in full."""

METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE PROPFIND REPORT".split())
_ITS_OWN_WAY = frozenset({Spoken.ACTIVESYNC, Spoken.MAPI})
"""Protocols whose requests name a device, or have an id of their own in fields that are in the key."""
IGNORED_FIELDS = frozenset(
    # ``_key`` reads these apart from the lines
    b"user-agent cookie host x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-user"
    b" x-original-method x-original-uri x-original-for x-forwarded-method x-forwarded-uri authorization"
    # these say how to read and forward the message, which is found out for each request
    b" connection keep-alive content-length transfer-encoding te trailer expect"
    # only the webmail reads these
    b" referer origin accept-language accept-encoding cache-control pragma range if-range if-match"
    b" if-none-match if-modified-since if-unmodified-since priority content-encoding content-language x-roundcube-request"
    b" x-csrf-token x-xsrf-token dnt sec-gpc upgrade-insecure-requests sec-fetch-site sec-fetch-user"
    b" x-owa-canary x-owa-correlationid x-owa-actionid x-owa-clientbegin x-owa-urlpostdata x-owa-sessionid client-request-id"
    b" requesttoken x-zimbra-csrf-token"
    # traces of scripts and of proxies
    b" baggage sentry-trace b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-datadog-trace-id x-datadog-parent-id x-amzn-trace-id"
    b" x-request-id x-correlation-id traceparent tracestate x-forwarded-port x-forwarded-server x-real-ip forwarded via".split()
)
"""Fields whose values nothing except ``_key`` reads on the way to a decision that is kept."""

NO_POSTURE = Posture()
_PLATFORM = PLATFORM.encode()

Recurring = Callable[[Access, Decision], tuple[Repeat, ...]]
"""What to call each time the same request is allowed again (``Recorder.recurring``)."""


class CachedVerdict(NamedTuple):
    """The cached parts of a verdict."""

    since: datetime
    until: datetime
    repeats: tuple[Repeat, ...]
    judged: DecisionSummary
    allowing: tuple[bytes, bytes, bytes] | None
    """An answer to another proxy in three parts: before its date, between date and reference, and after it; None for
    mail."""

    def about(self, person: str) -> "CachedVerdict":
        """The same on a request of another person."""
        judged = DecisionSummary(*self.judged[:-1], person)
        return CachedVerdict(self.since, self.until, self.repeats, judged, self.allowing)


_NO_KEY = None, "", "", ""


class _Plan(NamedTuple):
    """Where the parts of a key are among the lines of a head."""

    agent: int | None
    """None if there is no user agent, or more than one."""
    read: tuple[int, ...]
    cookies: tuple[int, ...]
    has_login: bool


def _parts_of_key(row: Row) -> _Plan:
    agents = row.places.get(b"user-agent", ())
    return _Plan(
        agents[0] if len(agents) == 1 else None,
        tuple(place for place, key in enumerate(row.keys) if key not in IGNORED_FIELDS),
        row.places.get(b"cookie", ()),
        b"authorization" in row.places,
    )


class VerdictCache:
    """The cache of one gate."""

    def __init__(self, in_force: InForce, recurring: Recurring) -> None:
        self._in_force, self._recurring = in_force, recurring
        self._young: dict[Hashable, CachedVerdict] = {}
        self._old: dict[Hashable, CachedVerdict] = {}
        self._live: Live | None = None
        self._decision_key: DecisionKey
        self._reads: frozenset[DependsOn] = frozenset()
        self._reads_beside = False
        self._remember = timedelta(0)
        self._senders: dict[bytes, tuple[Hashable, str]] = {}
        """What is known of the user agents that came lately."""
        self._people: dict[bytes, tuple[object, str]] = {}
        """The same of people."""
        self._tokens: dict[Hashable, object] = {}
        """What stands in keys for traits and for what a person is told by."""
        self.hits = self.misses = 0

    def find(self, head: RequestHead, origin: Origin, now: datetime, port: int = 0) -> CachedVerdict | None:
        """The cached verdict on this request, which is then counted and recorded; None if there is none.

        ``head`` is the exchange's, or that of the request that another proxy asks about at ``port``.
        """
        self._drop_if_replaced()
        key, agent, person, languages = self._key(head, origin, now, port)
        known = None if key is None else self._valid_entry(key)
        if known is None or not known.since <= now < known.until:
            self.misses += 1
            return None
        self.hits += 1
        for repeat in known.repeats:
            repeat(agent, person, languages, now)
        return known if known.judged.person == person else known.about(person)

    def _valid_entry(self, key: Hashable) -> CachedVerdict | None:
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key)
            if known is not None:
                self._put(key, known)
        return known

    def keep(
        self,
        exchange: Exchange,
        head: RequestHead,
        incoming: Incoming,
        access: Access,
        decision: Decision,
        port: int = 0,
        allowing: AllowingAnswer | None = None,
    ) -> None:
        """Keep a verdict that is being carried out, if the rules at the head of this file allow it."""
        live = self._drop_if_replaced()
        key = self._key(head, incoming.origin, access.now, port)[0]
        if key is None or not _is_plain(incoming, access, decision):
            return
        if live.certificates is not None and exchange.secure:
            return  # the next handshake may bring a certificate, which the field lines do not show
        until = self._until(access, decision, allowing)
        if until > access.now:
            repeats, judged = self._recurring(access, decision), DecisionSummary.of(access, decision)
            parts = _parts(exchange, allowing) if allowing else None
            self._put(key, CachedVerdict(access.now, until, repeats, judged, parts))

    def until(self, access: Access, decision: Decision) -> datetime:
        """The first moment at which the same request may be decided or probed otherwise, even if nothing else
        changes."""
        live = self._drop_if_replaced()
        return min(self._decision_key.until(access, decision), live.browser_probe.until(access))

    def _drop_if_replaced(self) -> Live:
        """Drop all entries if anything that verdicts depend on was replaced."""
        live = self._in_force.live
        if live is not self._live:
            self._live, self._young, self._old = live, {}, {}
            self._decision_key, self._reads = DecisionKey(live.policy), dependencies_of(live.policy.reads)
            self._senders, self._people, self._tokens, self._remember = {}, {}, {}, live.remember
            self._reads_beside = not self._reads.isdisjoint(_READ_BESIDE_FIELDS)
        return live

    def _key(
        self, head: RequestHead, origin: Origin, now: datetime, port: int
    ) -> tuple[Hashable, str, str, str]:
        """The key of a request, None if it has to be judged in full; its user agent, the person whom a proxy names, and their
        languages."""
        fields = head.fields
        lines, (agent_at, read_at, cookies_at, has_login) = fields.lines, fields.row.plan(_parts_of_key)
        if agent_at is None or head.scheme or head.upgrade or head.method not in METHODS:
            return _NO_KEY
        path, agent = head.target.partition(b"?")[0], lines[agent_at][12:]
        place = place_of(path) if len(path) <= MAX_PATH else ""
        if not place or not agent or len(agent) > MAX_AGENT:
            return _NO_KEY
        # joined lines are unambiguous, since no line contains a line end
        read = b"\n".join([lines[at] for at in read_at])
        own = tuple([lines[at] for at in cookies_at if OWN in lines[at]])
        who: Hashable = None
        person = languages = ""
        if origin.user or has_login:
            login = (basic_user(fields) or "").encode() if has_login else b""
            if max(len(origin.user), len(login)) > LONGEST_NAME:
                return _NO_KEY
            if origin.user:
                languages = b", ".join(fields.values(b"accept-language")).decode("latin-1")
            named, person = self._person(origin.user)
            # an answer to another proxy has the name
            who = named, self._person(login)[0], person if port else ""
        size = len(read) + sum(map(len, own)) if own else len(read)
        sender, text = self._senders.get(agent) or self._sender(agent)
        probed: Hashable = None
        if own:
            probed = self._found_by_probe(own, text, fields, now)
            if probed is None:
                sender, probed = agent, own
            probed = origin.scheme, probed
        if sender is None or size > MAX_LINES:
            return _NO_KEY
        # lists are not joined, since a client could send a value that looks like the end of one list and the start of the next
        beside = self._read_by_rules(origin, path) if self._reads_beside else ()
        key = port, head.method, place, sender, read, who, origin.by_proxy, probed, beside
        return key, text, person, languages

    def _found_by_probe(
        self, cookies: tuple[bytes, ...], agent: str, fields: Fields, now: datetime
    ) -> Hashable:
        """What the probe found in a browser whose only cookie of the gate says that it is on a computer; otherwise None.

        The cookie lasts as long as another proxy may use an answer that was made for somebody else's."""
        told = probe_cookie(cookies[0][8:]) if len(cookies) == 1 else None
        if told is None:
            return None
        platform = b", ".join(fields.values(_PLATFORM)).decode("latin-1")
        name, value = told
        probe = self._in_force.live.browser_probe
        found = probe.computer(value.decode("latin-1"), agent, platform, now, self._remember)
        return None if found is None else (name, found)

    def _sender(self, agent: bytes) -> tuple[Hashable, str]:
        """What counts of a user agent in a key, None if it contradicts itself; and its text."""
        text = agent.decode("latin-1")
        if len(self._senders) >= SENDERS:
            self._senders.clear()
        traits = agent_traits(text)
        known = agent if DependsOn.AGENT in self._reads else traits and self._token(traits), text
        self._senders[agent] = known
        return known

    def _person(self, login: bytes) -> tuple[object, str]:
        """What stands for a person in a key, and their name."""
        known = self._people.get(login)
        if known is None:
            live = self._in_force.live
            user = live.groups.user(person_told(login, live.logins))
            known = self._token(self._decision_key.of_person(user)), user.name
            if len(self._people) >= PEOPLE:
                self._people.clear()
            self._people[login] = known
        return known

    def _token(self, value: Hashable) -> object:
        """What stands for a value in keys: it is found by its identity, which is quicker. Once forgotten, it never comes again."""
        if len(self._tokens) >= SIZE:
            self._tokens.clear()
        return self._tokens.setdefault(value, object())

    def _read_by_rules(self, origin: Origin, path: bytes) -> tuple[object, ...]:
        """The parts of the request line and of the origin that a rule reads."""
        beside = dict(
            zip(_READ_BESIDE_FIELDS, (origin.remote, origin.scheme, origin.host, path), strict=True)
        )
        return tuple(beside[part] for part in _READ_BESIDE_FIELDS if part in self._reads)

    def _put(self, key: Hashable, known: CachedVerdict) -> None:
        if len(self._young) >= SIZE:
            self._old, self._young = self._young, {}
        self._young[key] = known

    def _until(self, access: Access, decision: Decision, allowing: AllowingAnswer | None) -> datetime:
        """When the same request may be decided, recorded or answered differently. It may be ``now``."""
        day_ends = datetime.combine(access.now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        until = self.until(access, decision)
        if allowing is not None:
            if until - access.now < allowing.remember:
                return access.now
            until -= allowing.remember  # after this, an allowing answer would have to name a shorter time
        return min(until, day_ends)


_READ_BESIDE_FIELDS = (DependsOn.REMOTE, DependsOn.SCHEME, DependsOn.HOST, DependsOn.PATH)


@lru_cache(4096)
def place_of(path: bytes) -> str:
    """The part of a path that matters if it is no address of the gate: the recorded folder, and the protocol that it names.

    Empty if more of the target has to be read.
    """
    text = path.decode("ascii")
    special = RequestFacts(target=text).is_local or text.lower().startswith("/autodiscover/")
    spoken = protocol_in_path(text)
    if special or not text.startswith("/") or spoken in _ITS_OWN_WAY:
        return ""
    return f"{spoken or ''}{first_folder(text)}"


def _is_plain(incoming: Incoming, access: Access, decision: Decision) -> bool:
    """Whether the verdict depends only on the things in the list at the beginning of this file."""
    client = access.client
    return (
        decision.effect is Effect.ALLOW
        and decision.rule != DISCOVERY_RULE
        and not (incoming.attestations or incoming.proofs or incoming.certificate)
        and not (client.findings or client.eas_id)
        and client.protocol is not Spoken.ACTIVESYNC
        and access.posture == NO_POSTURE
        and not is_debugging()
    )


def _parts(exchange: Exchange, allowing: AllowingAnswer) -> tuple[bytes, bytes, bytes]:
    before, behind = head_around_date(exchange.head, allowing.answer, (), keep_alive=True)
    up_to, told, rest = behind.partition(b": %b\r\n" % allowing.reference.encode())
    assert told
    assert not allowing.answer.body
    return before, up_to + b": ", b"\r\n" + rest
