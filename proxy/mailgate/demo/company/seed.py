"""Writes the whole company into a new store, in the order of its history."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from random import Random

from mailgate.config import Bundle, Rules
from mailgate.demo.company import mails
from mailgate.demo.company.devices import (
    FLEET,
    INTUNE,
    JAMF,
    CompanyDevice,
    DeviceProblem,
    Employee,
    devices,
    first_records,
    last_records,
    members,
    own_id,
    thumbprint,
)
from mailgate.demo.company.history import OPERATOR, ORIGIN, planned, put_versions_in_force
from mailgate.demo.company.requests import Charts, History, answers_to
from mailgate.devices.device import Device
from mailgate.devices.trust import ENROLLED
from mailgate.errors import MailgateError, Trouble
from mailgate.model import Effect, SourceState
from mailgate.policy.people import Groups
from mailgate.rollout.person import Person
from mailgate.rollout.plan import DAYS
from mailgate.rollout.planning import plan_and_keep
from mailgate.store import EnrolledKey, EnrolmentToken, Store, StoreError
from mailgate.store.enrolments import TOKEN_BYTES, name_of

PLANNED = "planned"
LAST = "a plan"
"""The name of the last step in the progress."""
_AT_ONCE = 5000
"""How many sightings or devices are written or read at once."""

Progress = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is."""


async def seed(
    store: Store, bundle: Bundle, staff: list[Employee], random: Random, now: datetime, progress: Progress
) -> str:
    """Fill a new store with a company of these people; the same ``random`` and ``now`` make the same company. Returns the beginning of the
    digest of the plan that waits.

    The rules in force at the end are those of ``bundle``. Raises ConfigError if the rules lack apps or lists that the
    company's history names, StoreError.
    """
    found, groups = devices(random, staff, now), Groups.of_members(members(staff))
    bundle = replace(bundle, rules=bundle.rules.with_groups(groups))
    candidate = planned(bundle.rules)
    eras = await put_versions_in_force(store, bundle.rules, now)
    await _take(store, found, now, progress)
    stored = await _stored(store, found)
    for owned in found:
        if owned.problem is DeviceProblem.LOST and owned.number in stored:
            await store.devices.mark_lost(stored[owned.number].id, owned.changed)
    await note_sources(store, random, found, now)
    eras += await mails.exempt_some(store, bundle.rules, found, now)
    eras += await mails.turn_one_off(store, bundle.rules, now)
    past = History(groups, eras, bundle.posture_terms, stored)
    charts = Charts(now)
    reached = await _ask(store, random, found, past, now, charts, progress)
    await charts.keep(store, found)
    await mails.write_to_them(store, random, reached, now)
    await mails.ask_for_help(store, random, reached, eras[-1])
    return await _plan(store, bundle, candidate, now, progress)


async def refuse_used(store: Store) -> None:
    """Raise MailgateError if the store is in use: made-up data is never put among real data."""
    held = await store.devices.count()
    if held or await store.policies.serial():
        raise MailgateError(
            f"the store is in use ({held:,} devices): a made-up company goes into a new one only. "
            "Start without --people to look at what is there, or give another --directory or --store"
        )


async def _take(store: Store, found: Sequence[CompanyDevice], now: datetime, progress: Progress) -> None:
    """Store the first and the last reports on every device."""
    first = [(each.joined, record) for each in found for record in first_records(each)]
    last = [
        (max(each.looked, each.changed or each.looked), record)
        for each in found
        for record in last_records(each)
    ]
    by_day = [
        (at, [record for _, record in same])
        for told in (first, last)
        for at, same in groupby(sorted(told, key=itemgetter(0)), key=lambda pair: _end_of_day(pair[0], now))
    ]
    done, whole = 0, len(first) + len(last)
    for at, records in by_day:
        await store.devices.ingest(records, at)
        done += len(records)
        progress("devices", done, whole)


def _end_of_day(at: datetime, now: datetime) -> datetime:
    """The time by which all reports of a day have come, since connectors bring them in batches."""
    return min(at.replace(hour=23, minute=59, second=0, microsecond=0), now)


async def _stored(store: Store, found: Iterable[CompanyDevice]) -> dict[int, Device]:
    """The devices in the store by the number of the owned ones."""
    numbers = {(each.source, own_id(each, each.source)): each.number for each in found if each.source}
    stored: dict[int, Device] = {}
    behind = ""
    while page := await store.devices.summaries(behind, _AT_ONCE):
        behind = page[-1].id
        for device in page:
            stored |= {numbers[report.key]: device for report in device.reports if report.key in numbers}
    return stored


