"""Announcing a rule: who is to be written to, and one mailing for each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mailgate.config import Bundle, Rules
from mailgate.mail.recipients import Device, Progress, Recipients, everybody, recipients_of
from mailgate.mail.topic import Topic
from mailgate.model import Effect
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.rollout.acts import Person
from mailgate.rollout.plan import DAYS
from mailgate.rollout.population import Population
from mailgate.rollout.replay import Lists
from mailgate.store import Act, Activation, Mailing, Store

AddressOf = Callable[[str], str]
"""The company address of a login name, or nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What decides the worth of what is stored: how old a report may be, whom to believe, how many days of sightings."""

    max_age: timedelta
    precedence: tuple[str, ...]
    days: int
    groups: Groups = NO_GROUPS
    """Who is in which group: rules may be for some alone."""

    def population(self, store: Store, rules: Rules, now: datetime) -> Population:
        """Everybody in the store as the lists of these rules make them look."""
        lists = Lists(rules.policy.catalog, self.max_age, self.precedence)
        since = (now - timedelta(days=self.days)).date()
        return Population(store, lists, lists, since, now, self.groups)


def known_of(bundle: Bundle) -> Known:
    """What decides the worth of what is stored by these files, as in a plan."""
    posture = bundle.settings.posture
    return Known(posture.max_age, tuple(posture.precedence), DAYS, bundle.groups)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Mailings to be queued, and whom they leave out."""

    mailings: tuple[Mailing, ...]
    """To people who have no such mail yet, by address."""
    told_before: int
    unaddressed: tuple[str, ...]
    """People without an address of the company's, by login name."""
    nameless: int
    undecided: tuple[str, ...]
    """People of whom it cannot be told whether it is about them, by login name."""

    @property
    def no_address(self) -> int:
        return len(self.unaddressed)

    @property
    def untold(self) -> int:
        return len(self.undecided)


async def announce(
    store: Store,
    rules: Rules,
    active: Activation,
    topic: Topic,
    known: Known,
    address_of: AddressOf,
    now: datetime,
    progress: Progress,
) -> Announcement:
    """Find everybody whom the topic is about. Nothing is queued yet. Raises StoreUnavailableError."""
    population = known.population(store, rules, now)
    found = await recipients_of(rules.policy, topic.rule.id, topic.at, everybody(population, progress))
    taken_back = await store.retractions.last_of(active.number)
    languages = await store.languages.of(found.people)
    mailings: dict[str, Mailing] = {}
    for login in sorted(found.people):
        facts = facts_of(topic, found, login, languages.get(login, ""))
        made = Mailing(
            address_of(login),
            login,
            topic.rule.id,
            active.number,
            topic.kind,
            taken_back,
            facts,
            now,
            topic.until,
        )
        mailings[made.address or f" {login}"] = _joined(mailings.get(made.address), made)
    addressed = {address: each for address, each in mailings.items() if each.address}
    before = await store.mailings.known(next(iter(addressed.values()))) if addressed else set()
    return Announcement(
        tuple(addressed[address] for address in sorted(addressed.keys() - before)),
        len(addressed.keys() & before),
        tuple(each.login for each in mailings.values() if not each.address),
        found.nameless,
        tuple(sorted(found.untold - found.people.keys())),
    )


async def queue(store: Store, announcement: Announcement, person: Person, topic: Topic, now: datetime) -> int:
    """Queue the mailings, and write down who did. Returns how many were queued that were not yet."""

    def act(count: int) -> Act:
        told = person.act(now, "notices-queued")
        about = f"rule {topic.rule.id}"
        return replace(told, about=about, details={"kind": topic.kind.value, "mails": count})

    return await store.mailings.queue(announcement.mailings, act)


def facts_of(topic: Topic, found: Recipients, login: str, language: str) -> dict[str, Any]:
    """What the mail to one person says, as plain data."""
    rule = topic.rule
    return {
        "language": language,
        "title": rule.title or "",
        "contact": rule.notice.contact or "",
        "warns": rule.effect is Effect.WARN,
        "warn_at": _instant(topic.warn_at),
        "enforce_at": _instant(topic.enforce_at),
        "devices": [_plain(each) for each in sorted(found.people.get(login, ()))],
        "laptop_free": found.laptop_free(login),
    }


def _joined(one: Mailing | None, other: Mailing) -> Mailing:
    """Two login names of one address are one person: one mail about the devices of both."""
    if one is None or not one.address:
        return other
    facts: dict[str, Any] = dict(one.facts)
    facts["devices"] = [*facts["devices"], *_others(facts["devices"], other.facts["devices"])]
    facts["laptop_free"] = facts["laptop_free"] and other.facts["laptop_free"]
    facts["language"] = facts["language"] or other.facts["language"]
    return replace(one, facts=facts)


def _others(known: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    seen = list(known)
    return [each for each in more if each not in seen]


def _plain(device: Device) -> dict[str, Any]:
    return device._asdict() | {"apps": list(device.apps)}


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
