"""Everything that waits for a person, because it is held, is broken or asks for them, in the words of the page *Overview*."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgate.config.admins import Role, sees_names
from mailgate.console.connectors.sources import ConnectorFacts, loss_in_words
from mailgate.console.context import ConsoleContext
from mailgate.console.drafts.drafting import uncommitted_now
from mailgate.console.notices.facts import NoticeOnDate, notices_on_dates
from mailgate.console.now.gates import GateNode, GateState, gates_now, span
from mailgate.console.now.readiness import ConnectorState, Readiness
from mailgate.console.plans.facts import title_of, waits_for
from mailgate.console.words import short_name, short_names, status_in_words, trouble_in_words
from mailgate.model.phrase import (
    joined,
    joined_by_and,
    joined_by_or,
    joined_names,
    phrase,
    plural,
    sentence,
    time_of,
)
from mailgate.policy import Policy
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.approvals import PlanStatus, plan_statuses
from mailgate.rollout.kept_plans import PLAN_AGE
from mailgate.rollout.plan import Plan
from mailgate.store import HelpRequest, StoreError
from mailgate.store.plans import KeptDraft

OPEN = phrase("Open")
MAX_PLANS = 20
"""How many of the newest plans are read."""
NAMED = 3
"""How many people are named who wait or whose exemption ends."""
SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a person, and the page where they can act on it."""

    words: str
    page: str
    """The name of the page's route."""
    urgent: bool = False
    act: str = OPEN
    """What the page is opened for."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """The parts of the route."""
    more: str = ""
    """Since when, why, or what to do, in a line below."""
    icon: str = "warning"
    query: Mapping[str, str] = field(default_factory=dict)
    """What the address asks for."""


HELD_SHOWN = timedelta(days=7)
"""How long a notice that did not start by itself waits on the overview."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The admin for whom it is told."""

    name: str
    roles: Collection[Role]


async def needs_now(
    context: ConsoleContext,
    state: Readiness,
    sources: Sequence[ConnectorFacts],
    now: datetime,
    reader: Viewer,
) -> list[Need]:
    """What waits for this person, according to the store and the state of this gate, the most urgent first. Nothing waits for
    whoever sees numbers alone."""
    if not sees_names(reader.roles):
        return []
    store, bundle = context.store, context.bundle()
    by_name = [(each.name, each) for each in sources]
    guard, found, explained = context.guard, [*_sources(by_name)], False
    with suppress(StoreError):  # the state itself says that the store does not answer
        drafted, explained = await uncommitted_now(context, state.rules.held)
        if "operator" in reader.roles:
            found += _help(*await store.help_requests.waiting(NAMED), now)
        plans = await plan_statuses(store, guard, now, MAX_PLANS)
        found += _plans(plans, reader, guard.approvers if guard else ())
        found += _mails(await store.mails.unsure_corrections(), await store.mails.count_unsure())
        found += _held(await notices_on_dates(store, bundle.policy), now)
        found += [*_drafts(drafted), *_gates(await gates_now(store, now))]
    found += [*_off(bundle.policy, now), *_ending(bundle.policy, now)]
    found += _gate(state, explained=explained, off=False)
    return sorted(found, key=lambda need: not need.urgent)


def needs_of(state: Readiness) -> list[Need]:
    """What the state of a gate alone says that it needs, the most urgent first."""
    found = [*_gate(state, explained=False, off=True), *_sources(state.connectors.items())]
    return sorted(found, key=lambda need: not need.urgent)


def _gate(state: Readiness, *, explained: bool, off: bool) -> Iterator[Need]:
    if state.store == "unwritable":
        why = state.ledger.error or state.reports.error or state.writes.error
        words = phrase("The database is read-only: %(why)s. Nothing is lost; we save it later.", why=why)
        yield Need(words, "now", urgent=True)
    elif state.store != "ok":
        words = phrase("The database does not answer. The gate decides by what it has in memory.")
        yield Need(words, "now", urgent=True)
    if state.clock.state == "off":
        words = plural(
            "The clock of this gate is %(count)s second off by that of the database. From a minute on, no phone can prove itself to it.",
            "The clock of this gate is %(count)s seconds off by that of the database. From a minute on, no phone can prove itself to it.",
            abs(round(state.clock.offset_seconds or 0)),
        )
        yield Need(words, "now", urgent=True)
    if mistakes := state.config.mistakes:
        words = plural(
            "The files on disk have %(count)s mistake and are not used: %(first)s",
            "The files on disk have %(count)s mistakes and are not used: %(first)s",
            len(mistakes),
            first=mistakes[0],
        )
        yield Need(words, "policy", urgent=True)
    if state.rules.held and not explained:
        yield Need(phrase("The rules on disk are held: %(held)s", held=state.rules.held), "policy")
    for each in state.rules.off if off else ():
        words = phrase("A rule refuses nobody now. %(words)s", words=each)
        yield Need(words, "exemptions", urgent=True)
    for each in state.rules.only_report:
        yield Need(phrase("The rule %(words)s", words=each), "policy")
    if state.workers.answering < state.workers.wanted:
        told = state.workers.model_dump(include={"answering", "wanted"})
        yield Need(phrase("%(answering)s of %(wanted)s workers answer.", **told), "now", urgent=True)
    if lost := state.ledger.dropped:
        words = plural(
            "%(count)s request was not recorded since the start. The queue or the disk was full.",
            "%(count)s requests were not recorded since the start. The queue or the disk was full.",
            lost,
        )
        yield Need(words, "now")