async def _ask(
    store: Store,
    random: Random,
    found: Sequence[CompanyDevice],
    past: History,
    now: datetime,
    charts: Charts,
    progress: Progress,
) -> list[mails.AffectedPerson]:
    """Decide and record everybody's requests. Returns the people who were refused or warned."""
    waiting = 0
    reached: list[mails.AffectedPerson] = []
    for number, owned in enumerate(found, 1):
        for each in answers_to(random, owned, past, now):
            store.ledger.put(each.sighting, each.tally)
            charts.add(owned, each)
            waiting += 1
            if each.decision.effect is not Effect.ALLOW:
                reached.append(mails.affected_by(each, past.eras))
        if waiting > _AT_ONCE or number == len(found):
            await store.ledger.flush()
            waiting = 0
            progress("requests", number, len(found))
    if store.ledger.counts.spooled or store.ledger.counts.dropped:
        raise StoreError("the store did not take all that was asked for")
    return reached


async def _plan(store: Store, bundle: Bundle, candidate: Rules, now: datetime, progress: Progress) -> str:
    """Keep a plan that waits to be put in force. Returns the beginning of its digest."""
    active = await store.policies.active()
    assert active is not None  # the history has put one in force
    who = Person(OPERATOR, ORIGIN)
    made = await plan_and_keep(
        store, bundle.settings, active, candidate, DAYS, 1, who, now,
        lambda done, of: progress(LAST, done, of),
    )  # fmt: skip
    return made.digest[:12]


_LETS = (
    ("Laptops of the first office", 4000, 30),
    ("Laptops of the other offices", 6000, 30),
    ("New colleagues this month", 40, 12),
    ("The loan pool", 0, 3),
)
"""Tokens: their purpose, the uses that are left, and the days for which they are valid."""


async def note_sources(store: Store, random: Random, found: Sequence[CompanyDevice], now: datetime) -> None:
    """Store the state of the connectors and of enrolment."""
    for state in connector_states(found, now):
        await store.connectors.note(state)
    made = now - timedelta(days=61)
    names = []
    for note, left, days in _LETS:
        digest = random.randbytes(TOKEN_BYTES)  # the digest of a token that nobody has
        names.append(name_of(digest))
        token = EnrolmentToken(names[-1], "", note, left, made, now + timedelta(days=days))
        await store.enrolments.add(digest, token)
    await store.enrolments.take([_key(each, names) for each in found if each.source == ENROLLED])


def connector_states(found: Sequence[CompanyDevice], now: datetime) -> Iterator[SourceState]:
    """Two connectors that work, and one that was asked to wait for hours."""
    counts = Counter(each.source for each in found if each.problem is not DeviceProblem.GONE)
    gone = Counter(each.source for each in found if each.problem is DeviceProblem.GONE)
    for name, minutes in ((FLEET, 21), (INTUNE, 8), (JAMF, 3)):
        ended, troubled = now - timedelta(minutes=minutes), name == JAMF
        success = now - timedelta(hours=3) if troubled else ended
        yield SourceState(
            name,
            last_attempt=ended,
            last_success=success,
            last_full=success,
            failing_since=success + timedelta(minutes=15) if troubled else None,
            trouble=Trouble.THROTTLED if troubled else "",
            status=429 if troubled else 0,
            trouble_since=success + timedelta(minutes=15) if troubled else None,
            devices=counts[name],
            taken=0 if troubled else counts[name],
            gone=gone[name],
        )


def _key(owned: CompanyDevice, names: Sequence[str]) -> EnrolledKey:
    """An enrolled key. The key of a lost laptop is revoked from the time of the loss."""
    lost = owned.changed if owned.problem is DeviceProblem.LOST else None
    name = own_id(owned, ENROLLED)
    token = names[owned.number % 2]
    return EnrolledKey(
        thumbprint(owned), name, owned.person.login, token, owned.joined, owned.looked, revoked_at=lost,
        machine=f"LT-{owned.number:05d}", said=_said(owned),
    )  # fmt: skip


def _said(owned: CompanyDevice) -> str:
    """What its browser last said of itself. Some have not got the newest version yet, and few were installed by hand."""
    late, by_hand = owned.number % 7 == 0, owned.number % 11 == 0
    told = {"os": owned.make.os, "os_version": owned.version, "managed": not by_hand}
    told |= {"browser": {"name": "Google Chrome", "version": f"{141 if late else 142}.0.7444.60"}}
    told |= {"install_type": "normal" if by_hand else "admin"}
    return json.dumps(told | {"extension_version": "0.0.9" if late else "0.1.0"})
