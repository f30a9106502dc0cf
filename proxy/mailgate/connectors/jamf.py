"""Jamf Pro: mobile devices with their apps, from the Jamf Pro API.

One list has everything (``GET /api/v2/mobile-devices/detail``); ``lastInventoryUpdateDate`` shows what changed.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from mailgate.config.sources.apis import JamfSettings
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text
from mailgate.connectors.logins import ClientCredentials
from mailgate.connectors.paging import pages_by_number
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport

_DETAIL = "/api/v2/mobile-devices/detail"
_SECTIONS: list[tuple[str, str | int]] = [
    ("section", name) for name in ("GENERAL", "HARDWARE", "USER_AND_LOCATION", "SECURITY", "APPLICATIONS")
]
_BROKEN = frozenset({"detected", "compromised", "jailbroken"})


@connects(JamfSettings)
class Jamf(ApiConnector):
    """The mobile devices of one Jamf Pro."""

    tells_changes = True

    def __init__(self, setup: Setup, settings: JamfSettings) -> None:
        secret = settings.client_secret.get_secret_value()
        url = f"{settings.base_url}/api/oauth/token"
        login = ClientCredentials(url, settings.client_id, secret, setup.now)
        self._setup = setup
        self._settings = settings
        self._client = setup.client(settings, settings.base_url, login)

    def devices(self, since: datetime | None) -> AsyncIterator[Report]:
        changed = f'lastInventoryUpdateDate>="{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"' if since else ""
        return self._listed(changed)

    async def device(self, device_id: str) -> Report | None:
        if not re.fullmatch(r"[0-9]{1,18}", device_id):  # this goes into a query language
            raise SourceError(Trouble.NAME)
        async with aclosing(self._listed(f'mobileDeviceId=="{device_id}"')) as found:
            return await anext(found, None)

    def _listed(self, condition: str) -> AsyncGenerator[Report, None]:
        query = [*_SECTIONS, ("sort", "mobileDeviceId:asc"), *([("filter", condition)] if condition else [])]
        pages = pages_by_number(self._client, _DETAIL, query, self._settings.page_size)
        return self._reports(
            pages, lambda found: self._record(found) if text(found, "mobileDeviceId") else None
        )

    def _record(self, found: Mapping[str, Any]) -> Report:
        model = text(found, "hardware", "model")
        os = system_of(model, text(found, "deviceType"))
        eas_id = text(found, "general", "exchangeDeviceId")
        return report_by(
            source=self._setup.name,
            device_id=text(found, "mobileDeviceId"),
            owner=text(found, "userAndLocation", "emailAddress")
            or text(found, "userAndLocation", "username"),
            kind=kind_of(os, model),
            os=os,
            os_version=text(found, "general", "osVersion"),
            managed=flag(found, "general", "managed"),
            status="contraindicated" if _broken(found) else "none",
            apps=self._apps(found, os),
            serial=text(found, "hardware", "serialNumber"),
            udid=text(found, "general", "udid"),
            eas_ids=(eas_id,) if eas_id else (),
        )

    def _apps(self, found: Mapping[str, Any], os: str) -> AppsReport | None:
        """The apps; None if there is no inventory. An empty list is no inventory, since every device has apps."""
        apps = listed(found, "applications")
        if not apps:
            return None
        installed = [Installed(text(app, "identifier"), text(app, "name")) for app in apps]
        whole = text(found, "general", "deviceOwnershipType") in self._settings.complete_kinds
        return self._setup.report(
            self._setup.listed(os, installed),
            complete=whole and self._settings.unmanaged_apps,
            at=instant(found, "general", "lastInventoryUpdateDate"),
        )


def _broken(found: Mapping[str, Any]) -> bool:
    """Whether a jailbreak was found. Jamf's own schema has a flag for it, and some answers a word."""
    if flag(found, "security", "jailBreakDetected"):
        return True
    return text(found, "security", "jailbreakStatus").casefold() in _BROKEN
