"""Microsoft Intune: devices and listed apps, from Microsoft Graph v1.0.

Graph lists the apps of one device only in its beta. The stable way goes from the app to the devices: the list of
detected apps (``detectedApps``: name, publisher and platform, no bundle id) is read and matched, and the list of
devices only for listed apps. A device that is in none of those lists may have no inventory yet, so the lists of the
most common apps are read too, as witnesses: a device that is in no list at all has no inventory.
"""

import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Collection, Container, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from mailgate.config.sources.apis import IntuneSettings
from mailgate.connectors.http import pages_by_link
from mailgate.connectors.intune_policies import (
    VERDICTS,
    AppPolicy,
    AppProfile,
    app_policies,
    app_profiles,
    hidden_apps,
    shortcomings,
    states_of,
    word_on,
)
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text, value
from mailgate.connectors.logins import client_credentials
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Denial, Enrolment, ManagementVerdict, Threat
from mailgate.model.times import LONG_AGO

_V1 = "/v1.0/deviceManagement"
_BETA = "/beta/deviceManagement"
_FIELDS = (
    "id,userPrincipalName,emailAddress,operatingSystem,osVersion,model,serialNumber,easDeviceId,azureADDeviceId,"
    "managedDeviceOwnerType,deviceEnrollmentType,complianceState,jailBroken,lastSyncDateTime,managementAgent,"
    "isSupervised,partnerReportedThreatState"
)
_EVERY_WORD = {"Prefer": "include-unknown-enum-members"}
"""Without it v1.0 writes ``unknownFutureValue`` for kinds of enrolment that only its beta names."""
_ADMINISTRATORS = frozenset({"mdm", "easMdm"})
"""The agents of Android's device administrator; Android Enterprise has another."""
_ENTERPRISE = frozenset({"androidWorkProfile", "androidDedicatedAndFullyManaged"})
"""The platforms of apps of Android Enterprise, of which Intune lists the work profile alone."""
_CLOUD = "googleCloudDevicePolicyController"
"""The agent of Android Enterprise."""
_APPLE_KINDS = {
    "appleBulkWithUser": Enrolment.SUPERVISED,
    "appleBulkWithoutUser": Enrolment.SUPERVISED,
    "userEnrollment": Enrolment.DEVICE_ENROLMENT,
    "deviceEnrollmentManager": Enrolment.DEVICE_ENROLMENT,
    "appleUserEnrollment": Enrolment.USER_ENROLMENT,
    "appleUserEnrollmentWithServiceAccount": Enrolment.USER_ENROLMENT,
    "appleAccountDrivenUserEnrollment": Enrolment.USER_ENROLMENT,
}
_KINDS: Mapping[str, Mapping[str, Enrolment]] = {
    "ios": _APPLE_KINDS,
    "ipados": _APPLE_KINDS,
    "android": {
        "androidEnterpriseDedicatedDevice": Enrolment.DEDICATED,
        "androidEnterpriseFullyManaged": Enrolment.FULLY_MANAGED,
        "androidEnterpriseCorporateWorkProfile": Enrolment.WORK_PROFILE_COMPANY,
    },
}
"""The words of ``deviceEnrollmentType`` that tell the enrolment by themselves, by system."""
_THREATS = {
    "": Threat.NONE,
    "secured": Threat.SECURED,
    "lowSeverity": Threat.LOW,
    "mediumSeverity": Threat.MEDIUM,
    "highSeverity": Threat.HIGH,
    "compromised": Threat.COMPROMISED,
}
"""The words of ``partnerReportedThreatState``. Those about the state of the partner's own app say nothing."""
_IDLE = 3
"""After this many witnesses in a row without a new device, no more are read."""
_LATE = timedelta(hours=24)
"""How long after a device's call its apps may still appear in Graph."""


class _SeenApps(NamedTuple):
    """What Intune's app lists have of a device."""

    apps: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    """The platforms of all its apps that were read."""


