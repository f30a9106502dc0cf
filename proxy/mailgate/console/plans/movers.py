"""The movers of a plan as facts: people and devices by name, with their decisions before and after, and the time."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from mailgate.model.fact import Fact, Instant
from mailgate.policy import AppCatalog
from mailgate.policy.simulate.impact import Mover
from mailgate.rollout.plan import LABELS, Counts, Plan
from mailgate.store import Store, StoredPlan
from mailgate.store.plan_movers import WINDOW, MoverFilter

CSV_COLUMNS = (
    *("person", "device", "kind", "system", "groups", "apps"),
    *("from", "until", "without", "rule_without", "then", "rule", "reason", "held_back"),
)


class MoverFacts(Fact):
    """One way in which a person or device moves."""

    person: str
    """The login name; empty if unknown."""
    device: str
    """The id of the device; the id of the client if the device is unknown."""
    kind: str
    """The kind that the client was recognised as."""
    system: str
    """The operating system."""
    groups: list[str]
    """The groups of the person."""
    apps: list[str]
    """The names of the listed apps on the device."""
    state: str
    """The state of its posture."""
    label: str
    """How they move: the new effect `block`, `challenge`, `warn` or `allow`, or `unknown`."""
    without: str
    """The effect at that moment without the plan: allow, warn, challenge or block."""
    rule_without: str
    """The rule that decides at that moment without the plan."""
    then: str
    """The effect with the plan."""
    rule: str
    """The rule that decides with the plan."""
    reason: str
    """The reason of the decision with the plan, as a reason code."""
    moment: int
    """The number of the moment at which they move first: 0 is now, the next ones are those in `later` of the plan, one
    more is a moment that cannot be predicted, and two more is none: see `held_back`."""
    held_back: bool
    """Whether they do not move by this plan, only because a share or a stage misses them; `then` is what they would
    get if the rules were enforced for everybody, and `without` what they would get so without the plan."""
    since: Instant | None
    """When the change begins; null if it cannot be predicted, or if they are held back."""
    until: Instant | None
    """When the change ends; null if it has no known end."""


class MoverTotals(Fact):
    """How many movers there are."""

    total: int
    """The number of movers that match."""
    people: int
    """The number of people among them."""
    whole: bool
    """Whether `total` and `people` are complete. In plans of more than 20,000 movers only 5,000 are counted."""
    kept: int
    """The number of movers that are stored. There are fewer than `written` if people or devices were forgotten."""
    written: int
    """The number of movers when the plan was made."""


class MoverPage(MoverTotals):
    """A page of movers, and the row after which the next one begins; None at the end."""

    items: list[MoverFacts]
    more: int | None


def moments_of(plan: Plan) -> list[datetime | None]:
    """The moments by their number: now, the later ones, and None for a moment that cannot be predicted. Those whom a share
    or a stage misses have the number after it."""
    return [plan.made_at, *(each.at for each in plan.later), None]


async def page_of_movers(
    store: Store,
    found: StoredPlan,
    plan: Plan,
    catalog: AppCatalog,
    wanted: MoverFilter,
    after: int,
    size: int,
) -> MoverPage:
    """The next movers that match. Raises StoreUnavailableError."""
    large = found.movers > WINDOW
    looked = await store.movers.search(found.digest, wanted, after, size, large=large)
    total, people, whole = await store.movers.count(found.digest, wanted, large=large)
    moments = moments_of(plan)
    return MoverPage(
        items=[mover_facts(each, moments, catalog) for each in looked.rows],
        total=total,
        people=people,
        whole=whole,
        more=looked.after,
        kept=found.movers if large else await store.movers.count_of(found.digest),
        written=found.movers,
    )


async def movers_as_rows(
    store: Store, found: StoredPlan, plan: Plan, catalog: AppCatalog, wanted: MoverFilter
) -> AsyncIterator[list[list[str]]]:
    """All movers that match, as rows of ``CSV_COLUMNS``, some at a time."""
    moments = moments_of(plan)
    async for page in store.movers.pages(found.digest, wanted, large=found.movers > WINDOW):
        yield [_cells(mover_facts(each, moments, catalog)) for each in page]


def _cells(facts: MoverFacts) -> list[str]:
    return [
        *(facts.person, facts.device, facts.kind, facts.system),
        *(", ".join(facts.groups), ", ".join(facts.apps)),
        *(facts.since.isoformat() if facts.since else "", facts.until.isoformat() if facts.until else ""),
        *(facts.without, facts.rule_without, facts.then, facts.rule, facts.reason),
        "yes" if facts.held_back else "",
    ]


def mover_facts(mover: Mover, moments: list[datetime | None], catalog: AppCatalog) -> MoverFacts:
    ends = mover.until + 1
    return MoverFacts.taken_from(
        mover,
        apps=[catalog.name_of(key) for key in mover.apps],
        without=mover.before,
        rule_without=mover.before_rule,
        then=mover.effect,
        moment=mover.since,
        held_back=mover.since == len(moments),
        since=moments[mover.since] if mover.since < len(moments) else None,
        until=moments[ends] if ends < len(moments) else None,
    )


def table_of(plan: Plan) -> Iterator[tuple[str, list[Counts]]]:
    """The number of movers by label, without labels that nobody has: now, at each later moment, at some moment that
    cannot be predicted, and of those whom a share or a stage misses."""
    none = Counts(people=0, devices=0)
    for label in LABELS:
        cells: list[Counts] = [plan.newly[label], *(each.newly[label] for each in plan.later)]
        undated = plan.undated if label == "unknown" else none
        held = plan.held_back.newly[label] if plan.held_back else none
        row = [Counts(people=each.people, devices=each.devices) for each in (*cells, undated, held)]
        if any(each.devices for each in row):
            yield label, row
