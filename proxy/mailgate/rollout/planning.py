"""Makes the plan of a candidate, by the current settings, and finds the apps that no report can tell of yet."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mailgate.config import Rules, Settings, compile_rules
from mailgate.errors import ConfigError
from mailgate.model import Effect, Stage
from mailgate.model.apps import plain_name
from mailgate.model.device import PostureTerms
from mailgate.policy import AppCatalog, ListedApp, Policy
from mailgate.policy.cases import run_cases
from mailgate.policy.changes import changes
from mailgate.policy.headlines import headlines
from mailgate.policy.people import counted_name
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rule_states import unreachable
from mailgate.policy.rules import Rule
from mailgate.policy.simulate.clock import unpredictable_clocks
from mailgate.policy.simulate.impact import (
    AT_ONCE,
    DIMENSIONS,
    HELD_BACK,
    KNOWN,
    NOBODYS,
    OUT,
    TOUCHED,
    UNDATED,
    WHOLE,
    ImpactTally,
    Mover,
    later_cell,
)
from mailgate.policy.simulate.later import OF_LOOKS, OF_VERDICTS, change_moments, in_full
from mailgate.policy.variables import CLOCKS
from mailgate.rollout.kept_plans import Movers, keep_plan
from mailgate.rollout.person import Person
from mailgate.rollout.plan import (
    DAYS,
    LABELS,
    BaseReliefs,
    BaseRules,
    Cases,
    Counts,
    FailedCase,
    Headline,
    HeldBack,
    IdleRules,
    LetInOffer,
    Moment,
    Move,
    MoverCounts,
    PeopleMoved,
    Plan,
    RuleOff,
    RulesNamed,
    Totals,
    UndatedMovers,
    ValueCounts,
    Window,
    digest_of,
)
from mailgate.rollout.replay import ASSUMED, away_now
from mailgate.rollout.simulation import MoversCallback, Progress, Task, simulate
from mailgate.store import Activation, Store
from mailgate.tasks import compute


async def plan_and_keep(
    store: Store,
    settings: Settings,
    active: Activation,
    candidate: Rules,
    days: int,
    workers: int,
    who: Person | None,
    now: datetime,
    progress: Progress,
    listed: MoversCallback | None = None,
) -> Plan:
    """Compare a candidate with what is in force. The plan is kept if an author is named. ``listed`` receives all movers."""
    now = await store.now(now)
    scope, url = await _scope(store, settings, days, now), settings.store.get_secret_value()
    with Movers() as movers:

        def add(part: Sequence[Mover]) -> None:
            movers.add(part)
            if listed:
                listed(part)

        made = await make_plan(store, url, active, candidate, scope, workers, progress, add)
        if who is not None:
            await keep_plan(store, made, candidate, who, now, movers)
    return made


async def plan_of_resuming(
    store: Store, settings: Settings, active: Activation, rule: str, workers: int, now: datetime
) -> Plan:
    """What changes if a rule comes back that is out for everybody: the rules in force, compared with the same without it."""
    version = await store.policies.get(active.number)
    assert version is not None  # a foreign key makes sure that the version exists
    rules = await compute(compile_rules, version.texts)
    scope, url = await _scope(store, settings, DAYS, now), settings.store.get_secret_value()
    return await make_plan(store, url, active, rules, scope, workers, lambda *_: None, without=rule)


def simulated_days(settings: Settings, days: int = DAYS) -> int:
    """How many days of sightings a plan looks at: at least the days of the guard's window."""
    window = settings.guard.window if settings.guard else timedelta(0)
    return max(days, -(-window // timedelta(days=1)))


async def _scope(store: Store, settings: Settings, days: int, now: datetime) -> "Scope":
    terms = settings.posture_terms(await away_now(store, settings))
    return Scope(now, simulated_days(settings, days), terms)


@dataclass(frozen=True, slots=True)
class Scope:
    """The data that a plan is made from: the days of sightings, and how far reports are believed, as of now."""

    now: datetime
    days: int
    terms: PostureTerms


async def make_plan(
    store: Store,
    url: str,
    active: Activation,
    candidate: Rules,
    scope: Scope,
    workers: int,
    progress: Progress,
    listed: MoversCallback | None = None,
    without: str = "",
) -> Plan:
    """Make a plan. ``url`` is the store's, for other processes that take part; ``listed`` receives all movers; the rule ``without`` counts
    as not in force yet, and in the candidate as not out. Raises StoreUnavailableError."""
    version = await store.policies.get(active.number)
    assert version is not None  # a foreign key makes sure that the version exists
    reliefs = (await store.reliefs.current(scope.now)).with_rule_on(without)
    in_force = (await compute(compile_rules, version.texts)).without(without)
    old, new = in_force.with_reliefs(reliefs).policy, candidate.with_reliefs(reliefs).policy
    moments = change_moments((old, new), scope.now)
    since = (scope.now - timedelta(days=scope.days)).date()
    task = Task(
        url,
        version.texts,
        candidate.texts,
        scope.terms,
        since,
        scope.now,
        reliefs,
        moments,
        by_name=listed is not None,
        without=without,
    )
    reported = await catalogs_since(store, active, scope.now - scope.terms.oldest)
    tally = await simulate(store, task, workers, progress, listed)
    told = headlines(in_force.policy, candidate.policy, scope.now)
    cases, idle = await compute(_rehearsed, candidate, tally, scope.now)
    plan = Plan(
        digest="",
        made_at=scope.now,
        window=Window(days=scope.days, since=since),
        active=BaseRules(
            serial=active.serial, number=version.number, policy=version.policy, digest=version.digest
        ),
        candidate=RulesNamed(policy=candidate.policy.version, digest=candidate.digest),
        reliefs=_reliefs(reliefs, scope.now),
        headlines=[Headline(words=words, at=at) for words, at in told],
        changes=list(await compute(changes, in_force, candidate)),
        cases=cases,
        rules=idle,
        newly_listed=[app.name for key, app in new.catalog.apps.items() if key not in old.catalog.apps],
        unreported=unreported(reported, old, new),
        totals=Totals(
            people=len(tally.people), devices=tally.devices, clients=tally.clients, occasions=tally.occasions
        ),
        company=_by(tally, (WHOLE,), ("kind", "group")),
        untouched=_untouched(tally),
        **_movers(tally, AT_ONCE),
        moves=_moves(tally),
        depends_on=dict(sorted(tally.unrecorded.items())),
        later=[Moment(at=each, **_movers(tally, each)) for each in moments],
        undated=_movers_at_unpredictable_moments(tally, (old, new)),
        reads_versions=_reading_versions(old, new),
        let_ins=list(_let_ins(new, tally)),
        held_back=_held_back(tally, (old, new), scope.now),
        kept_out=Counts(**_count(tally, (OUT,))),
        nobodys=tally.subjects[NOBODYS,],
        regaining=tally.people.count(*_REGAINING),
        known=_known(tally),
    )
    return plan.model_copy(update={"digest": digest_of(plan)})


def _reading_versions(old: Policy, new: Policy) -> dict[str, Effect]:
    before = {rule.id: rule.model_dump(mode="json") for rule in old.rules}
    changed = [rule for rule in new.rules if before.get(rule.id) != rule.model_dump(mode="json")]
    reading = [rule for rule in changed if any(name.endswith("version") for name in rule.when.reads)]
    return {rule.id: rule.effect for rule in reading}


def _let_ins(new: Policy, tally: ImpactTally) -> Iterator[LetInOffer]:
    refused = [
        each
        for label in ("block", "challenge")
        for each in _by(tally, (label,), DIMENSIONS)["rule"]
        if each.value in new.let_ins
    ]
    for rule, terms in new.let_ins.items():
        theirs = [each for each in refused if each.value == rule]
        yield LetInOffer(
            rule=rule,
            hours=terms.lasts // _HOUR,
            once_per_hours=terms.once_per // _HOUR,
            people=sum(each.people for each in theirs),
            devices=sum(each.devices for each in theirs),
        )


_HOUR = timedelta(hours=1)


def _reliefs(reliefs: Reliefs, now: datetime) -> BaseReliefs:
    off = {rule: _off(each) for rule, each in reliefs.off(now).items()}
    return BaseReliefs(serial=reliefs.serial, exempt=exempt_in(reliefs.exemptions(now)), off=off)


def exempt_in(exemptions: Iterable[Relief]) -> Counts:
    """Whom exemptions are for. The device on which a person let themselves in is not exempt itself."""
    named = {(each.person, "" if each.person else each.device) for each in exemptions}
    people = sum(1 for person, _ in named if person)
    return Counts(people=people, devices=len(named) - people)


def _off(relief: Relief) -> RuleOff:
    cause: Literal["halt", "break-glass"] = "halt" if relief.cause is Cause.HALT else "break-glass"
    return RuleOff(cause=cause, since=relief.at, until=relief.until, why=relief.why)


def _rehearsed(candidate: Rules, tally: ImpactTally, now: datetime) -> tuple[Cases, IdleRules]:
    new = candidate.policy
    outcomes = list(run_cases(candidate.cases, new, now))
    failed = [
        FailedCase(name=each.case.name, wrong={name: [str(w), str(g)] for name, (w, g) in each.wrong.items()})
        for each in outcomes
        if each.wrong
    ]
    reach = unreachable(new, now)
    waiting = [rule.id for rule in new.rules if rule.stage_at(now) is Stage.PENDING]
    # whom these match later is not known now
    clocked = [rule.id for rule in new.rules if rule.when.reads & CLOCKS]
    matched = {*(name for name, count in tally.matched.items() if count), *reach, *waiting, *clocked}
    nobody = [rule.id for rule in new.rules if rule.id not in matched]
    idle = IdleRules(match_nobody=nobody, out_of_reach=reach, not_started=waiting)
    return Cases(run=len(outcomes), failed=failed), idle


def _untouched(tally: ImpactTally) -> Counts:
    return Counts(
        people=len(tally.people) - tally.people.count((TOUCHED,)),
        devices=tally.devices + tally.clients - tally.subjects[TOUCHED,],
    )


def _known(tally: ImpactTally) -> Counts:
    """How many people and devices are known by more than their own word. Every known person has a device, and is one however
    they write their login: otherwise they could make themselves many."""
    people = tally.people.count_once((KNOWN,), counted_name)
    return Counts(people=people, devices=max(tally.subjects[KNOWN,], people))


_REGAINING = [
    (before, to) for before in (Effect.BLOCK, Effect.CHALLENGE) for to in (Effect.ALLOW, Effect.WARN)
]


def _moves(tally: ImpactTally) -> list[Move]:
    moves = [cell for cell in sorted(tally.subjects) if len(cell) == 2]
    return [Move(before=before, to=to, **_count(tally, (before, to))) for before, to in moves]


def _newly(tally: ImpactTally, cell: tuple[str, ...]) -> MoverCounts:
    return MoverCounts(by=_by(tally, cell, DIMENSIONS), **_count(tally, cell))


def _by(
    tally: ImpactTally, begin: tuple[str, ...], dimensions: Iterable[str]
) -> dict[str, list[ValueCounts]]:
    """The cells that consist of ``begin``, a dimension and a value, by dimension, the largest first."""
    by: dict[str, list[ValueCounts]] = {dimension: [] for dimension in dimensions}
    long = len(begin)
    cells = [cell for cell in tally.subjects if len(cell) == long + 2 and cell[:long] == begin]
    for cell in sorted(cells, key=lambda cell: (-tally.subjects[cell], cell)):
        by[cell[-2]].append(ValueCounts(value=cell[-1], **_count(tally, cell)))
    return by


def _movers_at_unpredictable_moments(tally: ImpactTally, policies: Iterable[Policy]) -> UndatedMovers:
    rules = [rule for policy in policies for rule in policy.rules]
    named = {rule.id for rule in rules if unpredictable_clocks(rule.when)}
    if tally.subjects[UNDATED,]:
        named |= _reading(rules, ASSUMED | OF_LOOKS | OF_VERDICTS | {"user.name"})
        named = named or _reading(rules, {"client.kind", "user.groups"})
    return UndatedMovers(rules=sorted(named), **_count(tally, (UNDATED,)))


def _reading(rules: Iterable[Rule], names: Set[str]) -> set[str]:
    return {rule.id for rule in rules if not names.isdisjoint(rule.when.reads)}


def _held_back(tally: ImpactTally, policies: tuple[Policy, Policy], now: datetime) -> HeldBack | None:
    whole = in_full(*policies, now)
    if whole is None:
        return None
    return HeldBack(rules=list(whole.rules), **_movers(tally, HELD_BACK))


def _movers(tally: ImpactTally, moment: datetime | str) -> dict[str, Any]:
    """The fields of ``MoversAtMoment`` at a moment, or at what stands for one."""
    cells = {label: (label,) if moment == AT_ONCE else later_cell(moment, label) for label in LABELS}
    newly = {label: _newly(tally, cell) for label, cell in cells.items()}
    values = {
        dimension: {row.value for each in newly.values() for row in each.by[dimension]}
        for dimension in ("kind", "group")
    }
    by = {
        dimension: {
            value: tally.people.count(*((*cell, dimension, value) for cell in cells.values()))
            for value in sorted(found)
        }
        for dimension, found in values.items()
    }
    people, out = tally.people.count(*cells.values()), tally.people.count(later_cell(moment, OUT))
    nobodys = tally.subjects[later_cell(moment, NOBODYS)]
    return {"newly": newly, "moved": PeopleMoved(people=people, out=out, by=by, nobodys=nobodys)}


def _count(tally: ImpactTally, cell: tuple[str, ...]) -> dict[str, Any]:
    return {"people": tally.people.count(cell), "devices": tally.subjects[cell]}


_MOST = 1000
"""How many activations are read. If there were more, no app counts as reported."""


async def catalogs_since(store: Store, active: Activation, since: datetime) -> list[AppCatalog]:
    """The catalogues of all versions in force from ``since`` on, up to the active one. Raises StoreUnavailableError."""
    history = await store.policies.history(_MOST)
    numbers, whole = dict[int, None](), len(history) < _MOST
    for each in history:
        if each.serial <= active.serial:
            numbers[each.number] = None
            if each.at <= since:
                whole = True
                break
    found = [await _catalog(store, number) for number in numbers]
    return found if whole else [*found, AppCatalog()]


async def _catalog(store: Store, number: int) -> AppCatalog:
    """The catalogue of one version; empty if it cannot be read, or was changed in the store."""
    version = await store.policies.sound(number)
    if version is None:
        return AppCatalog()
    try:
        return (await compute(compile_rules, version.texts)).policy.catalog
    except ConfigError:
        return AppCatalog()


def unreported(reported: Sequence[AppCatalog], old: Policy, new: Policy) -> list[str]:
    """Names of apps for which new rules may keep people out, and which some report, made with one of the ``reported``
    catalogues, cannot mention: it has the apps of its time, by their identifiers of that time."""
    if {new.default.effect, *(rule.effect for rule in new.rules)} == {Effect.ALLOW}:
        return []
    read = frozenset[str]().union(*(rule.when.reads for rule in new.rules))
    by_name, by_list = "device.apps" in read, not read.isdisjoint({"device.lists", *OF_LOOKS})
    listed = {key for keys in new.catalog.lists.values() for key in keys}
    return [
        app.name
        for key, app in new.catalog.apps.items()
        if (by_name or (by_list and key in listed))
        and any(_identifiers(each, key) != _identifiers(new.catalog, key) for each in reported)
        and not _same(old, new, key)
    ]


def _identifiers(catalog: AppCatalog, key: str) -> object:
    app: ListedApp | None = catalog.apps.get(key)
    return app and (app.identifiers(), frozenset(plain_name(each) for each in app.publishers))


def _same(old: Policy, new: Policy, key: str) -> bool:
    return (
        (_written(old), old.default) == (_written(new), new.default)
        and _identifiers(old.catalog, key) == _identifiers(new.catalog, key)
        and old.catalog.lists_of([key]) == new.catalog.lists_of([key])
    )


def _written(policy: Policy) -> list[object]:
    return [(rule.when.text, rule.model_dump(exclude={"when"})) for rule in policy.rules]