@connects(IntuneSettings)
class Intune(ApiConnector):
    """The managed devices of one tenant."""

    tells_changes = True

    def __init__(self, setup: Setup, settings: IntuneSettings) -> None:
        login = client_credentials(
            f"{settings.login_url}/{settings.tenant}/oauth2/v2.0/token",
            settings.client_id,
            settings.client_secret.get_secret_value(),
            setup.now,
            scope=f"{settings.base_url}/.default",
        )
        self._setup = setup
        self._settings = settings
        self._profiles: list[AppProfile] = []
        self._client = setup.client(settings, settings.base_url, login)

    async def devices(self, since: datetime | None) -> AsyncGenerator[Report, None]:
        seen = await self._inventory()
        policies = await self._named()
        query = [("$select", _FIELDS)]
        if since is not None:
            from_then = f"{since.astimezone(UTC) - _LATE:%Y-%m-%dT%H:%M:%SZ}"
            query.append(("$filter", f"lastSyncDateTime ge {from_then}"))
        pages = pages_by_link(self._client, f"{_V1}/managedDevices", query, _EVERY_WORD)

        def judged(found: Mapping[str, Any]) -> Awaitable[Report]:
            return self._judged(found, seen.get(_id(found)), policies)

        async for record in self._asked(pages, _id, judged, self._settings.at_once):
            yield record

    async def device(self, device_id: str) -> Report | None:
        target = f"{_BETA}/managedDevices/{quote(device_id, safe='')}"
        query = [("$expand", "detectedApps"), ("$select", _FIELDS)]
        found = await self._client.find(target, query, _EVERY_WORD)
        if found is None:
            return None
        if isinstance(value(found, "value"), dict):
            found = value(found, "value")
        apps = listed(found, "detectedApps") or []
        os = system_of(text(found, "operatingSystem"))
        platforms = frozenset(text(app, "platform") for app in apps)
        seen = _SeenApps(self._setup.listed(os, map(_installed, apps)), platforms)
        return await self._judged(found, seen if apps else None, await self._named())

    async def shortcomings(self) -> Sequence[str]:
        return await shortcomings(self._client, self._settings.app_policies, self._setup)

    async def _named(self) -> list[AppPolicy]:
        """Read the policies and profiles that the settings name. Returns the policies."""
        policies = await app_policies(self._client, self._settings.app_policies, self._setup)
        self._profiles = await app_profiles(self._client, self._settings.hiding_profiles)
        return policies

    async def _denial(self, found: Mapping[str, Any]) -> Denial | None:
        """What the profiles keep from running on an iPhone or iPad; None without such profiles in the settings."""
        if not self._settings.hiding_profiles or _family(system_of(text(found, "operatingSystem"))) != "ios":
            return None
        asked = flag(found, "isSupervised") and self._profiles
        states = await states_of(self._client, text(found, "id")) if asked else []
        return hidden_apps(found, states, self._profiles, self._setup.forbidden_on_ios(), self._setup.now())

    async def _judged(
        self, found: Mapping[str, Any], seen: _SeenApps | None, policies: Sequence[AppPolicy]
    ) -> Report:
        """The report. Single policies are asked about a device of which not every app is seen: of others it changes nothing."""
        report = self._record(found, seen, await self._denial(found))
        of_system = [each for each in policies if each.system and each.system == _family(report.os)]
        if report.apps_complete or report.gone or not of_system:
            return report
        synced = instant(found, "lastSyncDateTime")
        apps, is_faulty = await word_on(self._client, report.id, of_system, synced)
        doubted = is_faulty and report.compliance is Compliance.COMPLIANT
        verdict = Compliance.UNKNOWN if doubted else report.compliance
        return replace(report, compliance=verdict, compliance_apps=apps)

    async def _inventory(self) -> dict[str, _SeenApps]:
        """The devices that have an inventory, each with the listed apps on it."""
        listed_apps, common = await self._detected()
        found: dict[str, _SeenApps] = {}
        for app_id, seen in listed_apps.items():
            await self._look_for(app_id, seen, found)
        idle = 0
        for app_id, seen in common:
            before = len(found)
            await self._look_for(app_id, seen, found)
            idle = idle + 1 if len(found) == before else 0
            if idle == _IDLE:
                break
        return found

    async def _look_for(self, app_id: str, seen: _SeenApps, found: dict[str, _SeenApps]) -> None:
        """Add the devices that have this app."""
        async for device_id in self._having(app_id):
            apps, platforms = found.get(device_id, _SeenApps())
            found[device_id] = _SeenApps(apps | seen.apps, platforms | seen.platforms)

    async def _detected(self) -> tuple[dict[str, _SeenApps], list[tuple[str, _SeenApps]]]:
        """The ids of the listed apps that were detected, and of the most common others; each with what it says of a device."""
        ours: dict[str, _SeenApps] = {}
        common: list[tuple[int, str, _SeenApps]] = []
        query = [("$select", "id,displayName,publisher,platform,deviceCount")]
        async for page in pages_by_link(self._client, f"{_V1}/detectedApps", query):
            for app in page:
                app_id, platform = text(app, "id"), text(app, "platform")
                os, count = system_of(platform), value(app, "deviceCount")
                seen = _SeenApps(self._setup.listed(os, [_installed(app)]), frozenset({platform}))
                if seen.apps:
                    ours[app_id] = seen
                elif isinstance(count, int) and count > 0 and os in ("", "ios", "android"):
                    common.append((count, app_id, seen))
            common = heapq.nlargest(self._settings.witnesses, common, key=lambda each: each[:2])
        return ours, [(app_id, seen) for _, app_id, seen in common]

    async def _having(self, app_id: str) -> AsyncIterator[str]:
        """The ids of the devices with this app. Graph has no other facts about a device here."""
        target = f"{_V1}/detectedApps/{quote(app_id, safe='')}/managedDevices"
        async for page in pages_by_link(self._client, target, [("$select", "id")]):
            for device in page:
                yield text(device, "id")

    def _record(
        self, found: Mapping[str, Any], seen: _SeenApps | None, denial: Denial | None = None
    ) -> Report:
        os = system_of(text(found, "operatingSystem"))
        return report_by(
            source=self._setup.name,
            device_id=_id(found),
            owner=text(found, "userPrincipalName") or text(found, "emailAddress"),
            kind=kind_of(os, text(found, "model")),
            os=os,
            os_version=text(found, "osVersion"),
            managed=text(found, "managementAgent") != "eas",
            status=_status(found),
            apps=self._apps(found, os, seen),
            denial=denial,
            serial=text(found, "serialNumber"),
            directory=text(found, "azureADDeviceId"),
            eas_ids=[text(found, "easDeviceId")],
            enrolment=enrolment_of(found, os, seen.platforms if seen else frozenset()),
            verdict=ManagementVerdict(
                VERDICTS.get(text(found, "complianceState"), Compliance.UNKNOWN),
                instant(found, "lastSyncDateTime") or LONG_AGO,
                threat=_THREATS.get(text(found, "partnerReportedThreatState"), Threat.UNKNOWN),
            ),
        )

    def _apps(self, found: Mapping[str, Any], os: str, seen: _SeenApps | None) -> AppsReport | None:
        if seen is None:
            return None
        whole = sees_every_app(found, os, self._settings.complete_kinds) and not seen.platforms & _ENTERPRISE
        return self._setup.report(seen.apps, complete=whole, at=instant(found, "lastSyncDateTime"))


