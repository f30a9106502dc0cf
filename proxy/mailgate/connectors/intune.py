"""Microsoft Intune: devices and listed apps, from Microsoft Graph v1.0.

Graph lists the apps of one device only in its beta. The stable way goes from the app to the devices: the list of
detected apps (``detectedApps``: name, publisher and platform, no bundle id) is read and matched, and the list of
devices only for listed apps. A device that is in none of those lists may have no inventory yet, so the lists of the
most common apps are read too, as witnesses: a device that is in no list at all has no inventory.
"""

import heapq
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from mailgate.config.sources import IntuneSettings
from mailgate.connectors.fields import instant, listed, text, value
from mailgate.connectors.inventory import Installed, kind_of, system_of
from mailgate.connectors.logins import ClientCredentials
from mailgate.connectors.paging import pages_by_link
from mailgate.connectors.setup import Setup
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport

_V1 = "/v1.0/deviceManagement"
_BETA = "/beta/deviceManagement"
_FIELDS = (
    "id,userPrincipalName,emailAddress,operatingSystem,osVersion,model,serialNumber,easDeviceId,"
    "managedDeviceOwnerType,complianceState,jailBroken,lastSyncDateTime,managementAgent"
)
_IDLE = 3
"""After this many witnesses in a row without a new device, no more are read."""
_LATE = timedelta(hours=24)
"""How long after a device's call its apps may still appear in Graph."""


class Intune:
    """The managed devices of one tenant."""

    scheduled: ClassVar[bool] = True
    tells_changes: ClassVar[bool] = True
    lists_all: ClassVar[bool] = True

    def __init__(self, setup: Setup, settings: IntuneSettings) -> None:
        login = ClientCredentials(
            f"{settings.login_url}/{settings.tenant}/oauth2/v2.0/token",
            settings.client_id,
            settings.client_secret.get_secret_value(),
            setup.now,
            scope=f"{settings.base_url}/.default",
        )
        self._setup = setup
        self._witnesses = settings.witnesses
        self._client = setup.client(settings, settings.base_url, login)

    async def devices(self, since: datetime | None) -> AsyncIterator[Report]:
        seen = await self._inventory()
        query = [("$select", _FIELDS)]
        if since is not None:
            query.append(
                ("$filter", f"lastSyncDateTime ge {since.astimezone(UTC) - _LATE:%Y-%m-%dT%H:%M:%SZ}")
            )
        async for page in pages_by_link(self._client, f"{_V1}/managedDevices", query):
            for found in page:
                device_id = text(found, "id")
                if device_id:
                    yield self._record(found, seen.get(device_id))
                else:
                    self._setup.unreadable()

    async def device(self, device_id: str) -> Report | None:
        target = f"{_BETA}/managedDevices/{quote(device_id, safe='')}"
        found = await self._client.find(target, [("$expand", "detectedApps"), ("$select", _FIELDS)])
        if found is None:
            return None
        if isinstance(value(found, "value"), dict):
            found = value(found, "value")
        apps = listed(found, "detectedApps") or []
        os = system_of(text(found, "operatingSystem"))
        return self._record(found, self._setup.listed(os, map(_installed, apps)) if apps else None)

    async def close(self) -> None:
        await self._client.close()

    async def _inventory(self) -> dict[str, frozenset[str]]:
        """The devices that have an inventory, each with the listed apps on it."""
        listed_apps, common = await self._detected()
        found: dict[str, frozenset[str]] = {}
        for app_id, keys in listed_apps.items():
            async for device_id in self._having(app_id):
                found[device_id] = found.get(device_id, frozenset()) | keys
        idle = 0
        for app_id in common:
            before = len(found)
            async for device_id in self._having(app_id):
                found.setdefault(device_id, frozenset())
            idle = idle + 1 if len(found) == before else 0
            if idle == _IDLE:
                break
        return found

    async def _detected(self) -> tuple[dict[str, frozenset[str]], list[str]]:
        """The ids of the detected apps that are listed, with their keys, and the ids of the most common other apps, the
        most common first."""
        ours: dict[str, frozenset[str]] = {}
        common: list[tuple[int, str]] = []
        query = [("$select", "id,displayName,publisher,platform,deviceCount")]
        async for page in pages_by_link(self._client, f"{_V1}/detectedApps", query):
            for app in page:
                app_id, os = text(app, "id"), system_of(text(app, "platform"))
                count = value(app, "deviceCount")
                if keys := self._setup.listed(os, [_installed(app)]):
                    ours[app_id] = keys
                elif isinstance(count, int) and count > 0 and os in ("", "ios", "android"):
                    common.append((count, app_id))
            common = heapq.nlargest(self._witnesses, common)
        return ours, [app_id for _, app_id in common]

    async def _having(self, app_id: str) -> AsyncIterator[str]:
        """The ids of the devices with this app. Graph has no other facts about a device here."""
        target = f"{_V1}/detectedApps/{quote(app_id, safe='')}/managedDevices"
        async for page in pages_by_link(self._client, target, [("$select", "id")]):
            for device in page:
                yield text(device, "id")

    def _record(self, found: Mapping[str, Any], apps: frozenset[str] | None) -> Report:
        os = system_of(text(found, "operatingSystem"))
        eas_id = text(found, "easDeviceId")
        return report_by(
            source=self._setup.name,
            device_id=text(found, "id"),
            owner=text(found, "userPrincipalName") or text(found, "emailAddress"),
            kind=kind_of(os, text(found, "model")),
            os=os,
            os_version=text(found, "osVersion"),
            managed=text(found, "managementAgent") != "eas",
            status=_status(found),
            apps=self._apps(found, apps),
            serial=text(found, "serialNumber"),
            eas_ids=(eas_id,) if eas_id else (),
        )

    def _apps(self, found: Mapping[str, Any], apps: frozenset[str] | None) -> AppsReport | None:
        """The apps of a device. On a personal device Intune sees only the managed apps."""
        if apps is None:
            return None
        whole = text(found, "managedDeviceOwnerType") == "company"
        return self._setup.report(apps, complete=whole, at=instant(found, "lastSyncDateTime"))


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
