"""Everything that needs a person, because it is held, is broken or waits, in the words of the page *Overview*."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.console.context import ConsoleContext
from mailgate.console.drafts.drafting import NO_UNCOMMITTED_DRAFTS, Uncommitted, uncommitted_now
from mailgate.console.now.gates import GateNode, GateState, gates_now
from mailgate.console.now.readiness import Readiness
from mailgate.console.plans.facts import title_of
from mailgate.console.words import trouble_in_words
from mailgate.model.phrase import joined, phrase, plural
from mailgate.rollout.approvals import PlanStatus, plan_statuses
from mailgate.rollout.guard import guard_of
from mailgate.store import StoreError
from mailgate.store.help_requests import NOT_THEIRS

NO_HELP_REQUESTS: Mapping[str, int] = {}
OPEN = phrase("Open")
MAX_PLANS = 20
"""How many of the newest plans are read."""


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


async def needs_now(context: ConsoleContext, state: Readiness, now: datetime) -> list[Need]:
    """What needs a person, according to the store and the state of this gate, the most urgent first."""
    store, settings = context.store, context.bundle().settings
    try:
        plans = await plan_statuses(store, guard_of(settings), now, MAX_PLANS)
        drafted = await uncommitted_now(context, state.rules.held)
        unsure, gates = await store.mails.count_unsure(), await gates_now(store, now)
        waiting = await store.help_requests.open_by_rule()
    except StoreError:
        return needs_of(state, [])  # the state itself says that the store does not answer
    return needs_of(state, plans, unsure, gates, waiting, drafted)


def needs_of(
    state: Readiness,
    plans: Sequence[PlanStatus],
    unsure: int = 0,
    gates: Iterable[GateNode] = (),
    waiting: Mapping[str, int] = NO_HELP_REQUESTS,
    drafted: Uncommitted = NO_UNCOMMITTED_DRAFTS,
) -> list[Need]:
    """What needs a person, the most urgent first.

    :param state: the state of this gate.
    :param unsure: the number of mails for which it is unknown whether they were sent.
    :param gates: the gates on the store.
    :param waiting: the number of open requests for help, by rule.
    :param drafted: the drafts in force that the files do not have.
    """
    found = [
        *_help(waiting),
        *_gate(state, explained=drafted.explain),
        *_drafts(drafted),
        *_sources(state),
        *_plans(plans),
        *_mails(unsure),
        *_gates(gates),
    ]
    return sorted(found, key=lambda need: not need.urgent)


def _gate(state: Readiness, *, explained: bool) -> Iterator[Need]:
    if state.store == "unwritable":
        why = state.ledger.error or state.reports.error or state.writes.error
        yield Need(
            phrase("The store accepts no writes: %(why)s. Everything to be written waits.", why=why),
            "now",
            urgent=True,
        )
    elif state.store != "ok":
        yield Need(
            phrase("The store does not answer. The gate decides by the data in memory."), "now", urgent=True
        )
    if state.clock.state == "off":
        seconds = round(state.clock.offset_seconds or 0)
        yield Need(
            plural(
                "The clock of this gate is %(count)s second off by that of the database. From a minute on, no phone can prove itself to it.",
                "The clock of this gate is %(count)s seconds off by that of the database. From a minute on, no phone can prove itself to it.",
                abs(seconds),
            ),
            "now",
            urgent=True,
        )
    if mistakes := state.config.mistakes:
        yield Need(
            plural(
                "The files on disk have %(count)s mistake and are not used: %(first)s",
                "The files on disk have %(count)s mistakes and are not used: %(first)s",
                len(mistakes),
                first=mistakes[0],
            ),
            "policy",
            urgent=True,
        )
    if state.rules.held and not explained:
        yield Need(phrase("The rules on disk are held: %(held)s", held=state.rules.held), "policy")
    for each in state.rules.off:
        words = phrase("A rule restricts nobody now. %(words)s", words=each)
        yield Need(words, "exemptions", urgent=True)
    for each in state.rules.only_report:
        yield Need(phrase("The rule %(words)s", words=each), "policy")
    if state.workers.answering < state.workers.wanted:
        yield Need(
            phrase(
                "%(answering)s of %(wanted)s workers answer.",
                answering=state.workers.answering,
                wanted=state.workers.wanted,
            ),
            "now",
            urgent=True,
        )
    if lost := state.ledger.dropped:
        yield Need(
            phrase(
                "%(lost)s sightings were lost since the start: the queue or the disk was full.", lost=lost
            ),
            "now",
        )


def _drafts(drafted: Uncommitted) -> Iterator[Need]:
    for each in drafted.drafts:
        yield Need(
            phrase("In force, but not in your files: %(title)s. Commit it.", title=each.title),
            "policy-drafts",
        )


def _sources(state: Readiness) -> Iterator[Need]:
    for name, each in state.connectors.items():
        if each.state in ("failing", "unavailable"):
            grave = each.state == "unavailable"
            yield Need(
                phrase(
                    "The connector %(name)s %(trouble)s.", name=name, trouble=trouble_in_words(each.trouble)
                ),
                "connectors",
                grave,
            )
        elif each.narrowed:
            yield Need(
                phrase(
                    "%(name)s saw %(count)s devices whole and now sees only some of their apps.",
                    name=name,
                    count=each.narrowed,
                ),
                "connectors",
            )
        elif each.state == "held":
            yield Need(
                phrase(
                    "%(held)s devices are no longer named by %(name)s, and are kept for now.",
                    held=each.held,
                    name=name,
                ),
                "connectors",
            )


def _plans(plans: Sequence[PlanStatus]) -> Iterator[Need]:
    for each in plans:
        if each.state == "open" and each.missing:
            words = plural(
                "The plan by %(author)s needs %(count)s approval: %(title)s",
                "The plan by %(author)s needs %(count)s approvals: %(title)s",
                each.missing,
                title=title_of(each.body),
                author=each.plan.author,
            )
            yield Need(words, "policy-plan", act=phrase("Review"), parts={"digest": each.plan.digest})


def _gates(found: Iterable[GateNode]) -> Iterator[Need]:
    for each in found:
        if each.state in (GateState.BEHIND, GateState.GONE):
            grave = each.state is GateState.BEHIND
            yield Need(
                phrase(
                    "The gate %(address)s on %(host)s: %(words)s.",
                    address=each.address,
                    host=each.host,
                    words=each.words,
                ),
                "now",
                grave,
            )


def _help(waiting: Mapping[str, int]) -> Iterator[Need]:
    requests, rules = sum(waiting.values()), sorted(waiting.items(), key=lambda each: (-each[1], each[0]))
    if requests:
        words = plural(
            "%(count)s request for help waits: %(most)s.",
            "%(count)s requests for help wait: %(most)s.",
            requests,
            most=joined(_because(rule, count) for rule, count in rules[:3]),
        )
        yield Need(words, "help_requests", act=phrase("Answer them"))


def _because(rule: str, count: int) -> str:
    if rule == NOT_THEIRS:
        return phrase("%(count)s about devices that are not theirs", count=count)
    return phrase("%(count)s because of %(rule)s", count=count, rule=rule)


def _mails(unsure: int) -> Iterator[Need]:
    if unsure:
        words = plural(
            "%(count)s mail about a rule is unsure: nobody knows whether the mail server took it.",
            "%(count)s mails about rules are unsure: nobody knows whether the mail server took them.",
            unsure,
        )
        yield Need(words, "notices")
