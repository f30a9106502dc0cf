"""The one cache between a parsed request and its decision. A request is decided like an earlier one if nothing that decides
distinguishes the two.

Only a request that was judged in full (``gateway/evaluate/judge.py``) is kept, if it was allowed, or if it was refused by the
gate itself. Its verdict, its record and its answer may depend on nothing but

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

A refusal may depend on these as well:

- all of the user agent, the names of the person and of the login as they came, and whether the connection to the browser is https;
- at an address of ActiveSync the whole target, all cookies and all credentials, of which the key has a digest. What is known of
  the device that it names is looked up each time, in memory (``Postures.at_once``), and has to be what it was;
- the time, the reference, the target and the languages of the request at hand, from which its answer is made (``KnownRefusal``).

A request is judged in full each time if it offers a proof, a certificate or the token of a login, has a finding, is warned, names a device and is
allowed, names one that nobody checks, goes by all devices of its person, comes from a browser that asked for help, or is asked for a login. Requests that are answered from the cache are counted and recorded
like all others, each with its own user agent, person and languages.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from secrets import token_bytes

from mailgate.classify import agent_traits
from mailgate.classify.hints import PLATFORM
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.classify.protocol import protocol_in_path
from mailgate.gateway.answer import head_around_date
from mailgate.gateway.authz.authorizer import AllowingAnswer
from mailgate.gateway.directions import has_no_login
from mailgate.gateway.evaluate.facts import Incoming, basic_user, is_navigation, person_told
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.refuse import KnownRefusal
from mailgate.gateway.selfservice.help import asked_here
from mailgate.http.cookies import OWN, probe_cookie
from mailgate.http.exchange import Exchange
from mailgate.http.fields import Fields, Row
from mailgate.http.request import RequestHead
from mailgate.http.trusted_headers import Origin
from mailgate.logs import is_debugging
from mailgate.model import Access, Client, Decision, DecisionSummary, Effect, Posture, Reason, RequestFacts
from mailgate.model import Protocol as Spoken
from mailgate.policy.decision_key import DecisionKey
from mailgate.policy.rules import DISCOVERY_RULE
from mailgate.policy.variables import DependsOn, dependencies_of
from mailgate.store.client_facts import LONGEST_NAME, first_folder
from mailgate.store.ledger import Repeat

SIZE, REFUSALS = 8192, 2048
"""How many of the latest verdicts, and how many refusals, are always kept. At most twice as many are in memory."""
SENDERS = 4096
"""How many user agents are remembered."""
PEOPLE = 16_384
"""How many names of people are remembered."""
MAX_PATH, MAX_TARGET = 256, 512
MAX_AGENT = 512
MAX_LINES = 4096
"""The most bytes of field lines and cookies in a key. A request with more of them is judged in full."""

METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE PROPFIND REPORT".split())
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
"""What to call each time the same request comes again (``Recorder.recurring``)."""
AtOnce = Callable[[Client, datetime], Posture | None]
"""What is known of the device that a client names; None if the store has to be asked (``Postures.at_once``)."""


@dataclass(slots=True)
class CachedVerdict:
    """The cached parts of a verdict."""

    since: datetime
    until: datetime
    repeats: tuple[Repeat, ...]
    judged: DecisionSummary
    allowing: tuple[bytes, bytes, bytes] | None
    """An answer to another proxy in three parts: before its date, between date and reference, and after it; None for
    mail."""
    refusal: KnownRefusal | None = None
    """None if the request is allowed."""

    def about(self, person: str) -> "CachedVerdict":
        """The same on a request of another person."""
        judged = DecisionSummary(*self.judged[:-1], person)
        return CachedVerdict(self.since, self.until, self.repeats, judged, self.allowing)


class _Latest:
    """The latest verdicts by their keys: ``size`` are always kept, and at most twice as many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.young: dict[Hashable, CachedVerdict] = {}
        self._old: dict[Hashable, CachedVerdict] = {}

    def get(self, key: Hashable) -> CachedVerdict | None:
        known = self.young.get(key)
        if known is None:
            known = self._old.get(key)
            if known is not None:
                self.put(key, known)
        return known

    def put(self, key: Hashable, known: CachedVerdict) -> None:
        if len(self.young) >= self._size:
            self._old, self.young = self.young, {}
        self.young[key] = known

    def clear(self) -> None:
        self.young, self._old = {}, {}


_Key = tuple[Hashable, str, str, str, str | None]
"""The key of a request, None if it has to be judged in full; its user agent, the person whom a proxy names, their languages, and the
login name in its credentials."""
_NO_KEY: _Key = None, "", "", "", None


@dataclass(frozen=True, slots=True)
class _Plan:
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
        tuple(place for place, key in enumerate(row.names) if key not in IGNORED_FIELDS),
        row.places.get(b"cookie", ()),
        b"authorization" in row.places,
    )


