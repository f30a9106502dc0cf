"""Acts beside the rules that newly keep people out: on single devices, by hand, and by putting back what was out. The guard counts
them with changes of the rules. Beyond its limit another approver has to do the same."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from mailgate.devices.device import Device, Report
from mailgate.devices.posture import may_restrict, posture_of, restricts_owner
from mailgate.model import Access, Client, Kind, Posture
from mailgate.model.device import PostureTerms
from mailgate.model.phrase import joined, phrase, plural
from mailgate.policy import Policy
from mailgate.policy.rules import Rule
from mailgate.policy.variables import VARIABLES, cel_activation
from mailgate.rollout.guard import Guard, counted_meanwhile, read_window
from mailgate.rollout.kept_plans import readable_plans
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.replay import PAGE_LOAD
from mailgate.store import Act, Named, Revoked, Store
from mailgate.store.audit import audit_time, moment_of
from mailgate.store.hash_chain import AuditEntry, details_of
from mailgate.store.kept_out import NOBODY, Counted, CountedMeanwhileError, KeptOut, WindowTotals

LOSS_ASKED, REVOCATION_ASKED, IMPORT_ASKED = "device-loss-asked", "revocation-asked", "devices-by-hand-asked"
_TRIES = 5
"""How often an act is tried if others are counted in the same moment: a stolen phone waits for nobody."""

Done = TypeVar("Done")
Objections = Callable[[WindowTotals], Awaitable[list[str]]]
"""How an act goes beyond the limit together with what the window holds, in words; empty if it does not."""


async def do_counted(
    store: Store,
    guard: Guard | None,
    asked: Act,
    hit: Callable[[WindowTotals], Awaitable[KeptOut]],
    do: Callable[[Counted], Awaitable[Done]],
    *,
    by_hand: bool = False,
    beyond: Objections | None = None,
    since: datetime | None = None,
) -> Done:
    """Do an act that newly keeps people out, unless it needs another person: then ``asked`` is recorded and RefusedError
    raised. ``hit`` tells how many it may newly keep out, and ``do`` does it and writes these counts; it may raise
    CountedMeanwhileError. ``by_hand``: it is about single devices, of which the guard lets some pass in any case. ``beyond``
    has the objections, by default by the number alone. Earlier requests count from ``since``, by default from the beginning of
    the guard's window."""
    asked = replace(asked, at=await store.now(asked.at))
    for _ in range(_TRIES):
        window = await read_window(store, guard, asked.at)
        newly = await hit(window)
        if guard is not None:
            over = beyond(window) if beyond else _beyond(store, guard, newly, window, by_hand=by_hand)
            if against := await over:
                await _refuse_alone(store, guard, asked, newly, against, since)
        try:
            return await do(window.counted(newly, by_hand=by_hand))
        except CountedMeanwhileError:
            continue
    raise counted_meanwhile()


async def _beyond(
    store: Store, guard: Guard, newly: KeptOut, window: WindowTotals, *, by_hand: bool
) -> list[str]:
    """A part is taken of those whom the latest plan knows."""
    if guard.limit is None or newly == NOBODY:
        return []
    plan = await _latest_plan(store)
    passed = guard.limit.is_passed(newly + window.kept_out + window.forgotten, plan)
    if passed and by_hand:
        passed = guard.by_hand.is_passed(newly + window.by_hand, plan)
    return [phrase("more people would lose mail than the guard allows")] if passed else []


async def _latest_plan(store: Store) -> Plan | None:
    """None also if it cannot be read: a stolen phone does not wait until the store is mended."""
    return next((plan for _, plan in readable_plans(await store.plans.latest(1))), None)


async def _refuse_alone(
    store: Store, guard: Guard, asked: Act, newly: KeptOut, against: Sequence[str], since: datetime | None
) -> None:
    """Raises RefusedError, and notes who wants it, unless enough approvers have done the same beside the first who wanted it.
    Where nobody else may approve anything, one person does it alone."""
    begin = audit_time(max(asked.at - guard.window, since or asked.at - guard.window))
    earlier = await store.audit.about([asked.about], asked.what)
    wanted = [each.who for each in earlier if str(each.at) >= begin and _saw(each, newly)]
    people = [*dict.fromkeys([*wanted, asked.who])]
    # who of them wanted it first makes no difference
    missing = min(guard.missing_to_override(people, author) for author in people)
    if not missing:
        return
    if asked.who not in wanted:
        await store.audit.append(replace(asked, details={"would_keep_out": asdict(newly)}))
    why = plural(
        "%(why)s: %(count)s other approver has to do the same. Your request is recorded",
        "%(why)s: %(count)s other approvers have to do the same. Your request is recorded",
        missing,
        why=joined(against, "; "),
    )
    raise RefusedError(why, missing=missing)


def _saw(request: AuditEntry, newly: KeptOut) -> bool:
    """Whether who wanted an act was told that it keeps out at least this many: nobody wants more than they know."""
    match details_of(request).get("would_keep_out"):
        case {"people": int(people), "devices": int(devices)}:
            return people >= newly.people and devices >= newly.devices
    return False


