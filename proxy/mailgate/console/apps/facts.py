"""Listed apps as facts: their lists, the rules for these lists, and the number of people and devices that have each. Their
trend is the same numbers day by day."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from mailgate.config import Bundle
from mailgate.model.fact import Day, Fact, Instant
from mailgate.policy import Policy
from mailgate.policy.reasons import apps_ruled_out
from mailgate.policy.rule_states import AppStanding, AppState, app_standings
from mailgate.policy.rules import Rule
from mailgate.store import Store
from mailgate.store.counts import AppDay


class AppOnDay(Fact):
    """The counts of one UTC day."""

    day: Day
    """The day."""
    people: int
    """People with a device that has the app."""
    devices: int
    """Devices that have the app."""
    kept_out_people: int
    """People with a device that gets no mail because of the app."""
    kept_out_devices: int
    """Devices that get no mail because of the app."""


class AppTrend(Fact):
    """A listed app and its counts by day."""

    app: str
    """Its key."""
    name: str
    """Its name."""
    days: list[AppOnDay]
    """Every day with counts, the oldest first."""

    @property
    def last(self) -> AppOnDay:
        return self.days[-1]


async def count_apps(store: Store, apps: Iterable[str], now: datetime) -> None:
    """Count the devices that have these apps now, from their rows. Raises StoreUnavailableError."""
    await store.app_counts.keep(await store.app_counts.count(apps, now))


async def _counts_since(store: Store, day: date) -> dict[str, list[AppDay]]:
    found: dict[str, list[AppDay]] = {}
    for each in await store.app_counts.since(day):
        found.setdefault(each.app, []).append(each)
    return found


async def trends_of(store: Store, bundle: Bundle, now: datetime, days: int) -> list[AppTrend]:
    """The apps that some device has, those that keep most people out first. Raises StoreUnavailableError."""
    found = await _counts_since(store, now.date() - timedelta(days=days - 1))
    name_of = bundle.policy.catalog.name_of
    trends = [
        AppTrend(app=app, name=name_of(app), days=list(map(AppOnDay.taken_from, told)))
        for app, told in found.items()
        if any(each.devices for each in told)
    ]
    return sorted(trends, key=lambda each: (-each.last.kept_out_people, -each.last.people, each.name))


DAYS = 30
"""The length of a trend, in days."""
WEEK = timedelta(days=7)


class RuleAbout(Fact):
    """A rule about an app."""

    rule: str
    """Its id."""
    title: str
    """Its title; its id if it has none."""


class AppFacts(Fact):
    """A listed app."""

    key: str
    """Its key in `apps.yaml`."""
    name: str
    """Its name."""
    vendor: str
    """The maker of the app; empty if `apps.yaml` does not name one."""
    lists: list[str]
    """The lists that it is on."""
    state: AppState
    """`prohibited` if a rule keeps devices out because of it today, otherwise `listed`."""
    prohibited_from: Instant | None
    """When it will be prohibited if nothing changes; null if it is already, or never will be."""
    kept_out_by: list[RuleAbout]
    """Rules about the app, by one of its lists or by its key, that keep devices out, today or when their stage has come."""
    kept_out_lists: list[str]
    """The lists of the app for which a rule keeps devices out."""
    people: int | None
    """How many people have a device with the app; null if they were not counted yet."""
    devices: int | None
    """How many devices have the app; null if they were not counted yet."""
    counted_at: Instant | None
    """When they were counted; null if they were not counted yet."""
    week: int | None
    """How many more devices have the app than a week ago, negative if fewer; null without counts from a week ago."""
    trend: list[AppOnDay]
    """The counts of the last 30 days, the oldest first, without days that have no counts."""


async def apps(store: Store, policy: Policy, now: datetime) -> list[AppFacts]:
    """Every listed app, the most frequent first. Raises StoreUnavailableError."""
    counts = await _counts_since(store, now.astimezone(UTC).date() - timedelta(days=DAYS - 1))
    standings = app_standings(policy, now)
    found = [_facts(key, policy, counts.get(key, []), standings[key]) for key in policy.catalog.apps]
    return sorted(found, key=lambda app: (-(app.people or 0), -(app.devices or 0), app.name.casefold()))


def _facts(key: str, policy: Policy, counts: list[AppDay], standing: AppStanding) -> AppFacts:
    app, lists = policy.catalog.apps[key], policy.catalog.lists_of([key])
    keeping = [rule for rule in policy.rules if rule.keeps_out]
    about = [rule for rule in keeping if key in apps_ruled_out(rule.when, policy.catalog)]
    last = counts[-1] if counts else None
    return AppFacts.taken_from(
        app,
        standing,
        prohibited_from=standing.prohibited_from,
        lists=list(lists),
        kept_out_by=[RuleAbout(rule=rule.id, title=str(rule.title or rule.id)) for rule in about],
        kept_out_lists=[name for name in prohibiting(keeping) if name in lists],
        people=last.people if last else None,
        devices=last.devices if last else None,
        counted_at=last.at if last else None,
        week=_since_a_week(counts),
        trend=list(map(AppOnDay.taken_from, counts)),
    )


def prohibiting(rules: Iterable[Rule]) -> list[str]:
    """The lists that these rules name, each once, in the order of the rules."""
    return list(dict.fromkeys(name for rule in rules for name in sorted(lists_named(rule))))


def lists_named(rule: Rule) -> frozenset[str]:
    """The lists that the condition of a rule looks for."""
    return rule.when.sought.get("device.lists", frozenset())


def _since_a_week(counts: list[AppDay]) -> int | None:
    if not counts:
        return None
    before = [each for each in counts if each.day <= counts[-1].day - WEEK]
    return counts[-1].devices - before[-1].devices if before else None
