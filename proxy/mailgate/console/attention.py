"""Everything that needs a person because it is held, is broken or waits for somebody, in the words of the page *Now*."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.console.context import ConsoleContext
from mailgate.console.drafting import NONE, Uncommitted, uncommitted_now
from mailgate.rollout.approvals import PlanStatus, plan_statuses
from mailgate.rollout.guard import guard_of
from mailgate.store import StoreError
from mailgate.store.help_requests import NOT_THEIRS
from mailgate.views.gates import GateState, Node, gates_now
from mailgate.views.plan_titles import title_of
from mailgate.views.readiness import Readiness
from mailgate.views.words import trouble_told

NOBODY: Mapping[str, int] = {}
PLANS = 20
"""How many of the newest plans are looked at."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs a person, and the page where they can do something about it."""

    words: str
    page: str
    """The name of a route."""
    grave: bool = False
    act: str = "Open"
    """What the page is opened for."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What the route is of."""


async def needs_now(context: ConsoleContext, state: Readiness, now: datetime) -> list[Need]:
    """What needs a person by what the store has and by how this gate stands, the graver first."""
    store, settings = context.store, context.bundle().settings
    try:
        plans = await plan_statuses(store, guard_of(settings), now, PLANS)
        drafted = await uncommitted_now(context, state.rules.held)
        unsure, gates = await store.mails.unsure(), await gates_now(store, now)
        waiting = await store.help_requests.open_by_rule()
    except StoreError:
        return needs_of(state, [])  # the state itself says that the store does not answer
    return needs_of(state, plans, unsure, gates, waiting, drafted)


def needs_of(
    state: Readiness,
    plans: Sequence[PlanStatus],
    unsure: int = 0,
    gates: Iterable[Node] = (),
    waiting: Mapping[str, int] = NOBODY,
    drafted: Uncommitted = NONE,
) -> list[Need]:
    """The graver ones first.

    :param state: how this gate stands.
    :param unsure: mails of which nobody knows whether they were sent.
    :param gates: those on the store.
    :param waiting: how many wait for help, by rule.
    :param drafted: drafts in force that the files do not have.
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
    return sorted(found, key=lambda need: not need.grave)


def _gate(state: Readiness, *, explained: bool) -> Iterator[Need]:
    if state.store == "unwritable":
        why = state.ledger.error or state.reports.error or state.writes.error
        yield Need(f"The store takes nothing: {why}. What is to be written waits.", "now", grave=True)
    elif state.store != "ok":
        yield Need("The store does not answer. Decisions go on by what is in memory.", "now", grave=True)
    if mistakes := state.config.mistakes:
        many = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
        yield Need(f"The files on disk have {many} and are not used: {mistakes[0]}", "policy", grave=True)
    if state.rules.held and not explained:
        yield Need(f"The rules on disk are held: {state.rules.held}", "policy")
    for each in state.rules.off:
        yield Need(f"The rule {each}", "exemptions", grave=True)
    for each in state.rules.only_report:
        yield Need(f"The rule {each}", "policy")
    if state.workers.answering < state.workers.wanted:
        yield Need(f"{state.workers.answering} of {state.workers.wanted} workers answer.", "now", grave=True)
    if lost := state.ledger.dropped:
        yield Need(f"{lost:,} sightings were lost since the start: the queue or the disk was full.", "now")


def _drafts(drafted: Uncommitted) -> Iterator[Need]:
    for each in drafted.drafts:
        yield Need(f"In force, but not in your files: {each.title}. Commit it.", "policy-drafts")


def _sources(state: Readiness) -> Iterator[Need]:
    for name, each in state.connectors.items():
        if each.state in ("failing", "unavailable"):
            grave = each.state == "unavailable"
            yield Need(f"The connector {name} {trouble_told(each.trouble)}.", "connectors", grave)
        elif each.state == "held":
            yield Need(
                f"{each.held:,} devices are no longer named by {name}, and are kept for now.", "connectors"
            )


def _plans(plans: Sequence[PlanStatus]) -> Iterator[Need]:
    for each in plans:
        if each.state == "open" and each.missing:
            more = "1 approval" if each.missing == 1 else f"{each.missing} approvals"
            words = f"The plan “{title_of(each.body)}” by {each.plan.author} needs {more}."
            yield Need(words, "policy-plan", act="Review", parts={"digest": each.plan.digest})


def _gates(found: Iterable[Node]) -> Iterator[Need]:
    for each in found:
        if each.state in (GateState.BEHIND, GateState.GONE):
            grave = each.state is GateState.BEHIND
            yield Need(f"The gate {each.address} on {each.host}: {each.words}.", "now", grave)


def _help(waiting: Mapping[str, int]) -> Iterator[Need]:
    requests, rules = sum(waiting.values()), sorted(waiting.items(), key=lambda each: (-each[1], each[0]))
    if requests:
        most = ", ".join(
            f"{count:,} {'about devices that are not theirs' if rule == NOT_THEIRS else f'because of {rule}'}"
            for rule, count in rules[:3]
        )
        noun = "1 request for help waits" if requests == 1 else f"{requests:,} requests for help wait"
        yield Need(f"{noun}: {most}.", "help_requests", act="Answer them")


def _mails(unsure: int) -> Iterator[Need]:
    if unsure:
        words = "1 mail about a rule is" if unsure == 1 else f"{unsure:,} mails about rules are"
        yield Need(
            f"{words} unsure: nobody knows whether the mail server took {'it' if unsure == 1 else 'them'}.",
            "notices",
        )