def _drafts(drafted: Iterable[KeptDraft]) -> Iterator[Need]:
    for each in drafted:
        words = phrase("Running, but missing in your files: %(title)s. Commit it.", title=each.title)
        yield Need(words, "policy-drafts")


def _sources(sources: Iterable[tuple[str, ConnectorState]]) -> Iterator[Need]:
    for name, each in sources:
        if each.state in ("failing", "unavailable"):
            trouble = phrase("%(name)s %(trouble)s.", name=name, trouble=trouble_in_words(each.trouble))
            loss = each.loss if isinstance(each, ConnectorFacts) else None
            grave = each.state == "unavailable" or bool(loss and loss.devices)
            more = _tries(each, loss_in_words(loss) if loss else "")
            yield Need(trouble, "connectors", grave, more=more, icon="source")
        elif each.narrowed:
            words = plural(
                "%(name)s saw every app on %(count)s device. Now it sees only some.",
                "%(name)s saw every app on %(count)s devices. Now it sees only some.",
                each.narrowed,
                name=name,
            )
            yield Need(words, "connectors", icon="source")
        elif each.state == "held":
            words = plural(
                "%(name)s no longer names %(count)s device. We keep it for now.",
                "%(name)s no longer names %(count)s devices. We keep them for now.",
                each.held,
                name=name,
            )
            yield Need(words, "connectors", icon="source")


def _tries(each: ConnectorState, loss: str) -> str:
    """What its failing costs, and since when and how it fails."""
    since = each.trouble_since and phrase("Since %(at)s.", at=time_of(each.trouble_since))
    then = each.next_attempt and phrase("Next try %(at)s.", at=time_of(each.next_attempt))
    status = each.status and sentence(status_in_words(each.status))
    return joined((part for part in (loss, status, since, then) if part), " ")


def _plans(plans: Sequence[PlanStatus], reader: Viewer, approvers: Collection[str]) -> Iterator[Need]:
    for each in plans:
        made, title, count = each.plan, title_of(each.body), each.missing
        mine, parts = made.author == reader.name, {"digest": made.digest}
        until = phrase("Open until %(at)s.", at=time_of(made.made_at + PLAN_AGE))
        waits = waits_for(each, reader.name, may_approve="approver" in reader.roles)
        if mine and each.back:
            words = phrase("%(who)s sent your plan back: %(title)s", who=each.back.who, title=title)
            yield Need(words, "policy-plan", False, OPEN, parts, each.back.why, "rules")
        elif waits and mine:
            told = {"names": joined_names(each.approved, joined_by_and), "title": title}
            words = phrase("Your plan is approved by %(names)s: %(title)s", **told)
            page, act = ("policy-plan", OPEN) if each.against else ("policy-plan-apply", phrase("Start it"))
            against = joined(map(sentence, each.against), " ")
            yield Need(words, page, False, act, parts, against or until, "rules")
        elif waits:
            told = {"author": made.author, "title": title}
            words = phrase("%(author)s asks for your approval: %(title)s", **told)
            hit = _hit(each.body)
            more = joined((hit, until), " ")
            yield Need(words, "policy-plan", False, phrase("Review"), parts, more, "rules")
        elif mine and count and each.state == "open":
            words = plural(
                "Your plan needs %(count)s approval: %(title)s",
                "Your plan needs %(count)s approvals: %(title)s",
                count,
                title=title,
            )
            others = sorted(set(approvers) - {reader.name, *each.approved})
            asked = [phrase("Ask %(names)s.", names=joined_names(others, joined_by_or))] if others else []
            yield Need(words, "policy-plan", False, OPEN, parts, joined([*asked, until], " "), "rules")


