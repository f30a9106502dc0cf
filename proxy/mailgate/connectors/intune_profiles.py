"""Intune's profiles that hide apps on supervised iPhones and iPads, and which of them a device has applied.

A state is of a profile and names the version of it; Graph keeps no content of older ones, so only the current version counts, on
a device that called after its last change. On Android the same is not believed: Graph does not say whether a private space is
allowed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from mailgate.connectors.apple_restrictions import Bundles, keeps_out
from mailgate.connectors.http import ApiClient
from mailgate.connectors.inventory import flag, instant, listed, text
from mailgate.connectors.paging import pages_by_link
from mailgate.devices.device import SOURCE_AHEAD
from mailgate.model import Denial
from mailgate.model.device import NotDenied

_PROFILES = "/v1.0/deviceManagement/deviceConfigurations"
_RESTRICTIONS = "#microsoft.graph.iosGeneralDeviceConfiguration"
_COUNTS_FOR = timedelta(hours=24)


class AppProfile(NamedTuple):
    """A profile with restrictions of apps (``appsVisibilityList``)."""

    name: str
    changed: datetime | None
    version: str
    hidden: frozenset[str] = frozenset()
    """The bundle ids of the apps that it hides."""
    shown: frozenset[str] | None = None
    """The bundle ids of the only apps that it shows; None if it shows all others."""


async def app_profiles(client: ApiClient, names: Iterable[str]) -> list[AppProfile]:
    """The profiles of these names, without those whose name another profile has too: the state of a profile names it by that alone.
    Raises ``SourceError``."""
    wanted = frozenset(names)
    named = [
        found
        async for page in pages_by_link(client, _PROFILES)
        for found in page
        if text(found, "displayName") in wanted
    ]
    times = Counter(text(found, "displayName") for found in named)
    return [
        _profile(found)
        for found in named
        if text(found, "@odata.type") == _RESTRICTIONS and times[text(found, "displayName")] == 1
    ]


def _profile(found: Any) -> AppProfile:
    apps = frozenset(text(app, "appId") for app in listed(found, "appsVisibilityList") or []) - {""}
    kind = text(found, "appsVisibilityListType")
    return AppProfile(
        text(found, "displayName"),
        instant(found, "lastModifiedDateTime"),
        text(found, "version"),
        apps if kind == "appsNotInListCompliant" else frozenset(),
        apps if kind == "appsInListCompliant" else None,
    )


async def states_of(client: ApiClient, device_id: str) -> list[Mapping[str, Any]]:
    """What a device says to the profiles that it has. Raises ``SourceError``."""
    target = f"/v1.0/deviceManagement/managedDevices/{quote(device_id, safe='')}/deviceConfigurationStates"
    return [state async for page in pages_by_link(client, target) for state in page]


def hidden_apps(
    device: Mapping[str, Any],
    states: Iterable[Any],
    profiles: Sequence[AppProfile],
    apps: Bundles,
    now: datetime,
) -> Denial | None:
    """What the profiles keep from running that a ``managedDevice`` has applied; None if it never called, or by a clock that is wrong."""
    at = instant(device, "lastSyncDateTime")
    if at is None or at > now + SOURCE_AHEAD:
        return None
    at = min(at, now)
    if flag(device, "isSupervised") is not True:
        return Denial(frozenset(), at, failed=NotDenied.NOT_SUPERVISED)
    if not profiles:
        return Denial(frozenset(), at, failed=NotDenied.POLICY_UNREAD)
    told = list(states)
    applied = [each for each in profiles if _is_applied(each, told, at)]
    denied = frozenset(
        key for key, ids in apps.items() if any(keeps_out(each.hidden, each.shown, ids) for each in applied)
    )
    failed = NotDenied.POLICY_NOT_APPLIED if len(applied) < len(profiles) else NotDenied.APP_NOT_BLOCKED
    by = ", ".join(f"{each.name} {each.version}" for each in applied)
    return Denial(denied, at, at + _COUNTS_FOR, by, failed if apps.keys() - denied else "")


def _is_applied(profile: AppProfile, states: Iterable[Any], synced: datetime) -> bool:
    """Whether all states of this profile say that its current version is applied."""
    ours = [each for each in states if text(each, "displayName") == profile.name]
    return (
        bool(ours)
        and profile.changed is not None
        and profile.changed < synced
        and all(
            (text(each, "state"), text(each, "version")) == ("compliant", profile.version) for each in ours
        )
    )
