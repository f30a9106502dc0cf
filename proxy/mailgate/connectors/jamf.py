"""Jamf Pro: mobile devices with their apps, from the Jamf Pro API.

One list has everything (``GET /api/v2/mobile-devices/detail``); ``lastInventoryUpdateDate`` shows what changed. The gateway
of the Jamf Platform API answers alike under another path, with a header that names the environment or the tenant. Jamf's own
verdict is membership in a smart group, or what it holds for a compliance partner. A webhook only says which device to read:
nothing of its text is believed.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from mailgate.config.sources.apis import JamfSettings
from mailgate.connectors.apple_restrictions import declared_by_items
from mailgate.connectors.http import as_json, pages_by_number
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text
from mailgate.connectors.logins import client_credentials
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Compliance, Denial, Enrolment
from mailgate.model.device import NotDenied
from mailgate.model.times import LONG_AGO

_DETAIL = "/v2/mobile-devices/detail"
_COMPLIANCE = "/v1/conditional-access/device-compliance-information/mobile"
_SMART_GROUP = "/v1/mobile-device-groups/smart-groups"
_SECTIONS = ("GENERAL", "HARDWARE", "USER_AND_LOCATION", "SECURITY", "APPLICATIONS")
_ENROLMENTS = {
    "PersonalDeviceProfile": Enrolment.DEVICE_ENROLMENT,
    "AccountDrivenDeviceEnrollment": Enrolment.DEVICE_ENROLMENT,
    "UserEnrollment": Enrolment.USER_ENROLMENT,
    "AccountDrivenUserEnrollment": Enrolment.USER_ENROLMENT,
}
"""The words of ``deviceOwnershipType`` that tell the enrolment by themselves."""
_VERDICTS = {"COMPLIANT": Compliance.COMPLIANT, "NON_COMPLIANT": Compliance.NONCOMPLIANT}
_ABOUT_PHONES = "MobileDevice"
"""The beginning of the names of webhook events about mobile devices."""
_BROKEN = frozenset({"detected", "compromised", "jailbroken"})


@connects(JamfSettings)
class Jamf(ApiConnector):
    """The mobile devices of one Jamf Pro."""

    tells_changes = True

    def __init__(self, setup: Setup, settings: JamfSettings) -> None:
        secret = settings.client_secret.get_secret_value()
        url = f"{settings.base_url}{settings.login_path}"
        login = client_credentials(url, settings.client_id, secret, setup.now)
        self._setup = setup
        self._settings = settings
        self._group_exists = False
        self._sections = (*_SECTIONS, *(["GROUPS"] if settings.compliance_group else []))
        context = {"X-Environment-Id": settings.environment, "X-Tenant-Id": settings.platform_tenant}
        self._context = {name: each for name, each in context.items() if each}
        self._client = setup.client(settings, settings.base_url, login)

    def devices(self, since: datetime | None) -> AsyncGenerator[Report, None]:
        changed = f'lastInventoryUpdateDate>="{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"' if since else ""
        return self._listed(changed)

    async def device(self, device_id: str) -> Report | None:
        if not re.fullmatch(r"[0-9]{1,18}", device_id):  # this goes into a query language
            raise SourceError(Trouble.NAME)
        async with aclosing(self._listed(f'mobileDeviceId=="{device_id}"')) as found:
            return await anext(found, None)

    async def receive(self, _headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        """The device that an event is about, as the API has it now. An event that comes twice or late does no harm."""
        event = as_json(body)
        name, device_id = text(event, "webhook", "webhookEvent"), text(event, "event", "jssID")
        if not name:
            raise SourceError(Trouble.SHAPE, "not a webhook of Jamf Pro: there is no `webhookEvent`")
        if not name.startswith(_ABOUT_PHONES) or not device_id:
            return []
        record = await self.device(device_id)
        return [record or report_by(self._setup.name, device_id, gone=True)]

    async def _listed(self, condition: str) -> AsyncGenerator[Report, None]:
        query = [*(("section", name) for name in self._sections), ("sort", "mobileDeviceId:asc")]
        query += [("filter", condition)] if condition else []
        if group := self._settings.compliance_group:
            found = await self._client.find(
                f"{self._settings.api_path}{_SMART_GROUP}/{group.id}", headers=self._context
            )
            self._group_exists = found is not None
        target, size = self._settings.api_path + _DETAIL, self._settings.page_size
        pages = pages_by_number(self._client, target, query, size, headers=self._context)
        async for record in self._asked(pages, _id, self._judged, self._settings.at_once):
            yield record

    async def _judged(self, found: Mapping[str, Any]) -> Report:
        """The report on a device with Jamf's verdict. The word that it holds for a partner is asked of a device of which
        not every app is seen: of others it changes little, and each takes a request."""
        report, said = self._record(found, await self._denial(found)), [self._by_group(found)]
        if self._settings.device_compliance and not report.apps_complete:
            target = f"{self._settings.api_path}{_COMPLIANCE}/{report.id}"
            states = await self._client.find(target, headers=self._context)
            given = states if isinstance(states, list) else []
            told = [each for each in given if flag(each, "applicable") is not False]
            said += [_VERDICTS.get(text(each, "complianceState"), UNKNOWN) for each in told] or [UNKNOWN]
        verdict = next((word for word in _HARDEST if word in said), None)
        if verdict is None:
            return report
        at = instant(found, "general", "lastInventoryUpdateDate") or LONG_AGO
        return replace(report, compliance=verdict, compliance_at=at)

    async def _denial(self, found: Mapping[str, Any]) -> Denial | None:
        """What the declarations in the settings keep out, by the status that Jamf Pro keeps of a supervised device; None if
        there are none. Whatever ends that is dated by the inventory."""
        if not self._settings.declarations:
            return None
        at = instant(found, "general", "lastInventoryUpdateDate")
        ended = Denial(frozenset(), at) if at else None
        if flag(found, "general", "supervised") is not True:
            return ended and replace(ended, failed=NotDenied.NOT_SUPERVISED)
        said = None
        if (name := text(found, "general", "managementId")) and flag(
            found, "general", "declarativeDeviceManagementEnabled"
        ):
            target = f"{self._settings.api_path}/v1/ddm/{quote(name, safe='')}/status-items"
            said = await self._client.find(target, headers=self._context)
        known, forbidden = self._settings.declarations, self._setup.forbidden_on_ios()
        denial = declared_by_items(said, known, forbidden)
        return denial or (ended and replace(ended, failed=NotDenied.DECLARATION_NOT_REPORTED))

    def _by_group(self, found: Mapping[str, Any]) -> Compliance | None:
        """The verdict of the smart group; None if no group is set. A group of that id that is not smart or does not exist, and an
        answer without groups, is no word: nobody is in a group whose id is mistyped, or that was deleted."""
        group, groups = self._settings.compliance_group, listed(found, "groups")
        if group is None:
            return None
        if groups is None:
            return UNKNOWN
        ours = [each for each in groups if text(each, "groupId") == group.id]
        if any(flag(each, "smart") is not True for each in ours) or not (ours or self._group_exists):
            return UNKNOWN
        good = bool(ours) == (group.members_are == "compliant")
        return Compliance.COMPLIANT if good else Compliance.NONCOMPLIANT

    def _record(self, found: Mapping[str, Any], denial: Denial | None = None) -> Report:
        model = text(found, "hardware", "model")
        os = system_of(model, text(found, "deviceType"))
        return report_by(
            source=self._setup.name,
            device_id=_id(found),
            owner=text(found, "userAndLocation", "emailAddress")
            or text(found, "userAndLocation", "username"),
            kind=kind_of(os, model),
            os=os,
            os_version=text(found, "general", "osVersion"),
            managed=flag(found, "general", "managed"),
            status="contraindicated" if _broken(found) else "none",
            apps=self._apps(found, os),
            denial=denial,
            serial=text(found, "hardware", "serialNumber"),
            udid=text(found, "general", "udid"),
            eas_ids=[text(found, "general", "exchangeDeviceId")],
            enrolment=_enrolment(found),
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


UNKNOWN = Compliance.UNKNOWN
_HARDEST = (Compliance.NONCOMPLIANT, Compliance.COMPLIANT, UNKNOWN)


def _id(found: Mapping[str, Any]) -> str:
    return text(found, "mobileDeviceId")


def _enrolment(found: Mapping[str, Any]) -> Enrolment:
    """How the device is enrolled. A company's own device is supervised, or enrolled as a whole."""
    kind, supervised = text(found, "general", "deviceOwnershipType"), flag(found, "general", "supervised")
    if kind != "Institutional":
        return _ENROLMENTS.get(kind, Enrolment.UNKNOWN)
    if supervised is None:
        return Enrolment.UNKNOWN
    return Enrolment.SUPERVISED if supervised else Enrolment.DEVICE_ENROLMENT


def _broken(found: Mapping[str, Any]) -> bool:
    """Whether a jailbreak was found. Jamf's own schema has a flag for it, and some answers a word."""
    if flag(found, "security", "jailBreakDetected"):
        return True
    return text(found, "security", "jailbreakStatus").casefold() in _BROKEN