class VerdictCache:
    """The cache of one gate."""

    def __init__(self, in_force: InForce, recurring: Recurring, at_once: AtOnce) -> None:
        self._in_force, self._recurring, self._at_once = in_force, recurring, at_once
        self._allowed, self._refused = _Latest(SIZE), _Latest(REFUSALS)
        self._came: set[int] = set()
        """Marks of the refusals that came lately. They are kept from the second time on."""
        self._salt = token_bytes(16)
        self._live: Live | None = None
        self._decision_key: DecisionKey
        self._reads: frozenset[DependsOn] = frozenset()
        self._reads_beside = False
        self._remember = timedelta(0)
        self._senders: dict[bytes, tuple[Hashable, str]] = {}
        """What is known of the user agents that came lately."""
        self._people: dict[bytes, tuple[object, str]] = {}
        """The same of people."""
        self._probed: dict[Hashable, tuple[ProbeFinding, datetime, datetime]] = {}
        """The same of the probe's cookies: what was found, and from when until when each is valid."""
        self._tokens: dict[Hashable, object] = {}
        """What stands in keys for traits and for what a person is told by."""
        self.hits = self.misses = 0

    def find(self, head: RequestHead, origin: Origin, now: datetime, port: int = 0) -> CachedVerdict | None:
        """The cached verdict on this request; None if there is none. If it is allowed, it is then counted and recorded.

        ``head`` is the exchange's, or that of the request that another proxy asks about at ``port``.
        """
        if self._in_force.live is not self._live:
            self._drop_if_replaced()
        key, agent, person, languages, login = self._key(head, origin, now, port)
        known = None if key is None else self._allowed.young.get(key) or self._allowed.get(key)
        if known is not None and known.since <= now < known.until:
            for repeat in known.repeats:
                repeat(agent, person, languages, now, "")
            if known.judged.person != person:
                known = known.about(person)
        elif key is not None:
            known = self._refusal((key, agent, origin.scheme, origin.user, login), now)
        if known is None:
            self.misses += 1
        else:
            self.hits += 1
        return known

    def _came_before(self, key: Hashable) -> bool:
        """Whether a request with this key was refused lately. Most who come once, as in a flood, never come again."""
        mark = hash(key)
        if mark in self._came:
            return True
        if len(self._came) >= 4 * REFUSALS:
            self._came.clear()
        self._came.add(mark)
        return False

    def _refusal(self, key: Hashable, now: datetime) -> CachedVerdict | None:
        """The refusal with this key, if it holds now, and nothing else is known of the device that it names than then."""
        known = self._refused.get(key)
        if known is None or known.refusal is None or not known.since <= now < known.until:
            return None
        client, posture = known.refusal.client, known.refusal.posture
        return known if not client.eas_id or self._at_once(client, now) == posture else None

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
        live, refused = self._drop_if_replaced(), decision.effect is not Effect.ALLOW
        if not _is_plain(incoming, access, decision):
            return
        key, agent, _, _, login = self._key(head, incoming.origin, access.now, port)
        # the record and the answer of a refusal are those of one person, who is named by a proxy or in credentials
        refusal_key = key, agent, incoming.origin.scheme, incoming.origin.user, login
        if key is None or (refused and not self._came_before(refusal_key)):
            return
        if live.certificates is not None and exchange.secure:
            return  # the next handshake may bring a certificate, which the field lines do not show
        until = self._until(access, decision, allowing)
        if until > access.now:
            repeats, judged = self._recurring(access, decision), DecisionSummary.of(access, decision)
            parts = _parts(exchange, allowing) if allowing else None
            refusal = KnownRefusal(access, decision, repeats) if refused else None
            verdict = CachedVerdict(access.now, until, repeats, judged, parts, refusal)
            if refused:
                self._refused.put(refusal_key, verdict)
            else:
                self._allowed.put(key, verdict)

    def until(self, access: Access, decision: Decision) -> datetime:
        """The first moment at which the same request may be decided or probed otherwise, even if nothing else
        changes."""
        live = self._drop_if_replaced()
        return min(self._decision_key.until(access, decision), live.browser_probe.until(access))

    def _drop_if_replaced(self) -> Live:
        """Drop all entries if anything that verdicts depend on was replaced."""
        live = self._in_force.live
        if live is not self._live:
            self._live = live
            self._allowed.clear()
            self._refused.clear()
            self._came.clear()
            self._decision_key, self._reads = DecisionKey(live.policy), dependencies_of(live.policy.reads)
            self._senders, self._people, self._probed, self._tokens = {}, {}, {}, {}
            self._remember = live.remember
            self._reads_beside = not self._reads.isdisjoint(_READ_BESIDE_FIELDS)
        return live

    def _key(self, head: RequestHead, origin: Origin, now: datetime, port: int) -> _Key:
        fields = head.fields
        lines, plan = fields.lines, fields.row[_parts_of_key]
        if plan.agent is None or head.scheme or head.upgrade or head.method not in METHODS:
            return _NO_KEY
        path, agent = head.target.partition(b"?")[0], lines[plan.agent][12:]
        place: Hashable = place_of(path) if len(path) <= MAX_PATH else ""
        if not place or not agent or len(agent) > MAX_AGENT:
            return _NO_KEY
        if place == DEVICES:
            if len(head.target) > MAX_TARGET:
                return _NO_KEY
            place = head.target, self._secrets(fields)
        # joined lines are unambiguous, since no line contains a line end
        read = b"\n".join([lines[at] for at in plan.read])
        own = [lines[at] for at in plan.cookies if OWN in lines[at]]
        who: Hashable = None
        person = languages = ""
        told = basic_user(fields) if plan.has_login else None
        if origin.user or plan.has_login:
            login = told.encode() if told else b""
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
                sender, probed = agent, tuple(own)
            probed = origin.scheme, probed
        if sender is None or size > MAX_LINES:
            return _NO_KEY
        # lists are not joined, since a client could send a value that looks like the end of one list and the start of the next
        beside = self._read_by_rules(origin, path) if self._reads_beside else ()
        key = port, head.method, place, sender, read, who, origin.by_proxy, probed, beside
        return key, text, person, languages, told

    def _secrets(self, fields: Fields) -> bytes:
        """A digest of the cookies and the credentials, which nobody else can make."""
        lines = [*fields.values(b"cookie"), b"", *fields.values(b"authorization")]
        return blake2b(b"\n".join(lines), key=self._salt, digest_size=16).digest()

    def _found_by_probe(
        self, cookies: Sequence[bytes], agent: str, fields: Fields, now: datetime
    ) -> Hashable:
        """What the probe found in a browser whose only cookie of the gate says that it is on a computer; otherwise None.

        The cookie lasts as long as another proxy may use an answer that was made for somebody else's."""
        told = probe_cookie(cookies[0][8:]) if len(cookies) == 1 else None
        if told is None:
            return None
        hints = fields.values(_PLATFORM)
        key = told[1], agent, *hints
        known = self._probed.get(key)
        if known is None:
            platform = b", ".join(hints).decode("latin-1")
            known = self._in_force.live.browser_probe.computer(told[1].decode("latin-1"), agent, platform)
            if known is None:
                return None
            if len(self._probed) >= PEOPLE:
                self._probed.clear()
            if len(platform) <= MAX_AGENT:
                self._probed[key] = known
        found, since, until = known
        return (told[0], found) if since <= now and now + self._remember < until else None

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

