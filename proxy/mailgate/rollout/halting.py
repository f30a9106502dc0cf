"""Rules that halt by themselves: each gate counts the people that they keep out, and the first gate that sees a limit
passed halts the rule at every gate."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import structlog
from cachetools import LRUCache

from mailgate.classify import is_checked
from mailgate.model import Access, Decision, Effect
from mailgate.policy import Policy, Rule
from mailgate.policy.halting import HaltCounter, HaltSubject, countable_subject
from mailgate.policy.people import confusable_name, counted_name, has_one_reading, user_text
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, Store, StoreError
from mailgate.store.ledger import Repeat

log = structlog.get_logger()

GATE = "gate"
"""The author, in the audit log, of what a gate does by itself."""
_EVER = datetime.min.replace(tzinfo=UTC)

MAX_LOGINS = 50_000
"""How many of the latest accepted logins are remembered."""


class AcceptedLogins:
    """The logins that the webmail has accepted: whole credentials, as digests that nobody else can make, in memory alone. A
    refused request never reaches the webmail; it counts for its person if the same credentials were accepted before. A webmail
    that has refused no login yet may check none."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._checks = False
        self._known: LRUCache[bytes, None] = LRUCache(MAX_LOGINS)

    def person(self, mark: bytes, name: str) -> str:
        """The person of a login by its ``mark`` and its name; empty if it was not accepted, or if it may be read in more than one
        way: such logins could be made up without end."""
        known = self._checks and mark in self._known and has_one_reading(confusable_name(name))
        return user_text(name) if known else ""

    def answered(self, access: Access, status: int) -> None:
        """Note a request that the webmail has answered. Who asks for options need not have logged in."""
        mark = self.mark(access) if access.facts.method == "POST" else b""
        if mark and 200 <= status < 300:
            self._known[mark] = None
        self._checks = self._checks or bool(mark and status == 401)

    def mark(self, access: Access) -> bytes:
        """The digest of the credentials that the webmail is bound to check; empty without any."""
        sent = access.facts.headers.get("authorization", "")
        if not sent or not is_checked(access.facts, access.client):
            return b""
        return sha256(self._salt + sent.encode("utf-8", "surrogatepass")).digest()


def _subject(person: str, device: str) -> HaltSubject | None:
    person = counted_name(person)
    return HaltSubject(person, "" if person else device) if person or device else None


def _stopped_by(decision: Decision) -> str:
    return decision.rule if decision.effect in (Effect.BLOCK, Effect.CHALLENGE) else ""


class HaltMonitor:
    """Counts every decision (a ``DecisionListener``). Call ``halt_rules`` regularly, and ``help_requested`` after each request for help."""

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        origin: str,
        clock: Callable[[], datetime],
        salt: bytes,
    ) -> None:
        self._store = store
        self._policy = policy
        self._origin = origin
        self._clock = clock
        self._rules: tuple[Rule, ...] = ()
        self._tallies: dict[str, HaltCounter] = {}
        self.logins = AcceptedLogins(salt)

    def record(self, access: Access, decision: Decision, *_: object) -> None:
        self._follow()
        subject = self._counted(access) if self._tallies else None
        if subject:
            self._tally(subject, _stopped_by(decision), access.now)

    def recurring(self, access: Access, decision: Decision) -> Repeat | None:
        """What counts the same request again: an allowed one, which has no device, of this or of another person; a refused one of its
        own person or device, whose login is looked up each time. None if no rule may halt, or if it counts for nobody."""
        self._follow()
        if not self._tallies:
            return None
        if decision.effect is Effect.ALLOW:
            return self._allow_again if self._counted(access) else None
        person, device = countable_subject(access)
        known, stopped, login = _subject(person, device), _stopped_by(decision), access.user.name
        mark = b"" if person else self.logins.mark(access)

        def repeat(_agent: str, _person: str, _wanted: str, now: datetime, _reference: str = "") -> None:
            subject = _subject(self.logins.person(mark, login), device) if mark else known
            if subject:
                self._tally(subject, stopped, now)

        return repeat if known or mark else None

    def _allow_again(
        self, _agent: str, person: str, _wanted: str, now: datetime, _reference: str = ""
    ) -> None:
        if subject := _subject(person, ""):
            self._tally(subject, "", now)

    def _counted(self, access: Access) -> HaltSubject | None:
        person, device = countable_subject(access)
        return _subject(person or self.logins.person(self.logins.mark(access), access.user.name), device)

    def _tally(self, subject: HaltSubject, stopped: str, now: datetime) -> None:
        for rule, tally in self._tallies.items():
            tally.count(subject, stopped=rule == stopped, now=now)

    async def halt_rules(self) -> None:
        """Halt the rules that are past their limits. If the store cannot be reached, the next call tries again."""
        now = self._clock()
        out = {each.rule for each in self._policy().reliefs.for_everybody(now)}
        for rule, tally in self._tallies.items():
            if rule in out:
                # once the rule is resumed, its counts start at zero
                self._tallies[rule] = HaltCounter(tally.limits)
            elif why := tally.halt_reason(now):
                await self._halt(rule, why, now)

    async def help_requested(self, rule: str) -> None:
        """Halt a rule if the last request for help went past its limit."""
        limits = next((each.halt_when for each in self._policy().rules if each.id == rule), None)
        if limits is None or limits.help_requests is None:
            return
        try:
            now = await self._store.now(self._clock())
            since = max(now - limits.within, await self._store.reliefs.resumed_at(rule) or _EVER)
            why = limits.too_many_help_requests(await self._store.help_requests.people(rule, since))
        except StoreError:
            return
        if why:
            await self._halt(rule, why, now)

    async def _halt(self, rule: str, why: str, now: datetime) -> None:
        relief = Relief(0, Cause.HALT, rule, why, GATE, now)
        act = Act(now, GATE, "rule-halted", why=why, origin=self._origin)
        try:
            await self._store.reliefs.halt(relief, act)
        except StoreError as error:
            log.error("rule-not-halted", rule=rule, error=type(error).__name__)

    def _follow(self) -> None:
        """Count for the rules that are in force now. Rules with unchanged limits keep their counts."""
        rules = self._policy().rules
        if rules is self._rules:
            return
        self._rules = rules
        limits = {rule.id: rule.halt_when for rule in self._rules if rule.halt_when}
        kept = {name: tally for name, tally in self._tallies.items() if limits.get(name) == tally.limits}
        self._tallies = {name: kept.get(name) or HaltCounter(each) for name, each in limits.items()}
