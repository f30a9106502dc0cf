"""One search for everything that an admin may know of a case: a name, an id, an address, a reference."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from mailgate.config import Bundle
from mailgate.console.devices.mail_status import name_of
from mailgate.console.explain.requests import posture_now
from mailgate.devices.device import Device
from mailgate.devices.names import bare, logins, references
from mailgate.model.fact import Fact, Words
from mailgate.model.phrase import phrase
from mailgate.policy.people import user_text
from mailgate.store import Store

SIZE = 20
"""How many hits of each sort are returned at once."""
LONGEST = 256
"""The longest search text, in characters; the rest is ignored."""


class Hit(Fact):
    """A person, device or refusal that matches."""

    what: Literal["person", "device", "refusal"]
    """What it is."""
    id: str
    """The login name of a person, the id of a device, the reference of a refusal."""
    words: Words
    """What it is, in words."""
    person: str
    """The login name of the owner; empty if unknown."""


class Hits(Fact):
    """A page of hits."""

    items: list[Hit]
    """Exact names first, then names that begin with the text, then people whose name contains it."""
    next: str | None
    """The login name to continue after, among people whose name contains the text; null at the end."""


async def find(store: Store, bundle: Bundle, text: str, now: datetime, after: str = "") -> Hits:
    """Find what matches a text. Raises StoreUnavailableError."""
    text = text.strip()[:LONGEST]
    if not text:
        return Hits(items=[], next=None)
    part = _bare(bundle, bare(text) or text)
    if after:
        within = await store.search.people_with(part, SIZE, after)
        return Hits(items=[_person(login) for login in within.rows], next=within.after)
    exact = await _exact(store, bundle, text, now)
    known = _once([*exact, *await _begins(store, bundle, text, now)])
    if exact:
        return Hits(items=known, next=None)
    within = await store.search.people_with(part, SIZE)
    return Hits(items=_once([*known, *map(_person, within.rows)]), next=within.after)


async def _exact(store: Store, bundle: Bundle, text: str, now: datetime) -> list[Hit]:
    """The hits with exactly this name. If there are any, no other hits are needed."""
    wanted = _logins(bundle, text)
    people = [each for login in wanted for each in await store.search.people(login, 1) if each == login]
    devices = await store.search.called(text, SIZE)
    return [
        *await _refusals(store, text),
        *map(_person, people),
        *(_device(each, bundle, now) for each in devices),
    ]


async def _begins(store: Store, bundle: Bundle, text: str, now: datetime) -> list[Hit]:
    logins = [login for name in _logins(bundle, text) for login in await store.search.people(name, SIZE)]
    devices = await store.search.devices(text, SIZE)
    return [*map(_person, logins), *(_device(each, bundle, now) for each in devices)]


def _logins(bundle: Bundle, text: str) -> list[str]:
    """The logins that the text may stand for, the most likely first."""
    spelled = logins(text)
    return list(
        dict.fromkeys(user_text(each) for each in (*(_bare(bundle, name) for name in spelled), *spelled))
    )


def _bare(bundle: Bundle, text: str) -> str:
    """The login in a login or an address. An address must be in the mail domain of the settings."""
    person, notices = bundle.settings.logins.person(text), bundle.settings.notices
    name, at, host = person.partition("@")
    ours = notices is not None and at and user_text(host) == user_text(notices.domain)
    return name if ours else person


async def _refusals(store: Store, text: str) -> list[Hit]:
    for reference in references(text):
        seen, asked = await store.sightings.find(reference), await store.help_requests.by_reference(reference)
        if seen is not None:
            return [_refusal(reference, seen.sighting.rule, seen.sighting.user)]
        if asked is not None:
            words = phrase("Asked for help, help number %(reference)s", reference=reference)
            return [_person(asked.person).model_copy(update={"words": words})] if asked.person else []
    return []


def _refusal(reference: str, rule: str, person: str) -> Hit:
    words = phrase("Decided by “%(rule)s”", rule=rule)
    return Hit(what="refusal", id=reference, words=words, person=user_text(person))


def _person(login: str) -> Hit:
    return Hit(what="person", id=login, words=phrase("Person"), person=login)


def _device(device: Device, bundle: Bundle, now: datetime) -> Hit:
    posture = posture_now(device, bundle, now)
    return Hit(what="device", id=device.id, words=name_of(posture), person=user_text(posture.owner))


def _once(hits: Iterable[Hit]) -> list[Hit]:
    found: dict[tuple[str, str], Hit] = {}
    for each in hits:
        found.setdefault((each.what, each.id), each)
    return list(found.values())
