"""What a stored report is worth now: the one place where a posture's state is computed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from mailgate.model import Kind, Posture, PostureState
from mailgate.policy import AppCatalog
from mailgate.store.devices import Device


def posture_of(device: Device, catalog: AppCatalog, max_age: timedelta, now: datetime) -> Posture:
    """The posture of ``device`` under today's lists; a report older than ``max_age`` is stale."""
    apps = tuple(sorted(device.apps & catalog.apps.keys()))
    lists = catalog.lists_of(apps)
    return Posture(
        state=_state(device, bool(lists), max_age, now),
        device_id=device.id,
        kind=device.kind,
        os=device.os,
        os_version=device.os_version,
        managed=device.managed,
        owner=device.owner,
        apps=apps,
        lists=lists,
        source=device.source,
        reported_at=device.reported_at,
        expires_at=expiry(device, max_age),
    )


_RESTRICTION = (
    PostureState.PROHIBITED,
    PostureState.MISSING,
    PostureState.UNAVAILABLE,
    PostureState.STALE,
    PostureState.PARTIAL,
    PostureState.CLEAN,
)
"""The most restrictive first."""


def stricter(one: Posture, other: Posture) -> Posture:
    """The more restrictive of two postures; the first of two that are alike."""
    return min((one, other), key=lambda posture: _RESTRICTION.index(posture.state))


def posture_of_person(
    devices: Iterable[Device], catalog: AppCatalog, max_age: timedelta, now: datetime
) -> Posture:
    """The most restrictive posture among somebody's devices, computers left out; ``missing`` where there is none.

    For a client that cannot be told from the person's others: docs/side-door.md says why.
    """
    postures = [posture_of(each, catalog, max_age, now) for each in devices if each.kind is not Kind.LAPTOP]
    return min(postures, key=lambda posture: _RESTRICTION.index(posture.state), default=Posture())


def expiry(device: Device, max_age: timedelta) -> datetime | None:
    """When the report stops to count: by its own word or by age, whichever comes first."""
    ends = [device.expires_at, device.reported_at and device.reported_at + max_age]
    return min((end for end in ends if end), default=None)


def _state(device: Device, listed: bool, max_age: timedelta, now: datetime) -> PostureState:
    if device.reported_at is None:
        return PostureState.MISSING
    if listed:  # however old: an app does not go away by silence
        return PostureState.PROHIBITED
    end = expiry(device, max_age)
    if end is None or now >= end:
        return PostureState.STALE
    if not device.apps_complete or device.status == "contraindicated":
        return PostureState.PARTIAL
    return PostureState.CLEAN
