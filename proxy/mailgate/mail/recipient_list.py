"""The recipient list of a notice: everybody whom its rule is about, each once, with their mail."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailgate.config import Bundle, Rules
from mailgate.devices.posture import PostureTerms
from mailgate.mail.audience import Audience, Progress, audience_of, everybody
from mailgate.mail.topic import Topic
from mailgate.model import Effect
from mailgate.model.notice import Notice
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.rollout.person import Person
from mailgate.rollout.plan import DAYS
from mailgate.rollout.population import Population
from mailgate.rollout.replay import PostureInputs
from mailgate.store import Act, Activation, Mail, Store

AddressOf = Callable[[str], str]
"""Returns the company address of a login name; empty if it has none."""


@dataclass(frozen=True, slots=True)
class DataScope:
    """The stored reports and sightings that are used: how far reports are believed, and the days."""

    terms: PostureTerms
    days: int
    groups: Groups = NO_GROUPS
    """The members of groups, since a rule may be about some groups alone."""

    def population(self, store: Store, rules: Rules, now: datetime) -> Population:
        """Everybody in the store, with the apps that these rules list."""
        lists = PostureInputs(rules.policy.catalog, self.terms)
        since = (now - timedelta(days=self.days)).date()
        return Population(store, lists, lists, since, now, self.groups)


def data_scope_of(bundle: Bundle) -> DataScope:
    """The stored data that is used by these files, as for a plan."""
    return DataScope(bundle.posture_terms, DAYS, bundle.groups)


@dataclass(frozen=True, slots=True)
class RecipientList:
    """The mails to be queued, and the people who get none."""

    mails: tuple[Mail, ...]
    """One mail to each person who does not have it yet, by address."""
    written_before: int
    """How many people already have it."""
    unaddressed: tuple[str, ...]
    """Login names without an address in the company's domain."""
    nameless: int
    """How many devices and clients without a known owner the rule is about."""
    undecided: tuple[str, ...]
    """Login names for which it is unknown whether the rule is about them."""


async def list_recipients(
    store: Store,
    rules: Rules,
    active: Activation,
    topic: Topic,
    data_scope: DataScope,
    address_of: AddressOf,
    now: datetime,
    progress: Progress,
) -> RecipientList:
    """Find everybody whom the rule is about. Nothing is queued yet. Raises StoreUnavailableError."""
    population = data_scope.population(store, rules, now)
    found = await audience_of(rules.policy, topic.rule.id, topic.at, everybody(population, progress))
    taken_back = await store.retractions.last_of(active.number)
    languages = await store.languages.of(found.people)
    mails: dict[str, Mail] = {}
    for login in sorted(found.people):
        notice = notice_about(topic, found, login, languages.get(login, ""))
        made = Mail(
            address_of(login),
            login,
            topic.rule.id,
            active.number,
            topic.kind,
            taken_back,
            notice,
            now,
            topic.until,
        )
        mails[made.address or f" {login}"] = _joined(mails.get(made.address), made)
    addressed = {address: each for address, each in mails.items() if each.address}
    before = await store.mails.known(next(iter(addressed.values()))) if addressed else set()
    return RecipientList(
        tuple(addressed[address] for address in sorted(addressed.keys() - before)),
        len(addressed.keys() & before),
        tuple(each.login for each in mails.values() if not each.address),
        found.nameless,
        tuple(sorted(found.undecided - found.people.keys())),
    )


async def queue(store: Store, recipients: RecipientList, person: Person, topic: Topic, now: datetime) -> int:
    """Queue the mails, and write an audit entry. Returns how many were not queued before."""

    def act(count: int) -> Act:
        entry = person.act(now, "notices-queued")
        about = f"rule {topic.rule.id}"
        return replace(entry, about=about, details={"kind": topic.kind.value, "mails": count})

    return await store.mails.queue(recipients.mails, act)


def notice_about(topic: Topic, audience: Audience, login: str, language: str) -> Notice:
    """The notice for the mail to one person."""
    rule = topic.rule
    return Notice(
        topic.kind,
        language,
        title=rule.title or "",
        contact=rule.notice.contact or "",
        warns=rule.effect is Effect.WARN,
        warn_at=topic.warn_at,
        enforce_at=topic.enforce_at,
        devices=tuple(sorted(audience.people.get(login, ()))),
        laptop_allowed=audience.laptop_allowed(login),
    )


def _joined(one: Mail | None, other: Mail) -> Mail:
    """Merge the mails to one address: two login names with one address are one person, who gets one mail about the
    devices of both."""
    if one is None or not one.address or one.notice is None or other.notice is None:
        return other
    first, second = one.notice, other.notice
    notice = replace(
        first,
        devices=tuple(dict.fromkeys((*first.devices, *second.devices))),
        laptop_allowed=first.laptop_allowed and second.laptop_allowed,
        language=first.language or second.language,
    )
    return replace(one, notice=notice)
