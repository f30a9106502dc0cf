"""Workspace ONE UEM: devices from its search, and apps for one device at a time.

Each part of the API has a version of its own, which ``Accept`` names. An empty list is an answer without content (204).
"""

import re
from collections.abc import AsyncGenerator, Container, Mapping
from datetime import datetime, timedelta
from typing import Any

from mailgate.config.sources.apis import WorkspaceOneSettings
from mailgate.connectors.http import pages_by_number
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text
from mailgate.connectors.logins import Login, client_credentials
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Compliance, Enrolment, ManagementVerdict
from mailgate.model.times import LONG_AGO

_SEARCH = "/api/mdm/devices/search"
_V1 = {"Accept": "application/json;version=1"}
_V2 = {"Accept": "application/json;version=2"}
_GONE = frozenset({"unenrolled", "enterprisewipepending", "devicewipepending", "deleted"})
_APPLE = frozenset({"ios", "ipados"})
_HANDHELD = _APPLE | {"android"}
_VERDICTS = {"compliant": Compliance.COMPLIANT, "noncompliant": Compliance.NONCOMPLIANT}
_ZONES = timedelta(hours=14)
"""The most that local times can differ from UTC, since the API's times have no zone."""
_APPS_PAGE = 500


@connects(WorkspaceOneSettings)
class WorkspaceOne(ApiConnector):
    """The devices of one Workspace ONE UEM."""

    tells_changes = True

    def __init__(self, setup: Setup, settings: WorkspaceOneSettings) -> None:
        self._setup = setup
        self._settings = settings
        self._client = setup.client(settings, settings.base_url, _login(settings, setup))

    def devices(self, since: datetime | None) -> AsyncGenerator[Report, None]:
        query: list[tuple[str, str | int]] = [("orderby", "deviceid"), ("sortorder", "ASC")]
        if since is not None:
            query.append(("lastseen", f"{since - _ZONES:%Y-%m-%dT%H:%M:%S}"))
        pages = pages_by_number(
            self._client, _SEARCH, query, self._settings.page_size,
            items="Devices", total="Total", sized="pagesize", headers=_V2,
        )  # fmt: skip
        return self._asked(pages, _id, self._record, self._settings.at_once)

    async def device(self, device_id: str) -> Report | None:
        if not re.fullmatch(r"[0-9A-Fa-f-]{36}", device_id):
            raise SourceError(Trouble.NAME)
        found = await self._client.find(f"/api/mdm/devices/{device_id}", headers=_V2)
        if found is None:
            return None
        if not _id(found):
            raise SourceError(Trouble.SHAPE)
        return await self._record(found)

    async def _record(self, found: Mapping[str, Any]) -> Report:
        model = text(found, "Model")
        os = system_of(model, _platform(found))
        gone = text(found, "EnrollmentStatus").replace(" ", "").casefold() in _GONE
        return report_by(
            source=self._setup.name,
            device_id=_id(found),
            owner=text(found, "UserEmailAddress") or text(found, "UserName"),
            kind=kind_of(os, model),
            os=os,
            os_version=text(found, "OperatingSystem"),
            managed=text(found, "EnrollmentStatus").casefold() == "enrolled",
            status=_status(found),
            apps=None if gone or os not in _HANDHELD else await self._apps(found, os),
            serial=text(found, "SerialNumber"),
            udid=text(found, "Udid"),
            eas_ids=_eas_ids(found),
            enrolment=_enrolment(found, os),
            verdict=_verdict(found),
            gone=gone,
        )

    async def _apps(self, found: Mapping[str, Any], os: str) -> AppsReport | None:
        """The apps of a device; None for an empty list, since every device has apps."""
        target, present, any_app = f"/api/mdm/devices/{_id(found)}/apps/search", frozenset[str](), False
        pages = pages_by_number(
            self._client, target, [], _APPS_PAGE,
            items="app_items", total="TotalResults", sized="pagesize", headers=_V1, counted=False,
        )  # fmt: skip
        async for page in pages:
            any_app = any_app or bool(page)
            installed = [Installed(text(app, "bundle_id"), text(app, "name")) for app in page]
            present |= self._setup.listed(os, installed)
        if not any_app:
            return None
        kinds = self._settings.complete_kinds
        whole = self._settings.unmanaged_apps and _may_see_every_app(found, os, kinds)
        return self._setup.report(present, complete=whole, at=instant(found, "LastSeen"))


def _may_see_every_app(found: Mapping[str, Any], os: str, kinds: Container[str]) -> bool:
    """Whether the inventory has every app, where personal apps are collected. Under user enrolment an iPhone withholds serial number,
    UDID and its own apps. Nothing that is documented tells an Android phone with a work profile from others."""
    company = text(found, "Ownership")[:1].upper() in kinds  # `E` is an employee's own
    return company and _is_named(found) and os in _APPLE


def _is_named(found: Mapping[str, Any]) -> bool:
    return bool(text(found, "SerialNumber") and text(found, "Udid"))


def _enrolment(found: Mapping[str, Any], os: str) -> Enrolment:
    """How the device is enrolled, as far as that can be told: user enrolment withholds the names of an iPhone."""
    if text(found, "EnrollmentStatus").casefold() != "enrolled":
        return Enrolment.NONE
    return Enrolment.USER_ENROLMENT if os in _APPLE and not _is_named(found) else Enrolment.UNKNOWN


def _verdict(found: Mapping[str, Any]) -> ManagementVerdict | None:
    """Workspace ONE's verdict. Its own time is not documented, so it is that of the last call; None if it has none."""
    state = text(found, "ComplianceStatus").replace(" ", "").casefold()
    if not state:
        return None
    return ManagementVerdict(_VERDICTS.get(state, Compliance.UNKNOWN), instant(found, "LastSeen") or LONG_AGO)


def _login(settings: WorkspaceOneSettings, setup: Setup) -> Login:
    if settings.client_id is not None and settings.client_secret is not None:
        secret = settings.client_secret.get_secret_value()
        url = f"{settings.login_url}/connect/token"
        return client_credentials(url, settings.client_id, secret, setup.now)
    assert settings.username is not None
    assert settings.password is not None
    assert settings.tenant_code is not None
    return Login.basic(
        settings.username,
        settings.password.get_secret_value(),
        {"aw-tenant-code": settings.tenant_code.get_secret_value()},
    )


def _id(found: Mapping[str, Any]) -> str:
    """The UUID of the console's record in lower case, since parts of the API write it differently."""
    said = text(found, "Uuid").casefold()
    return said if re.fullmatch(r"[0-9a-f-]{36}", said) else ""


def _platform(found: Mapping[str, Any]) -> str:
    """The platform. ``Apple`` alone is iOS; a Mac is ``AppleOsX``."""
    said = text(found, "Platform") or text(found, "PlatformId", "Name")
    return {"apple": "ios", "appleosx": "macos", "winrt": "windows"}.get(said.casefold(), said)


def _eas_ids(found: Mapping[str, Any]) -> tuple[str, ...]:
    said = [*(listed(found, "EasIds", "EasId") or []), text(found, "EasId")]
    return tuple(dict.fromkeys(each.strip() for each in said if isinstance(each, str) and each.strip()))


def _status(found: Mapping[str, Any]) -> str:
    if flag(found, "CompromisedStatus") or text(found, "CompromisedStatus").casefold() == "compromised":
        return "contraindicated"
    state = text(found, "ComplianceStatus").replace(" ", "").casefold()
    return {"compliant": "affirming", "noncompliant": "warning"}.get(state, "none")
