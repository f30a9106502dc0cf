"""Intune's compliance policies that look for listed apps, and what a device says to them.

``complianceState`` alone does not say that an app was looked for: a device without a policy is compliant by default, and a
setting in error keeps the last state for a week. So the states of the named policies are read for each device. Only the beta
of Graph has the apps of a policy, with bundle ids (``restrictedApps``); Intune has that setting for iPhones and iPads, and
for Android under its device administrator. Names and values that a state gives for a setting are not read: they may name
private apps.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from mailgate.connectors.apple_restrictions import Bundles, keeps_out
from mailgate.connectors.http import ApiClient, pages_by_link
from mailgate.connectors.inventory import flag, instant, listed, text, value
from mailgate.connectors.setup import Setup
from mailgate.errors import SourceError, Trouble
from mailgate.model import Compliance, Denial
from mailgate.model.device import NotDenied
from mailgate.model.phrase import joined_by_and, joined_names, phrase

_POLICIES = "/beta/deviceManagement/deviceCompliancePolicies"
_SETTINGS = "/v1.0/deviceManagement"
_SYSTEMS = {
    "#microsoft.graph.iosCompliancePolicy": "ios",
    "#microsoft.graph.androidCompliancePolicy": "android",
}
"""The policies that can look for apps."""
_MET = frozenset({"compliant", "remediated"})
_FAULTS = frozenset({"error", "conflict"})


class AppPolicy(NamedTuple):
    """A policy that looks for apps."""

    name: str
    system: str
    changed: datetime | None
    version: int
    apps: frozenset[str]
    """Keys of the listed apps that it looks for under all their ids; none if its name is not its own, since what a device says to a
    policy names it by that alone."""


async def app_policies(client: ApiClient, names: Collection[str], setup: Setup) -> list[AppPolicy]:
    """The policies of these names. Raises ``SourceError``."""
    policies = [_policy(found, setup) for found in await _called(client, _POLICIES, names)]
    shared = _shared(policies)
    return [each._replace(apps=frozenset()) if each.name in shared else each for each in policies]


async def _called(client: ApiClient, target: str, names: Collection[str]) -> list[Mapping[str, Any]]:
    """What has one of these names. Nothing is asked if there are none."""
    pages = [page async for page in pages_by_link(client, target)] if names else []
    return [found for page in pages for found in page if text(found, "displayName") in names]


def _shared(policies: Iterable[AppPolicy]) -> list[str]:
    """The names that several of these policies have."""
    return sorted(name for name, count in Counter(each.name for each in policies).items() if count > 1)


def _policy(found: Any, setup: Setup) -> AppPolicy:
    system = _SYSTEMS.get(text(found, "@odata.type"), "")
    ids = {text(app, "appId").casefold() for app in listed(found, "restrictedApps") or []}
    question = setup.catalog.question(system) if system else {}
    changed, version = instant(found, "lastModifiedDateTime"), value(found, "version")
    number = version if isinstance(version, int) else 0
    apps = frozenset(key for key, ours in question.items() if {each.casefold() for each in ours} <= ids)
    return AppPolicy(text(found, "displayName"), system, changed, number, apps)


async def word_on(
    client: ApiClient, device_id: str, policies: Sequence[AppPolicy], synced: datetime | None
) -> tuple[frozenset[str], bool]:
    """What a device, that called at this time, says to these policies: the listed apps that were looked for and not found, after the
    last change of their policy; and whether a setting could not be judged, so that the device may have kept an older state. Raises
    ``SourceError``."""
    target = f"/v1.0/deviceManagement/managedDevices/{quote(device_id, safe='')}/deviceCompliancePolicyStates"
    states = [state async for page in pages_by_link(client, target) for state in page]
    apps = frozenset[str]().union(*(each.apps for each in policies if _all_meet(states, each, synced)))
    return apps, any(text(state, "state") in _FAULTS for state in states)


def _all_meet(states: Iterable[Any], policy: AppPolicy, synced: datetime | None) -> bool:
    """Whether the policy was judged, and met for each person of the device."""
    ours = [state for state in states if text(state, "displayName") == policy.name]
    return bool(ours) and all(_meets(state, policy, synced) for state in ours)


def _meets(state: Any, policy: AppPolicy, synced: datetime | None) -> bool:
    """Whether the policy as it is now was judged and met."""
    version = value(state, "version")
    return (
        text(state, "state") in _MET
        and synced is not None
        and policy.changed is not None
        and synced > policy.changed
        and (not isinstance(version, int) or version >= policy.version)
    )


VERDICTS = {
    "compliant": Compliance.COMPLIANT,
    "noncompliant": Compliance.NONCOMPLIANT,
    "inGracePeriod": Compliance.GRACE,
}
"""The words of ``complianceState`` that are a verdict; all others, like ``conflict``, are none."""


async def shortcomings(client: ApiClient, names: Sequence[str], setup: Setup) -> list[str]:
    """What keeps the verdict from meaning what it should; nothing if no policies are named and the right is missing."""
    found = await app_policies(client, names, setup)
    try:
        settings = await client.find(_SETTINGS, [("$select", "settings")])
    except SourceError as error:
        if names or error.trouble is not Trouble.RIGHT:
            raise
        return []
    return [*_of_policies(found, names, setup), *_of_tenant(settings)]


def _of_policies(found: Sequence[AppPolicy], names: Sequence[str], setup: Setup) -> Iterator[str]:
    for name in sorted({*names} - {policy.name for policy in found}):
        yield phrase("Intune has no compliance policy that is called %(name)s", name=name)
    for name in _shared(found):
        yield phrase(
            "Intune has several compliance policies that are called %(name)s, so none of them counts",
            name=name,
        )
    for system in sorted({policy.system for policy in found if policy.system}):
        looked_for = frozenset[str]().union(*(each.apps for each in found if each.system == system))
        if missing := setup.catalog.with_id(system) - looked_for:
            yield phrase(
                "no policy of `app_policies` looks for %(apps)s on %(system)s, so `device.compliance_apps` is false there",
                apps=joined_names(sorted(map(setup.catalog.name_of, missing)), joined_by_and),
                system=system,
            )
    for policy in found:
        if not policy.system:
            yield phrase(
                "the compliance policy %(name)s is of a system of which Intune looks for no apps",
                name=policy.name,
            )


def _of_tenant(settings: Any) -> Iterator[str]:
    if flag(settings, "settings", "secureByDefault") is not True:
        yield phrase(
            "Intune counts devices without a compliance policy as compliant; "
            'set "Mark devices with no compliance policy assigned as" to "Not compliant"'
        )


_PROFILES = "/v1.0/deviceManagement/deviceConfigurations"
_RESTRICTIONS = "#microsoft.graph.iosGeneralDeviceConfiguration"
_COUNTS_FOR = timedelta(hours=24)


class AppProfile(NamedTuple):
    """A profile with restrictions of apps (``appsVisibilityList``), of supervised iPhones and iPads.

    A state names the version of the profile; Graph keeps no content of older ones, so only the current version counts, on a device
    that called after its last change. On Android the same is not believed: Graph does not say whether a private space is allowed.
    """

    name: str
    changed: datetime | None
    version: str
    hidden: frozenset[str] = frozenset()
    """The bundle ids of the apps that it hides."""
    shown: frozenset[str] | None = None
    """The bundle ids of the only apps that it shows; None if it shows all others."""


async def app_profiles(client: ApiClient, names: Collection[str]) -> list[AppProfile]:
    """The profiles of these names but those that share a name, by which alone a state tells them apart."""
    named = await _called(client, _PROFILES, names)
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
    """What the profiles keep from running that a ``managedDevice`` has applied; None if it never called."""
    at = instant(device, "lastSyncDateTime")
    if at is None:
        return None
    if flag(device, "isSupervised") is not True:
        return Denial(frozenset(), at, failed=NotDenied.NOT_SUPERVISED)
    if not profiles:
        return Denial(frozenset(), at, failed=NotDenied.POLICY_UNREAD)
    told = list(states)
    applied = [each for each in profiles if _is_applied(each, told, min(at, now))]
    denied = frozenset(
        key for key, ids in apps.items() if any(keeps_out(each.hidden, each.shown, ids) for each in applied)
    )
    failed = NotDenied.POLICY_NOT_APPLIED if len(applied) < len(profiles) else NotDenied.APP_NOT_BLOCKED
    by = ", ".join(f"{each.name} {each.version}" for each in applied)
    return Denial(denied, at, at + _COUNTS_FOR, by, failed if apps.keys() - denied else "")


def _is_applied(profile: AppProfile, states: Iterable[Any], synced: datetime) -> bool:
    """Whether all states of this profile say that its current version is applied."""
    ours = [each for each in states if text(each, "displayName") == profile.name]
    if profile.changed is None or profile.changed >= synced:
        return False
    said = {(text(each, "state"), text(each, "version")) for each in ours}
    return said == {("compliant", profile.version)}
