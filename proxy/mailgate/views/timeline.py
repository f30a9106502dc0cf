"""What became of a device, in the order in which it did: what was reported, decided and written to somebody."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import with_config

from mailgate.devices.device import Device
from mailgate.devices.names import EAS
from mailgate.devices.posture import owner_of
from mailgate.model.fact import DESCRIBED
from mailgate.store import Mail, QuarantineMail, Recorded, Store
from mailgate.views.notices import WORDS


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class Event:
    """One thing that became of a device."""

    at: datetime
    """When."""
    what: Literal["report", "decision", "notice", "finding", "lost", "first"]
    """What it was."""
    words: str
    """The same in words."""
    about: str = ""
    """The effect of a decision; otherwise empty."""
    id: str = ""
    """The id of the sighting of a decision; otherwise empty."""


async def story_of(
    store: Store, device: Device, seen: Iterable[Recorded], precedence: Sequence[str] = ()
) -> list[Event]:
    """The timeline of a device with the mails that are stored. Raises StoreUnavailableError.

    :param precedence: the source that is believed first about who owns the device.
    """
    names = [text for kind, text in device.names if kind == EAS]
    refusals = await store.people.quarantine_mails_about([device.id, *sorted(device.former), *names])
    owner = owner_of(device, precedence)
    return timeline(device, seen, refusals, await store.people.mails(owner, []) if owner else [])


def timeline(
    device: Device, seen: Iterable[Recorded], refusals: Iterable[QuarantineMail], mails: Iterable[Mail] = ()
) -> list[Event]:
    """The newest first.

    :param refusals: quarantine mails about the device.
    :param mails: mails about rules to its owner.
    """
    events = [*_of_device(device), *_decided(seen), *_written(mails)]
    events += [
        Event(each.written_at, "notice", f"A mail was written about {each.reason}") for each in refusals
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _of_device(device: Device) -> Iterator[Event]:
    yield Event(device.first_seen, "first", "It was heard of for the first time")
    for each in device.reports:
        if each.reported_at:
            apps = f"has {', '.join(sorted(each.apps))}" if each.apps else "has no listed app"
            part = "" if each.apps_complete else ", as far as could be seen"
            yield Event(each.reported_at, "report", f"{each.source} saw that it {apps}{part}")
        elif each.gone:
            yield Event(each.last_seen, "report", f"{each.source} does not have it any more")
        else:
            yield Event(each.last_seen, "report", f"{each.source} reported it, and nothing of its apps")
    for found in device.findings:
        yield Event(found.since, "finding", f"{found.reason}: {found.detail}")
    if device.lost_at:
        yield Event(device.lost_at, "lost", "It was marked as lost: it gets nothing")


def _written(mails: Iterable[Mail]) -> Iterator[Event]:
    for each in mails:
        about = (
            f"the rule {each.rule}: {WORDS[each.kind]}"
            if each.rule
            else f"version {each.version}: it was taken back"
        )
        yield Event(
            each.changed_at or each.queued_at,
            "notice",
            f"A mail to {each.login} about {about} ({each.state})",
        )


def _decided(seen: Iterable[Recorded]) -> Iterator[Event]:
    for each in seen:
        sighting, tally = each.sighting, each.tally
        times = f", {tally.times:,} times since {tally.first:%Y-%m-%d %H:%M} UTC" if tally.times > 1 else ""
        words = f"{sighting.reason} by {sighting.rule}, {sighting.client.kind} over {sighting.client.protocol}{times}"
        yield Event(tally.last, "decision", words, sighting.effect, each.id)
