"""Reliefs: takes rules out for a time and puts them back, in the name of a person, and says which are out at one gate."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from mailgate.config import Settings
from mailgate.model.phrase import Phrase, did_you_mean, phrase, time_of
from mailgate.policy import Policy
from mailgate.policy.people import user_text
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.rollout.counted_acts import do_counted
from mailgate.rollout.guard import Guard, beyond_window, guard_of, newly_kept_out, read_window
from mailgate.rollout.person import Person, RefusedError, UnknownError
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import plan_of_resuming
from mailgate.store import Store, StoreError
from mailgate.store.audit import audit_time
from mailgate.store.hash_chain import details_of
from mailgate.store.kept_out import NOBODY, KeptOut, WindowTotals
from mailgate.store.reliefs import StoredReliefs

EVERY_RULE = "all"
"""Stands for every rule that restricts."""

LONGEST = timedelta(days=366)
"""The longest time of an exemption."""


async def exempt(
    store: Store,
    policy: Policy,
    by: Person,
    why: str,
    now: datetime,
    *,
    rule: str,
    until: datetime,
    person: str = "",
    device: str = "",
) -> Relief:
    """Exempt one person or device from a rule. Raises RefusedError, also if the same exemption is in force already."""
    now = await store.now(now)
    if rule != EVERY_RULE:
        check_restricts(policy, rule)
    if until > now + LONGEST:
        raise RefusedError(phrase("choose an end within %(days)s days", days=LONGEST.days))
    relief = _relief(Cause.EXEMPTION, "" if rule == EVERY_RULE else rule, by, why, now, until)
    named = replace(relief, person=user_text(person.strip()), device=device)
    given, new = await store.reliefs.exempt(named, by.act(now, "exemption-given", why))
    if not new:
        raise RefusedError(_exempt_already(given))
    return given


def _exempt_already(given: Relief) -> str:
    """The reason why nobody is exempted twice, with who gave the first exemption, until when and why. If there were
    two, ending the first would have no effect."""
    whom = given.person or phrase("the device %(id)s", id=given.device)
    rule = phrase("the rule %(rule)s", rule=given.rule) if given.rule else phrase("every rule")
    until = phrase(" until %(at)s", at=time_of(given.until)) if given.until else ""
    return phrase(
        "%(whom)s is already let in from %(rule)s%(until)s, by %(author)s (%(why)s). End that exemption first",
        whom=whom,
        rule=rule,
        until=until,
        author=given.author,
        why=given.why,
    )


END_ASKED, RESUME_ASKED = "exemption-end-asked", "rule-resume-asked"
WORKERS = 2
_counted_now: set[str] = set()
"""The rule that this process counts for now, if there is one."""


async def end_exemption(
    store: Store, by: Person, why: str, now: datetime, number: int, guard: Guard | None = None
) -> Relief:
    """End an exemption before its time. Who loses it may newly be kept out, and counts within the guard's window, unless it is
    not older than that: its end puts back what was. Raises RefusedError, also if that needs another person."""
    now = await store.now(now)
    held = (await store.reliefs.current(now)).exemptions(now)
    given = next((each for each in held if each.number == number), None)
    ended: list[Relief] = []
    if given is not None:
        asked = replace(by.act(now, END_ASKED, why), about=f"exemption-end {number}")
        hit, act = partial(_newly_kept_out, store, given), by.act(now, "exemption-ended", why)
        ended = await do_counted(store, guard, asked, hit, partial(store.reliefs.end, [number], act))
    if not ended:
        words = phrase("there is no exemption %(number)s now", number=str(number))
        raise UnknownError(words, "; `mailgate exempt list` shows those that are")
    return ended[0]


async def _newly_kept_out(store: Store, given: Relief, window: WindowTotals) -> KeptOut:
    """Who may newly be kept out without this exemption: a person with their devices, or a device with its owner."""
    if window.since is None or given.at > window.since:
        return NOBODY
    return KeptOut(1, max(1, len(await store.devices.owned(given.person))) if given.person else 1)


async def break_glass(
    store: Store, policy: Policy, by: Person, why: str, now: datetime, *, rule: str, until: datetime
) -> Relief:
    """Turn a rule off for everybody, at once. No guard applies to this. Returns the relief by which it is off: that of before, if
    that ends later. Raises RefusedError."""
    check_restricts(policy, rule)
    now = await store.now(now)
    relief = _relief(Cause.BREAK_GLASS, rule, by, why, now, until)
    given = await store.reliefs.grant(relief, by.act(now, "rule-turned-off", why))
    return (await store.reliefs.current(now)).off(now).get(rule, given)


def off_until(relief: Relief) -> Phrase:
    """Until when a rule is off by this relief."""
    return time_of(relief.until) if relief.until else phrase("somebody turns it on")


async def resume(
    store: Store, by: Person, why: str, now: datetime, rule: str, settings: Settings | None = None
) -> list[Relief]:
    """Put a rule back in force that halted or was turned off. Whom it keeps out counts as new if it was out when the guard's
    window began; otherwise it puts back what was. Raises RefusedError, also if that needs another person."""
    now = await store.now(now)
    off = [each for each in (await store.reliefs.current(now)).for_everybody(now) if each.rule == rule]
    if not off:
        raise RefusedError(phrase("the rule `%(rule)s` is not off", rule=rule))
    guard, plan = guard_of(settings) if settings else None, None
    begin = (await read_window(store, guard, now)).since
    if settings and begin and await store.reliefs.was_off(rule, begin):
        plan = await _plan_of_resuming(store, settings, rule, now)

    async def hit(_window: WindowTotals) -> KeptOut:
        return newly_kept_out(plan) if plan else NOBODY

    async def beyond(window: WindowTotals) -> list[str]:
        return beyond_window(plan, guard, window) if plan and guard else []

    asked = replace(by.act(now, RESUME_ASKED, why), about=f"rule {rule}")
    act, numbers = by.act(now, "rule-resumed", why), [each.number for each in off]
    do = partial(store.reliefs.end, numbers, act)
    since = max(each.at for each in off)
    return await do_counted(store, guard, asked, hit, do, beyond=beyond, since=since)


async def requested_resume(store: Store, rule: str, now: datetime) -> tuple[str, KeptOut] | None:
    """Who wanted this rule back, but needs another person for it, and how many it would newly keep out; None if nobody."""
    off = [each for each in (await store.reliefs.current(now)).for_everybody(now) if each.rule == rule]
    request = await store.audit.last(f"rule {rule}", RESUME_ASKED)
    if request is None or not off or request.at < audit_time(max(each.at for each in off)):
        return None
    told = details_of(request).get("would_keep_out", {})
    return request.who, KeptOut(int(told.get("people", 0)), int(told.get("devices", 0)))


async def _plan_of_resuming(store: Store, settings: Settings, rule: str, now: datetime) -> Plan | None:
    """Whom the rule keeps out; None if nothing is in force. One at a time, since that takes processor time away from requests."""
    active = await store.policies.active()
    if _counted_now:
        raise RefusedError(phrase("we are counting whom the rule refuses. Try again in a moment"))
    _counted_now.add(rule)
    try:
        return await plan_of_resuming(store, settings, active, rule, WORKERS, now) if active else None
    finally:
        _counted_now.discard(rule)


def check_restricts(policy: Policy, name: str) -> None:
    """Raises RefusedError if no rule of this name restricts anybody."""
    ids = [rule.id for rule in policy.rules]
    rule = next((each for each in policy.rules if each.id == name), None)
    if rule is None:
        raise RefusedError(
            phrase("no rule is called `%(name)s`; %(expected)s", name=name, expected=did_you_mean(name, ids))
        )
    if not rule.restricts:
        raise RefusedError(
            phrase("the rule `%(name)s` gives mail: nobody needs an exemption from it", name=name)
        )


def _relief(cause: Cause, rule: str, by: Person, why: str, now: datetime, until: datetime) -> Relief:
    if not why.strip():
        raise RefusedError(phrase("say why. The audit log keeps it"))
    if until <= now:
        raise RefusedError(phrase("choose an end in the future"))
    return Relief(0, cause, rule, why, by.name, now, until)


log = structlog.get_logger()


class ReliefWatch:
    """Call ``start`` first, then ``refresh`` regularly. While the store cannot be reached, known reliefs hold until they end."""

    def __init__(self, stored: StoredReliefs, clock: Callable[[], datetime]) -> None:
        self._stored = stored
        self._clock = clock
        self.current: Reliefs = NO_RELIEFS

    async def start(self) -> None:
        """Read the reliefs for the first time. Raises StoreError."""
        self._take(await self._stored.current(self._clock()))

    async def refresh(self) -> bool:
        """Whether anything has changed since the last look. Does not raise if the store cannot be reached."""
        try:
            if await self._stored.serial() == self.current.serial:
                return False
            self._take(await self._stored.current(self._clock()))
        except StoreError:
            return False
        return True

    def off(self) -> tuple[Relief, ...]:
        """The halts and break-glass that hold now."""
        return self.current.for_everybody(self._clock())

    def exemptions(self) -> tuple[Relief, ...]:
        return self.current.exemptions(self._clock())

    def _take(self, found: Reliefs) -> None:
        now = self._clock()
        before, after = self.off(), found.for_everybody(now)
        for each in after:
            if each not in before:
                until = each.until.isoformat() if each.until else None
                log.error("rule-off", rule=each.rule, cause=each.cause, until=until, why=each.why)
        for each in before:
            if each not in after:
                log.warning("rule-on-again", rule=each.rule, cause=each.cause)
        self.current = found