DEVICES = "devices"
"""The place of an address at which clients name their devices. No folder is called that: each begins with a slash."""


@lru_cache(4096)
def place_of(path: bytes) -> str:
    """The part of a path that matters if it is no address of the gate: the recorded folder, and the protocol that it names.

    ``DEVICES`` if it names ActiveSync, and empty if it is none of these.
    """
    text = path.decode("ascii")
    special = RequestFacts(target=text).is_local or text.lower().startswith("/autodiscover/")
    if special or not text.startswith("/"):
        return ""
    spoken = protocol_in_path(text)
    if spoken is Spoken.ACTIVESYNC:
        return DEVICES
    return "" if spoken is Spoken.MAPI else f"{spoken or ''}{first_folder(text)}"


def _is_plain(incoming: Incoming, access: Access, decision: Decision) -> bool:
    """Whether the verdict depends only on the things in the list at the beginning of this file."""
    client = access.client
    return (
        decision.effect is not Effect.WARN
        and decision.rule != DISCOVERY_RULE
        and not (incoming.attestations or incoming.proofs or incoming.certificate or incoming.login_token)
        and not client.findings
        and not is_debugging()
        and (
            _names_no_device(access)
            if decision.effect is Effect.ALLOW
            else _is_refused_alike(incoming, access, decision)
        )
    )


def _names_no_device(access: Access) -> bool:
    client = access.client
    return (
        not client.eas_id
        and client.protocol is not Spoken.ACTIVESYNC
        and access.posture == NO_POSTURE
        and not _is_for_devices(access)
    )


def _is_for_devices(access: Access) -> bool:
    return place_of(access.facts.path.encode("ascii")) == DEVICES


def _is_refused_alike(incoming: Incoming, access: Access, decision: Decision) -> bool:
    """Whether each request with the same key is refused by the gate itself, and nothing else of it counts."""
    if decision.reason is Reason.INTERNAL_ERROR or any(each.client.eas_id for each in access.claims):
        return False
    if asked_here(access, decision.rule) or (decision.let_in and is_navigation(access.facts)):
        return False  # the page shows what the help desk has answered, and whether the person may let themselves in
    if access.client.protocol is Spoken.ACTIVESYNC:
        return _is_for_devices(access) and not has_no_login(access, incoming)
    return access.client.protocol is Spoken.WEB and _names_no_device(access)


def _parts(exchange: Exchange, allowing: AllowingAnswer) -> tuple[bytes, bytes, bytes]:
    before, behind = head_around_date(exchange.head, allowing.answer, (), keep_alive=True)
    up_to, told, rest = behind.partition(b": %b\r\n" % allowing.reference.encode())
    assert told
    assert not allowing.answer.body
    return before, up_to + b": ", b"\r\n" + rest
