"""Android Management API: devices of an enterprise, with the app reports that its policies ask for.

Without ``statusReportingSettings.applicationReportsEnabled`` in a device's policy there are no app reports.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mailgate.config.sources.google import AndroidManagementSettings
from mailgate.connectors.google import google_client
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, text, value
from mailgate.connectors.paging import pages_by_token
from mailgate.connectors.push import message
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Compliance, Enrolment, ManagementVerdict, Threat
from mailgate.model.times import LONG_AGO

_SCOPE = "https://www.googleapis.com/auth/androidmanagement"
_FIELDS = (
    "name,state,managementMode,apiLevel,ownership,policyCompliant,enrollmentTokenData,lastStatusReportTime,"
    "hardwareInfo(serialNumber,enterpriseSpecificId,model),softwareInfo(androidVersion),"
    "nonComplianceDetails(nonComplianceReason),securityPosture(devicePosture),applicationReports(packageName,displayName,state)"
)
_TOLD = frozenset({"ENROLLMENT", "STATUS_REPORT"})
"""Notifications that hold a device."""
_ANDROID_11 = 30
_BARRED = frozenset({"DISABLED", "LOST"})


@connects(AndroidManagementSettings)
class AndroidManagement(ApiConnector):
    """The devices of one enterprise."""

    def __init__(self, setup: Setup, settings: AndroidManagementSettings) -> None:
        self._setup = setup
        self._settings = settings
        self._target = f"/v1/enterprises/{settings.enterprise}/devices"
        self._client = google_client(setup, settings, settings.base_url, _SCOPE)

    def devices(self, _since: datetime | None) -> AsyncIterator[Report]:
        query: list[tuple[str, str | int]] = [
            ("pageSize", self._settings.page_size),
            ("fields", f"nextPageToken,devices({_FIELDS})"),
        ]
        pages = pages_by_token(self._client, self._target, query, items="devices")
        return self._reports(pages, self.record)

    async def device(self, device_id: str) -> Report | None:
        target = f"{self._target}/{quote(device_id, safe='')}"
        found = await self._client.find(target, [("fields", _FIELDS)])
        if found is None:
            return None
        record = self.record(found)
        if record is None:
            raise SourceError(Trouble.SHAPE)
        return record

    async def receive(self, _headers: Mapping[str, str], body: bytes) -> Sequence[Report]:
        """The reports in a message. A message that comes twice or late does no harm, since the later of two status
        reports counts."""
        kind, data = message(body)
        record = self.record(data) if kind in _TOLD else None
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
            serial="" if serial == special else serial,
            udid=special,
            enrolment=_enrolment(found),
            verdict=ManagementVerdict(
                _compliance(found),
                instant(found, "lastStatusReportTime") or LONG_AGO,
                threat=_THREATS.get(text(found, "securityPosture", "devicePosture"), Threat.UNKNOWN),
            ),
            gone=text(found, "state") == "DELETED",
        )

    def _apps(self, found: Mapping[str, Any]) -> AppsReport | None:
        apps = listed(found, "applicationReports")
        if not apps:
            return None
        installed = [
            Installed(text(app, "packageName"), text(app, "displayName"))
            for app in apps
            if text(app, "state") != "REMOVED"
        ]
        return self._setup.report(
            self._setup.listed("android", installed),
            complete=_sees_every_app(found),
            at=instant(found, "lastStatusReportTime"),
        )


def _sees_every_app(found: Mapping[str, Any]) -> bool:
    """Whether the app reports are of the whole device. A profile owner's are of the work profile. A device owner's are
    too where a work profile stands on a company-owned device, which Android has had since 8 and no longer has since
    11; so an older one is never known to be whole."""
    level = value(found, "apiLevel")
    return text(found, "managementMode") == "DEVICE_OWNER" and isinstance(level, int) and level >= _ANDROID_11


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
