"""Starts the notices of rules that say so (``notice.send: on_dates``), when they come in force and when their stages begin.

What an approver approved is the rule with this word in it, its dates and its mail. A notice starts once, by the gate that has the lease
of the mails, in the transaction that notes it. It starts late as long as it is true, and otherwise is held back and shown to a person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from mailgate.config import Rules
from mailgate.errors import ConfigError
from mailgate.mail.recipient_list import AddressOf, DataScope, Recipients, list_recipients, rules_of_version
from mailgate.mail.topic import topic_of
from mailgate.model import Stage
from mailgate.model.notice import MailKind
from mailgate.policy import Policy
from mailgate.policy.rules import Rule
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import Act, Activation, Mail, Store
from mailgate.store.mail import StartedNotice
from mailgate.store.policies import ACTIVATED

LATEST = timedelta(hours=24)
"""How long after the last stage has begun its notice may still start by itself."""
LATE, OFF, AGAINST, UNTRUE = "late", "off", "against-the-guard", "untrue"
"""Why a notice is held back: it could not start in time; the rule was off all that time; its version was started against objections;
it says what is not so."""
_KINDS = {Stage.WARN: MailKind.WARNED, Stage.ENFORCE: MailKind.ENFORCED}


@dataclass(frozen=True, slots=True)
class DatedNotice:
    """A notice that starts by itself."""

    rule: Rule
    kind: MailKind
    at: datetime
    """When it starts."""
    until: datetime
    """From when on it no longer starts by itself."""
    on_start: bool
    """Whether it starts because the rule comes in force, and not on a date of its own."""

    digest: str
    """The digest of what the rule says and of the lists that it may read."""


def dated_notices(policy: Policy, since: datetime) -> Iterator[DatedNotice]:
    """The notices of a version in force since then, in the order of the policy and of their dates."""
    for rule in policy.rules:
        if rule.restricts and rule.notice.send:
            yield from _of(rule, digest_in(policy, rule), since)


def digest_in(policy: Policy, rule: Rule) -> str:
    lists = sorted((name, sorted(apps)) for name, apps in policy.catalog.lists.items())
    return sha256(f"{rule.model_dump_json()} {lists}".encode()).hexdigest()


def _of(rule: Rule, digest: str, since: datetime) -> Iterator[DatedNotice]:
    starts = rule.stages.starts() if rule.stages else []
    coming = [(start, _KINDS[stage]) for stage, start in starts if stage in _KINDS and start > since]
    begun = next((start for _, start in reversed(starts) if start <= since), since)
    now = _KINDS.get(rule.stage_at(since), MailKind.UPCOMING if coming else None)
    for at, kind in (*([(begun, now)] if now else []), *coming):
        begins = max(at, since)
        end = next((start for start, _ in coming if start > begins), begins + LATEST)
        yield DatedNotice(rule, kind, at, end, at <= since, digest)


def due(notices: Iterable[DatedNotice], started: Iterable[StartedNotice], now: datetime) -> list[DatedNotice]:
    """Those that are to be started or held back now. What an earlier version said by the same rule is not said again."""
    done = {(each.rule, each.kind, each.digest) for each in started}
    return [each for each in notices if each.at <= now and (each.rule.id, each.kind, each.digest) not in done]


async def start_notices(
    store: Store, rules: Rules, data_scope: DataScope, address_of: AddressOf, gate: Person, now: datetime
) -> int:
    """Start what is due by the rules in force. Returns how many mails were queued. Raises StoreUnavailableError."""
    count, now = 0, await store.now(now)
    for active, each in await due_now(store, rules, now):
        held, mails = await _why_held(store, rules.policy, active, each, now), tuple[Mail, ...]()
        if held is None:
            continue  # it is off, and may come on again in time
        if not held:
            try:
                mails = await _mails(store, rules, active, each, data_scope, address_of, now)
            except RefusedError:
                held = UNTRUE
        told = StartedNotice(active.serial, each.rule.id, each.kind, active.number, each.digest, now, held)
        if await store.mails.start(told, mails, partial(_act, gate, told)):
            count += len(mails)
    return count


async def due_now(store: Store, rules: Rules, now: datetime) -> list[tuple[Activation, DatedNotice]]:
    """What is due by these rules, if they are in force. The store is asked only if a rule has such notices."""
    if not any(rule.notice.send for rule in rules.policy.rules):
        return []
    active, now = await store.policies.active(), await store.now(now)
    if active is None or active.digest != rules.digest:
        return []  # this gate has not taken the rules yet
    found = due(dated_notices(rules.policy, active.at), await store.mails.started(), now)
    return [(active, each) for each in found]


async def _why_held(
    store: Store, policy: Policy, active: Activation, notice: DatedNotice, now: datetime
) -> str | None:
    """Why a notice is held back; empty if it is not, None if it waits."""
    off = any(each.rule == notice.rule.id for each in policy.reliefs.for_everybody(now))
    if now >= notice.until:
        return OFF if off else LATE
    if off:
        return None
    against = await store.audit.about([f"version {active.number}"], f"{ACTIVATED}-against-the-guard")
    return AGAINST if against else ""


async def _mails(
    store: Store,
    rules: Rules,
    active: Activation,
    notice: DatedNotice,
    data_scope: DataScope,
    address_of: AddressOf,
    now: datetime,
) -> tuple[Mail, ...]:
    """To those whom a new rule newly affects, and on a date to everybody who was not told this before."""
    topic = topic_of(rules.policy, active.number, notice.rule.id, notice.kind, now)
    found = await list_recipients(
        store, rules, active, topic, data_scope, address_of, now, lambda _done, _total: None
    )
    new = notice.on_start and await _differs_from_before(store, rules, active, notice)
    return found.to(Recipients.NEW if new else Recipients.UNTOLD)


async def _differs_from_before(store: Store, rules: Rules, active: Activation, notice: DatedNotice) -> bool:
    """Whether the version before had no such rule, or another one."""
    history = await store.policies.history()
    before = next((each for each in history if each.number != active.number), None)
    try:
        old = await rules_of_version(store, before.number, rules.policy.reliefs) if before else None
    except ConfigError:
        old = None
    same = {rule.id: digest_in(old.policy, rule) for rule in old.policy.rules} if old else {}
    return same.get(notice.rule.id) != notice.digest


def _act(gate: Person, told: StartedNotice, count: int) -> Act:
    act = gate.act(told.at, "notices-held" if told.why else "notices-queued", told.why)
    return replace(act, about=f"rule {told.rule}", details={"kind": told.kind.value, "mails": count})