def _hit(plan: Plan) -> str:
    people, devices = plan.kept_out.people, plan.kept_out.devices
    if not people and not devices:
        return phrase("Nobody newly loses mail.")
    if not people:
        return plural("%(count)s device loses mail, or may.", "%(count)s devices lose mail, or may.", devices)
    if not plan.is_sure:
        return plural("%(count)s person loses mail, or may.", "%(count)s people lose mail, or may.", people)
    return plural("%(count)s person loses mail.", "%(count)s people lose mail.", people)


def _gates(found: Iterable[GateNode]) -> Iterator[Need]:
    for each in found:
        if each.state in (GateState.BEHIND, GateState.GONE):
            told = {"address": each.address, "host": each.host, "words": each.words}
            words = phrase("The gate %(address)s on %(host)s: %(words)s.", **told)
            yield Need(words, "now", urgent=each.state is GateState.BEHIND)


def _help(people: int, nobodys: int, longest: Sequence[HelpRequest], now: datetime) -> Iterator[Need]:
    if people or nobodys:
        words = _waiting(people, nobodys)
        names = short_names([each.person or each.reference for each in longest])
        named = (
            phrase("%(who)s (%(span)s)", who=name, span=span(now - each.last_at))
            for name, each in zip(names, longest, strict=True)
        )
        more = phrase("Waiting longest: %(names)s.", names=joined(named))
        yield Need(words, "help_requests", act=phrase("Answer"), more=more, icon="help")


def _waiting(people: int, nobodys: int) -> str:
    """How many wait for help. Whoever is not known by name may be one of the others."""
    waiting = plural(
        "%(count)s person is waiting for help.", "%(count)s people are waiting for help.", people
    )
    unknown = plural(
        "%(count)s client that we cannot match to a person is waiting for help.",
        "%(count)s clients that we cannot match to a person are waiting for help.",
        nobodys,
    )
    return joined((words for words, count in ((waiting, people), (unknown, nobodys)) if count), " ")


def _off(policy: Policy, now: datetime) -> Iterator[Need]:
    for each in policy.reliefs.off(now).values():
        told = {"rule": policy.title_of(each.rule)}
        if each.cause is Cause.HALT:
            words = phrase("“%(rule)s” stopped by itself. It refuses nobody now.", **told)
        elif each.until:
            words = phrase("“%(rule)s” is off until %(at)s.", **told, at=time_of(each.until))
        else:
            words = phrase("“%(rule)s” is off.", **told)
        halted = each.cause is Cause.HALT
        why = each.why if halted else phrase("%(who)s: “%(why)s”", who=each.author, why=each.why)
        yield Need(words, "policy-rule", halted, phrase("Open rule"), {"rule": each.rule}, why, "off")


def _ending(policy: Policy, now: datetime) -> Iterator[Need]:
    found = [
        each
        for each in policy.reliefs.exemptions(now)
        if each.cause is Cause.EXEMPTION and each.until and each.until <= now + SOON
    ]
    if found:
        words = plural(
            "%(count)s exemption ends within 24 hours.",
            "%(count)s exemptions end within 24 hours.",
            len(found),
        )
        first = sorted(found, key=lambda each: each.until or now)[:NAMED]
        yield Need(words, "exemptions", more=joined(map(_end, first)), icon="key")


def _end(relief: Relief) -> str:
    told = {"who": short_name(relief.person or relief.device), "at": relief.until and time_of(relief.until)}
    return phrase("%(who)s: %(at)s", **told)


def _held(notices: Iterable[NoticeOnDate], now: datetime) -> Iterator[Need]:
    """The notices that did not start by themselves within a week."""
    for each in notices:
        if each.why_held and now - each.at < HELD_SHOWN:
            words = phrase("The notice about “%(rule)s” did not start by itself.", rule=each.title)
            more, parts = sentence(each.why_held), {"version": str(each.version), "kind": each.kind.value}
            yield Need(words, "notices-one", more=more, icon="mail", parts=parts, query={"rule": each.rule})


def _mails(corrections: int, unsure: int) -> Iterator[Need]:
    more = phrase("It is not known whether the mail server took it.")
    if corrections:
        words = plural(
            "%(count)s correction may not have been delivered.",
            "%(count)s corrections may not have been delivered.",
            corrections,
        )
        yield Need(words, "notices", more=more, icon="mail")
    if others := unsure - corrections:
        words = plural(
            "%(count)s mail may not have been delivered.",
            "%(count)s mails may not have been delivered.",
            others,
        )
        yield Need(words, "notices", more=more, icon="mail")