async def mark_lost(
    store: Store, guard: Guard | None, device: Device, by: Person, now: datetime, *, lost: bool, why: str = ""
) -> datetime | None:
    """Mark a device as lost or as found. Returns since when it is lost; None if it is not. Raises RefusedError if it needs another person."""
    at, about = (device.lost_at or now) if lost else None, f"device {device.id}"
    if at == device.lost_at:
        return at
    act = replace(by.act(now, "device-lost" if lost else "device-found", why), about=about)
    if at is None:
        await store.devices.mark_lost(device.id, None, act)
        return None

    async def one(_window: WindowTotals) -> KeptOut:
        return KeptOut(1, 1)  # who owns it, known or not, and it

    async def mark(counted: Counted) -> bool:
        return await store.devices.mark_lost(device.id, at, act, counted)

    asked = replace(by.act(now, LOSS_ASKED, why), about=about)
    await do_counted(
        store, guard, asked, one, mark, by_hand=True, since=await _last(store, about, "device-found")
    )
    return at


async def _last(store: Store, about: str, what: str) -> datetime | None:
    """When this was last done: what was wanted before is over."""
    return _moment(await store.audit.last(about, what))


def _moment(entry: AuditEntry | None) -> datetime | None:
    """When an act was done; one whose time cannot be read is taken for later than every request, so that none is used twice."""
    return None if entry is None else moment_of(entry.at) or datetime.max.replace(tzinfo=UTC)


async def revoke(store: Store, guard: Guard | None, by: Person, now: datetime, named: Named) -> Revoked:
    """Revoke what is named so, at every gate within a second. Raises RefusedError if it needs another person. A token alone keeps out
    nobody who has enrolled, and neither does it that a machine or a person enrols no more."""

    async def keys(_window: WindowTotals) -> KeptOut:
        count = await store.shut.valid_keys(named)
        return KeptOut(count, count)

    async def shut_out(counted: Counted) -> Revoked:
        act = replace(by.act(now, "enrolment-revoked"), about=named.about)
        return await store.revoke(named, now, act, counted)

    asked = replace(by.act(now, REVOCATION_ASKED), about=named.about)
    since = await _last(store, named.about, "enrolment-revoked")
    return await do_counted(store, guard, asked, keys, shut_out, by_hand=True, since=since)


async def allow_enrolment(store: Store, by: Person, now: datetime, named: Named) -> bool:
    """Let a machine or a person enrol again. Returns False if neither was shut out. It keeps nobody out, so it does not count."""
    act = replace(by.act(now, "enrolment-allowed"), about=named.about)
    return await store.shut.allow(named.sort, named.name, act)


async def note_import(store: Store, guard: Guard | None, act: Act, sort: str, newly: KeptOut) -> None:
    """Note that a person imports devices or lets them go, before it is done, with how many that may newly keep out. Raises
    RefusedError if it needs another person, who has to do it with the same ``sort``: the content of a file."""

    async def counted(_window: WindowTotals) -> KeptOut:
        return newly

    if newly != NOBODY:
        act = replace(act, details={**act.details, "sort": sort})

    async def note(counts: Counted) -> None:
        await store.kept_out.note(act, counts)

    done = await store.audit.about([act.about], act.what)
    last = next((each for each in reversed(done) if details_of(each).get("sort") == sort), None)
    asked = replace(act, what=IMPORT_ASKED, about=f"{act.about} {sort}")
    await do_counted(store, guard, asked, counted, note, by_hand=True, since=_moment(last))


def _may_meet(rule: Rule, access: Access) -> bool:
    return rule.when.outcome(cel_activation(access, rule.when.reads & _OF_THE_DEVICE)) is not False


_ANY = Client(Kind.UNKNOWN, handheld=False)
"""Stands for any client: only what is known of the device is read."""
_OF_THE_DEVICE = frozenset(name for name in VARIABLES if name.startswith("device."))


class RestrictedDevices:
    """The devices of which records say something that may keep them out. Nothing is stored."""

    def __init__(self, store: Store, policy: Policy, terms: PostureTerms, now: datetime) -> None:
        self._store = store
        self._rules = [rule for rule in policy.rules if rule.keeps_out]
        self._now = now
        self._posture: Callable[[Device], Posture] = partial(
            posture_of, catalog=policy.catalog, terms=terms, now=now
        )
        self._owners: dict[str, str] = {}
        """The owner of each, by its id: empty if nobody knows."""

    async def take(self, records: Sequence[Report]) -> None:
        """Look at some records."""
        found = await self._store.devices.preview(records, self._now) if records else []
        for was, device in found:
            after = self._posture(device)
            before: list[Posture | None] = [self._posture(each) for each in was]
            restricts = any(
                may_restrict(each, after) or self._may_newly_meet(each or Posture(), after)
                for each in before or [None]
            )
            if restricts or (not was and await self._restricts_owner(after)):
                self._owners[device.id] = after.owner

    def _may_newly_meet(self, before: Posture, after: Posture) -> bool:
        """Whether the device may meet a rule that it cannot have met before: one may ask for an app, or keep out whom a further source reports."""
        was, now = (Access(PAGE_LOAD, _ANY, each, self._now) for each in (before, after))
        return any(not _may_meet(rule, was) and _may_meet(rule, now) for rule in self._rules)

    async def _restricts_owner(self, new: Posture) -> bool:
        others = await self._store.devices.owned(new.owner) if new.owner else []
        return bool(others) and restricts_owner([self._posture(each) for each in others], new)

    @property
    def count(self) -> KeptOut:
        """How many there are. Of devices whose owner is unknown each is another person's."""
        named = {owner for owner in self._owners.values() if owner}
        nameless = sum(not owner for owner in self._owners.values())
        return KeptOut(len(named) + nameless, len(self._owners))
