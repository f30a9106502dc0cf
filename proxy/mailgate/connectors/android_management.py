"""Android Management API: devices of an enterprise, with the app reports that its policies ask for.

Without ``statusReportingSettings.applicationReportsEnabled`` in a device's policy there are no app reports.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from mailgate.config.sources.google import AndroidManagementSettings
from mailgate.connectors.android_policy import (
    ANDROID_11,
    DEVICE_FIELDS,
    ReadPolicies,
    blocked_yet_there,
    denial,
)
from mailgate.connectors.google import google_client
from mailgate.connectors.http import Page, pages_by_token
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, text, value
from mailgate.connectors.push import message
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Compliance, Denial, Enrolment, ManagementVerdict, Threat
from mailgate.model.proofs import THUMBPRINT
from mailgate.model.times import LONG_AGO

_SCOPE = "https://www.googleapis.com/auth/androidmanagement"
_FIELDS = (
    f"{DEVICE_FIELDS},name,state,managementMode,apiLevel,ownership,policyCompliant,enrollmentTokenData,lastStatusReportTime,"
    "hardwareInfo(serialNumber,enterpriseSpecificId,model),softwareInfo(androidVersion),"
    "securityPosture(devicePosture),applicationReports(packageName,displayName,state,keyedAppStates(key,data))"
)
KEY_STATE = "mailgate-key"
"""The keyed app state in which the reporter in the work profile tells the management its key. The management reports the states of an app
by the device that the app is on, so nobody can tell the key of another phone for this one."""
_TOLD = frozenset({"ENROLLMENT", "STATUS_REPORT"})
"""Notifications that hold a device."""
_MAX_AGE = timedelta(hours=24)
"""How long a policy that a device has applied counts, if the settings do not say."""
_BARRED = frozenset({"DISABLED", "LOST"})


@connects(AndroidManagementSettings)
class AndroidManagement(ApiConnector):
    """The devices of one enterprise."""

    def __init__(self, setup: Setup, settings: AndroidManagementSettings) -> None:
        self._setup = setup
        self._settings = settings
        self._target = f"/v1/enterprises/{settings.enterprise}/devices"
        self._client = google_client(setup, settings, settings.base_url, _SCOPE)
        self._policies = ReadPolicies(setup, self._client, settings.enterprise)
        self._packages = {key: app.android for key, app in setup.catalog.apps.items()}
        self._forbidden = {key: self._packages[key] for key in setup.catalog.listed}

    async def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
        async for record in self._reports(self._pages(), self.record):
            yield record
        changed = await self._policies.read_again()
        if changed:  # while the devices were listed: those with these policies are judged again
            async for page in self._pages():
                for found in page:
                    again = self.record(found) if text(found, "appliedPolicyName") in changed else None
                    if again is not None:
                        yield again
        await self._policies.keep_needed()

    async def _pages(self) -> AsyncIterator[Page]:
        query: list[tuple[str, str | int]] = [
            ("pageSize", self._settings.page_size),
            ("fields", f"nextPageToken,devices({_FIELDS})"),
        ]
        async for page in pages_by_token(self._client, self._target, query, items="devices"):
            for found in page:
                await self._policies.learn(found)
            yield page

    async def device(self, device_id: str) -> Report | None:
        target = f"{self._target}/{quote(device_id, safe='')}"
        found = await self._client.find(target, [("fields", _FIELDS)])
        if found is None:
            return None
        await self._policies.learn(found)
        record = self.record(found)
        if record is None:
            raise SourceError(Trouble.SHAPE)
        await self._policies.keep_new()
        return record

    async def receive(self, _headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        """The reports in a message. One that comes twice or late does no harm: the later status report counts."""
        kind, data = message(body)
        if kind not in _TOLD:
            return []
        with suppress(SourceError):  # a version that cannot be read now keeps no app out
            await self._policies.learn(data, anew=False)
        record = self.record(data)
        await self._policies.keep_new()
        return [replace(record, adds=True)] if record else []

    def record(self, found: Any) -> Report | None:
        """The report on a ``Device``; None if the device is not of this enterprise."""
        enterprise, _, device_id = text(found, "name").rpartition("/")
        if not device_id or enterprise != self._target.removeprefix("/v1/"):
            return None
        special = text(found, "hardwareInfo", "enterpriseSpecificId")
        serial = text(found, "hardwareInfo", "serialNumber")
        data = text(found, "enrollmentTokenData") if self._settings.enrollment_data_is_owner else ""
        return report_by(
            source=self._setup.name,
            device_id=device_id,
            owner=data,
            kind=kind_of("android", text(found, "hardwareInfo", "model")),
            os="android",
            os_version=text(found, "softwareInfo", "androidVersion"),
            managed=True,
            status=_status(found),
            apps=self._apps(found),
            denial=self._denial(found),
            serial="" if serial == special else serial,
            udid=special,
            keys=self._reporter_keys(found),
            enrolment=_enrolment(found),
            verdict=ManagementVerdict(
                _compliance(found),
                instant(found, "lastStatusReportTime") or LONG_AGO,
                threat=_THREATS.get(text(found, "securityPosture", "devicePosture"), Threat.UNKNOWN),
            ),
            gone=text(found, "state") == "DELETED",
        )

    def _reporter_keys(self, found: Mapping[str, Any]) -> set[str]:
        """The key of the reporter on this device, if the settings name the reporter and it has told its key."""
        told = {
            text(state, "data")
            for app in listed(found, "applicationReports") or ()
            if self._settings.reporter and text(app, "packageName") == self._settings.reporter
            for state in listed(app, "keyedAppStates") or ()
            if text(state, "key") == KEY_STATE
        }
        return {key for key in told if re.fullmatch(THUMBPRINT, key)}

    def _apps(self, found: Mapping[str, Any]) -> AppsReport | None:
        apps = listed(found, "applicationReports") or []
        blocked = blocked_yet_there(found, self._packages)
        if not apps and not blocked:
            return None
        installed = [
            Installed(text(app, "packageName"), text(app, "displayName"))
            for app in apps
            if text(app, "state") != "REMOVED"
        ]
        return self._setup.report(
            self._setup.listed("android", installed) | blocked,
            complete=bool(apps) and _sees_every_app(found),
            at=instant(found, "lastStatusReportTime"),
        )

    def _denial(self, found: Mapping[str, Any]) -> Denial | None:
        versions = self._policies.versions(text(found, "appliedPolicyName"))
        age = self._settings.max_age or _MAX_AGE
        return denial(found, versions, self._forbidden, self._setup.now(), age)


def _sees_every_app(found: Mapping[str, Any]) -> bool:
    """Whether the app reports are of the whole device. A profile owner's are of the work profile. A device owner's are
    too where a work profile stands on a company-owned device, which Android has had since 8 and no longer has since
    11; so an older one is never known to be whole."""
    level = value(found, "apiLevel")
    return text(found, "managementMode") == "DEVICE_OWNER" and isinstance(level, int) and level >= ANDROID_11


_ENROLMENTS = {
    ("PROFILE_OWNER", "COMPANY_OWNED"): Enrolment.WORK_PROFILE_COMPANY,
    ("PROFILE_OWNER", "PERSONALLY_OWNED"): Enrolment.WORK_PROFILE_PERSONAL,
}
_THREATS = {
    "": Threat.NONE,
    "SECURE": Threat.SECURED,
    "AT_RISK": Threat.MEDIUM,
    "POTENTIALLY_COMPROMISED": Threat.COMPROMISED,
}


def _enrolment(found: Mapping[str, Any]) -> Enrolment:
    """How the device is enrolled. A dedicated device is one that is fully managed: nothing in a device tells them apart."""
    if _sees_every_app(found) and text(found, "ownership") == "COMPANY_OWNED":
        return Enrolment.FULLY_MANAGED
    return _ENROLMENTS.get((text(found, "managementMode"), text(found, "ownership")), Enrolment.UNKNOWN)


def _compliance(found: Mapping[str, Any]) -> Compliance:
    """The verdict by the device's policy. What was not applied yet but shortly will be is given time."""
    compliant = flag(found, "policyCompliant")
    if compliant is None:
        return Compliance.UNKNOWN
    reasons = {text(each, "nonComplianceReason") for each in listed(found, "nonComplianceDetails") or []}
    if compliant:
        return Compliance.COMPLIANT
    return Compliance.GRACE if reasons == {"PENDING"} else Compliance.NONCOMPLIANT


def _status(found: Mapping[str, Any]) -> str:
    """The EAR tier of the worst of the API's own verdicts."""
    posture = text(found, "securityPosture", "devicePosture")
    if text(found, "state") in _BARRED or posture == "POTENTIALLY_COMPROMISED":
        return "contraindicated"
    compliant = flag(found, "policyCompliant")
    if posture == "AT_RISK" or compliant is False:
        return "warning"
    return "affirming" if compliant else "none"
