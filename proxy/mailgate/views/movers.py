"""Everybody whom a plan moves, as typed facts: by name, with what they get and what they would get, and when."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from mailgate.model.fact import Fact, Instant
from mailgate.policy import AppCatalog
from mailgate.rollout.plan import LABELS, Counts, Plan
from mailgate.simulate import Mover
from mailgate.store import Planned, Store
from mailgate.store.plan_movers import WINDOW, MoversWanted

CSV_COLUMNS = (
    *("person", "device", "kind", "system", "groups", "apps"),
    *("from", "until", "without", "rule_without", "then", "rule", "reason"),
)


class MoverFacts(Fact):
    """One way in which a person or device moves."""

    person: str
    """The login name; empty if nobody is named."""
    device: str
    """The id of the device, or of the client where no device is known."""
    kind: str
    """The kind that it was taken for."""
    system: str
    """Its system."""
    groups: list[str]
    """The groups of the person."""
    apps: list[str]
    """The listed apps that are on it, by name."""
    state: str
    """The state of its posture."""
    label: str
    """How they move: `block`, `challenge`, `warn` or `allow`, the new effect, or `unknown`."""
    without: str
    """What they get at that moment without the plan: allow, warn, challenge or block."""
    rule_without: str
    """The rule that decides at that moment without the plan."""
    then: str
    """What they get with it."""
    rule: str
    """The rule that decides with the plan."""
    reason: str
    """Why, as a reason code."""
    moment: int
    """The number of the moment at which they move first: 0 is now."""
    since: Instant | None
    """From when on; null for a moment that cannot be told."""
    until: Instant | None
    """The moment from which it is otherwise again; null where that is not told."""


class MoverPage(Fact):
    """Some of those who move."""

    items: list[MoverFacts]
    """In the order that was asked for."""
    total: int
    """How many are meant."""
    people: int
    """How many people these are."""
    whole: bool
    """Whether `total` and `people` are all: of more than 20,000 rows 5,000 are looked through for them."""
    more: int | None
    """What to give as `after` for the next page; null at the end."""
    kept: int
    """How many rows there are of the plan; fewer than at first where people or devices were forgotten."""
    written: int
    """How many there were at first; 0 in plans of releases that kept no names."""


def moments_of(plan: Plan) -> list[datetime | None]:
    """The moments that movers count by: now, the later ones, and last one that cannot be told."""
    return [plan.made_at, *(each.at for each in plan.later), None]


async def page_of_movers(
    store: Store, found: Planned, plan: Plan, catalog: AppCatalog, wanted: MoversWanted, after: int, size: int
) -> MoverPage:
    """The next of those who are meant. Raises StoreUnavailableError."""
    large = found.movers > WINDOW
    looked = await store.movers.look(found.digest, wanted, after, size, large=large)
    total, people, whole = await store.movers.count(found.digest, wanted, large=large)
    moments = moments_of(plan)
    return MoverPage(
        items=[_facts(each, moments, catalog) for each in looked.movers],
        total=total,
        people=people,
        whole=whole,
        more=looked.after,
        kept=found.movers if large else await store.movers.count_of(found.digest),
        written=found.movers,
    )


async def movers_as_rows(
    store: Store, found: Planned, plan: Plan, catalog: AppCatalog, wanted: MoversWanted
) -> AsyncIterator[list[str]]:
    """All of those who are meant, in the cells of ``CSV_COLUMNS``."""
    moments = moments_of(plan)
    async for each in store.movers.all(found.digest, wanted, large=found.movers > WINDOW):
        facts = _facts(each, moments, catalog)
        yield [
            *(facts.person, facts.device, facts.kind, facts.system),
            *(", ".join(facts.groups), ", ".join(facts.apps)),
            *(facts.since.isoformat() if facts.since else "", facts.until.isoformat() if facts.until else ""),
            *(facts.without, facts.rule_without, facts.then, facts.rule, facts.reason),
        ]


def _facts(mover: Mover, moments: list[datetime | None], catalog: AppCatalog) -> MoverFacts:
    ends = mover.until + 1
    return MoverFacts(
        person=mover.person,
        device=mover.device,
        kind=mover.kind,
        system=mover.system,
        groups=list(mover.groups),
        apps=[catalog.name_of(key) for key in mover.apps],
        state=mover.state,
        label=mover.label,
        without=mover.before,
        rule_without=mover.before_rule,
        then=mover.effect,
        rule=mover.rule,
        reason=mover.reason,
        moment=mover.since,
        since=moments[mover.since] if mover.since < len(moments) else None,
        until=moments[ends] if ends < len(moments) else None,
    )


def table_of(plan: Plan) -> Iterator[tuple[str, list[Counts]]]:
    """How many move in each way, a row for each way that anybody moves in: now, at each later moment, and at some moment that
    cannot be told."""
    for label in LABELS:
        cells = [plan.newly[label], *(each.newly[label] for each in plan.later)]
        undated = plan.undated if label == "unknown" else Counts(people=0, devices=0)
        row = [Counts(people=each.people, devices=each.devices) for each in (*cells, undated)]
        if any(each.devices for each in row):
            yield label, row