def sees_every_app(found: Mapping[str, Any], os: str, kinds: Container[str]) -> bool:
    """Whether Intune lists every app of a ``managedDevice``, not only those that it manages or those in a work profile.

    That is so for company-owned iPhones and iPads, but not under user enrolment, and for company-owned phones under
    Android's device administrator. Of Android Enterprise it lists the work profile, whoever owns the phone. ``kinds``
    are the words of ``deviceEnrollmentType`` that count; another word, none, or one that Graph adds later does not.
    (Microsoft, "Discovered apps".)
    """
    if text(found, "managedDeviceOwnerType") != "company" or text(found, "deviceEnrollmentType") not in kinds:
        return False
    return os in ("ios", "ipados") or (os == "android" and _by_administrator(found))


def enrolment_of(found: Mapping[str, Any], os: str, platforms: Collection[str]) -> Enrolment:
    """How a ``managedDevice`` is enrolled, as far as Graph's words are clear. v1.0 calls many work profiles
    ``userEnrollment``, and of these the agent and the platform of its apps are the witnesses."""
    kind, owner = text(found, "deviceEnrollmentType"), text(found, "managedDeviceOwnerType")
    if text(found, "managementAgent") == "eas":
        return Enrolment.NONE
    if kind in _KINDS.get(os, {}):
        said = _KINDS[os][kind]
        supervised = flag(found, "isSupervised")
        if said is Enrolment.SUPERVISED and supervised is False:
            return Enrolment.DEVICE_ENROLMENT
        return Enrolment.SUPERVISED if said is Enrolment.DEVICE_ENROLMENT and supervised else said
    if os != "android":
        return Enrolment.UNKNOWN
    if _ENTERPRISE.isdisjoint(platforms) and _by_administrator(found):
        return Enrolment.DEVICE_ADMINISTRATOR
    if owner == "company":
        return Enrolment.WORK_PROFILE_COMPANY if "androidWorkProfile" in platforms else Enrolment.UNKNOWN
    profile = text(found, "managementAgent") == _CLOUD or "androidWorkProfile" in platforms
    return Enrolment.WORK_PROFILE_PERSONAL if owner == "personal" and profile else Enrolment.UNKNOWN


def _id(found: Mapping[str, Any]) -> str:
    return text(found, "id")


def _family(os: str) -> str:
    return "ios" if os == "ipados" else os


def _by_administrator(found: Mapping[str, Any]) -> bool:
    kind, agent = text(found, "deviceEnrollmentType"), text(found, "managementAgent")
    return kind in ("userEnrollment", "deviceEnrollmentManager") and agent in _ADMINISTRATORS


def _installed(app: Any) -> Installed:
    """A detected app. It has no bundle id."""
    return Installed("", text(app, "displayName"), text(app, "publisher"))


def _status(found: Mapping[str, Any]) -> str:
    """The EAR tier for Intune's own verdict."""
    if text(found, "jailBroken").casefold() == "true":
        return "contraindicated"
    state = text(found, "complianceState")
    return {"compliant": "affirming", "noncompliant": "warning", "inGracePeriod": "warning"}.get(
        state, "none"
    )
