"""Starts the notices of rules that say so (``notice.send: on_dates``), when they come in force and when their stages begin.

What an approver approved is the rule with this word in it, its dates and its mail. A notice starts once, by the gate that has the lease
of the mails, in the transaction that notes it. It starts late as long as it is true, and otherwise is held back and shown to a person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from mailgate.config import Rules
from mailgate.errors import ConfigError
from mailgate.mail.recipient_list import (
    AddressOf,
    DataScope,
    RecipientList,
    Recipients,
    list_recipients,
    rules_of_version,
)
from mailgate.mail.topic import topic_of
from mailgate.model import Stage
from mailgate.model.notice import MailKind
from mailgate.policy import Policy
from mailgate.policy.reliefs import NO_RELIEFS
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
    rule: Rule
    kind: MailKind
    at: datetime
    until: datetime
    """From when on it no longer starts by itself."""
    on_start: bool
    """Whether it starts because the rule comes in force, and not on a date of its own."""


def dated_notices(policy: Policy, since: datetime) -> Iterator[DatedNotice]:
    """The notices of a version in force since then, in the order of the policy and of their dates."""
    for rule in policy.rules:
        if rule.restricts and rule.notice.send:
            yield from _of(rule, since)


def _of(rule: Rule, since: datetime) -> Iterator[DatedNotice]:
    starts = rule.stages.starts() if rule.stages else []
    coming = [(start, _KINDS[stage]) for stage, start in starts if stage in _KINDS and start > since]
    begun = next((start for _, start in reversed(starts) if start <= since), since)
    now = _KINDS.get(rule.stage_at(since), MailKind.UPCOMING if coming else None)
    for at, kind in (*([(begun, now)] if now else []), *coming):
        begins = max(at, since)
        end = next((start for start, _ in coming if start > begins), begins + LATEST)
        yield DatedNotice(rule, kind, at, end, at <= since)


async def start_notices(
    store: Store, rules: Rules, data_scope: DataScope, address_of: AddressOf, gate: Person, now: datetime
) -> int:
    """Start what is due by the rules in force. Returns how many mails were queued. Raises StoreUnavailableError."""
    due, count = await due_now(store, rules, now), 0
    now = await store.now(now)  # later than what was due by: what is over by that is over by this
    for active, each in due:
        same = await _activations_with(store, rules, active, each.rule)
        told, left = await _told_before(store, each, same), set[str]()
        if told and not told.why:
            # who still waits for it by a version before: its mails are withdrawn, since it is not in force
            left = await store.mails.not_gone(told.rule, told.kind, {one.number for one in same})
        held = "" if told and not left else await _why_held(store, rules.policy, same, each, now)
        mails = tuple[Mail, ...]()
        if not held and (left or not told):
            on = rules.with_reliefs(NO_RELIEFS)  # the mails of who is exempt wait until it is for them again
            try:
                topic = topic_of(on.policy, active.number, each.rule.id, each.kind, now)
                found = await list_recipients(store, on, active, topic, data_scope, address_of, now)
            except RefusedError:
                held = UNTRUE
            else:
                mails = _chosen(found, each, same, left)
        new = StartedNotice(active.serial, each.rule.id, each.kind, active.number, now, held)
        row = replace(told, serial=active.serial) if told else new
        if await store.mails.start(row, mails, partial(_act, gate, new, told is None)):
            count += len(mails)
    return count


async def due_now(store: Store, rules: Rules, now: datetime) -> list[tuple[Activation, DatedNotice]]:
    """What is due by these rules, if they are in force; what a rule that is off would say waits, as long as it may come on again in time.
    The store is asked only if a rule has such notices."""
    if not any(rule.notice.send for rule in rules.policy.rules):
        return []
    active, now = await store.policies.active(), await store.now(now)
    if active is None or active.digest != rules.digest:
        return []  # this gate has not taken the rules yet
    done = {(each.rule, each.kind) for each in await store.mails.started() if each.serial == active.serial}
    off = _rules_off(rules.policy, now)
    return [
        (active, each)
        for each in dated_notices(rules.policy, active.at)
        if each.at <= now and (each.rule.id, each.kind) not in done
        if each.rule.id not in off or now >= each.until
    ]


def _rules_off(policy: Policy, now: datetime) -> set[str]:
    return {each.rule for each in policy.reliefs.for_everybody(now)}


async def _activations_with(store: Store, rules: Rules, active: Activation, rule: Rule) -> list[Activation]:
    """The activations since the rule says what it says, the newest first. A rule that was away in between is a new one, unless what
    took it away was rolled back."""
    says, rolled_back, found = _digest_in(rules.policy, rule), await store.policies.taken_back_serials(), []
    for each in await store.policies.history():
        if each.number == active.number or await _digest_then(store, rules, each, rule) == says:
            found.append(each)
        elif each.serial not in rolled_back:
            break
    return found


async def _digest_then(store: Store, rules: Rules, then: Activation, rule: Rule) -> str:
    try:
        policy = (await rules_of_version(store, then.number, rules.policy.reliefs)).policy
    except ConfigError:
        return ""  # nobody knows any more what it said
    return next((_digest_in(policy, each) for each in policy.rules if each.id == rule.id), "")


def _digest_in(policy: Policy, rule: Rule) -> str:
    """The digest of what the rule says and of the lists that it may read."""
    lists = sorted((name, sorted(apps)) for name, apps in policy.catalog.lists.items())
    return sha256(f"{rule.model_dump_json()} {lists}".encode()).hexdigest()


async def _told_before(store: Store, notice: DatedNotice, same: Sequence[Activation]) -> StartedNotice | None:
    """What became of this notice by an earlier version with the same rule."""
    serials, about = {each.serial for each in same}, (notice.rule.id, notice.kind)
    started = await store.mails.started()
    return next(
        (each for each in started if each.serial in serials and (each.rule, each.kind) == about), None
    )


async def _why_held(
    store: Store, policy: Policy, same: Sequence[Activation], notice: DatedNotice, now: datetime
) -> str:
    if now >= notice.until:
        return OFF if notice.rule.id in _rules_off(policy, now) else LATE
    rolled_back = await store.policies.taken_back_serials()
    versions = {f"version {each.number}" for each in same if each.serial not in rolled_back}
    return AGAINST if await store.audit.about(versions, f"{ACTIVATED}-against-the-guard") else ""


def _chosen(
    found: RecipientList, notice: DatedNotice, same: Sequence[Activation], left: set[str]
) -> tuple[Mail, ...]:
    """To those whom a new rule newly affects, and on a date to everybody who was not told this before. ``left`` are all that may
    be written to if a version before has started it."""
    if left:
        return tuple(each for each in found.mails if each.address in left)
    return found.to(Recipients.NEW if notice.on_start and len(same) == 1 else Recipients.UNTOLD)


def _act(gate: Person, told: StartedNotice, first: bool, count: int) -> Act | None:
    if not first and not count:
        return None
    act = gate.act(told.at, "notices-held" if told.why else "notices-queued", told.why)
    return replace(act, about=f"rule {told.rule}", details={"kind": told.kind.value, "mails": count})
