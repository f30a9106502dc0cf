"""The number of people and devices that have each listed app, and that are kept out, day by day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from mailgate.config import Bundle
from mailgate.model.fact import Day, Fact
from mailgate.store import Store
from mailgate.store.app_counts import AppDay


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


async def trends_of(store: Store, bundle: Bundle, now: datetime, days: int) -> list[AppTrend]:
    """The apps that some device has, those that keep most people out first. Raises StoreUnavailableError."""
    found: dict[str, list[AppDay]] = {}
    for each in await store.app_counts.since(now.date() - timedelta(days=days - 1)):
        found.setdefault(each.app, []).append(each)
    name_of = bundle.policy.catalog.name_of
    trends = [
        AppTrend(app=app, name=name_of(app), days=[on_day(each) for each in told])
        for app, told in found.items()
        if any(each.devices for each in told)
    ]
    return sorted(trends, key=lambda each: (-each.last.kept_out_people, -each.last.people, each.name))


def on_day(each: AppDay) -> AppOnDay:
    """One stored count as a fact."""
    return AppOnDay(
        day=each.day,
        people=each.people,
        devices=each.devices,
        kept_out_people=each.kept_out_people,
        kept_out_devices=each.kept_out_devices,
    )
