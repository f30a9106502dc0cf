"""Google Workspace: mobile devices that people have enrolled, from the Admin SDK's Directory API.

Only Android devices come with apps (``projection=FULL``). The apps of iOS and Google Sync devices are unknown. How devices are
enrolled, and what a partner says of them, is in Cloud Identity, which has no apps. The two are matched by the serial number, or by
the id that the directory calls ``deviceId``; a name that two devices share tells nothing.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from mailgate.config.sources.google import GoogleDirectorySettings
from mailgate.connectors.google import google_client
from mailgate.connectors.http import pages_by_token
from mailgate.connectors.inventory import Installed, flag, instant, kind_of, listed, system_of, text
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.names import SERIAL, serial_text
from mailgate.devices.trust import is_placeholder, report_by
from mailgate.model import AppsReport, Compliance, Enrolment, ManagementVerdict
from mailgate.model.times import LONG_AGO

_CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-identity.devices.readonly"
_VERDICTS = {"COMPLIANT": Compliance.COMPLIANT, "NON_COMPLIANT": Compliance.NONCOMPLIANT}
_ENROLMENTS = {
    ("DEVICE_ADMINISTRATOR", "COMPANY"): Enrolment.DEVICE_ADMINISTRATOR,
    ("DEVICE_ADMINISTRATOR", "BYOD"): Enrolment.DEVICE_ADMINISTRATOR,
    ("DEVICE_OWNER", "COMPANY"): Enrolment.FULLY_MANAGED,
    ("PROFILE_OWNER", "COMPANY"): Enrolment.WORK_PROFILE_COMPANY,
    ("PROFILE_OWNER", "BYOD"): Enrolment.WORK_PROFILE_PERSONAL,
}


class CloudDevice(NamedTuple):
    enrolment: Enrolment = Enrolment.UNKNOWN
    may_be_whole: bool = False
    """Whether it is the company's, and nothing says that the account is in a work profile."""
    verdict: ManagementVerdict | None = None


class CloudIdentity:
    """The devices of one customer."""

    def __init__(
        self, setup: Setup, settings: GoogleDirectorySettings, base_url: str, partner: str | None
    ) -> None:
        self._customer = ("customer", f"customers/{settings.customer}")
        self._partner = partner
        self._client = google_client(setup, settings, base_url, _CLOUD_SCOPE, settings.delegate)

    async def devices(self, serial: str = "") -> Mapping[str, CloudDevice]:
        """What it says of each device, or of those with this serial number, by serial number and by id."""
        verdicts = await self._verdicts() if self._partner else {}
        known, twice = dict[str, CloudDevice](), set[str]()
        query: list[tuple[str, str | int]] = [self._customer, ("pageSize", 100)]
        query += [("filter", f"serial:{serial}")] if serial else []
        async for page in pages_by_token(self._client, "/v1/devices", query, items="devices"):
            for found in page:
                told = _cloud_device(found, verdicts.get(text(found, "name")))
                for name in {*names_of(found)}:
                    twice |= {name} & known.keys()
                    known[name] = told
        return {name: told for name, told in known.items() if name not in twice}

    async def _verdicts(self) -> dict[str, ManagementVerdict]:
        """The partner's verdict by the name of the device. Of several users of one device the hardest counts."""
        found: dict[str, ManagementVerdict] = {}
        target = "/v1/devices/-/deviceUsers/-/clientStates"
        async for page in pages_by_token(self._client, target, [self._customer], items="clientStates"):
            for state in page:
                parts = text(state, "name").split("/")
                if len(parts) != 6 or parts[5] != self._partner:
                    continue
                word = _VERDICTS.get(text(state, "complianceState"), Compliance.UNKNOWN)
                told = ManagementVerdict(word, instant(state, "lastUpdateTime") or LONG_AGO)
                device = "/".join(parts[:2])
                if device not in found or _hardness(told) > _hardness(found[device]):
                    found[device] = told
        return found

    async def close(self) -> None:
        await self._client.close()


def names_of(found: Mapping[str, Any]) -> list[str]:
    """The names by which a device of either API is matched. What many phones call their serial number is none."""
    serial = serial_text(text(found, "serialNumber"))
    return [
        each for each in ("" if is_placeholder(SERIAL, serial) else serial, text(found, "deviceId")) if each
    ]


def _hardness(verdict: ManagementVerdict) -> int:
    return (Compliance.COMPLIANT, Compliance.UNKNOWN, Compliance.NONCOMPLIANT).index(verdict.compliance)


def _cloud_device(found: Mapping[str, Any], verdict: ManagementVerdict | None) -> CloudDevice:
    owner = text(found, "ownerType")
    privilege = text(found, "androidSpecificAttributes", "ownershipPrivilege")
    whole = owner == "COMPANY" and privilege in ("DEVICE_ADMINISTRATOR", "DEVICE_OWNER")
    return CloudDevice(_ENROLMENTS.get((privilege, owner), Enrolment.UNKNOWN), whole, verdict)


_SCOPE = "https://www.googleapis.com/auth/admin.directory.device.mobile.readonly"
_FIELDS = (
    "resourceId,deviceId,email,model,os,type,status,lastSync,serialNumber,deviceCompromisedStatus,"
    "managedAccountIsOnOwnerProfile,applications(packageName,displayName)"
)
_GONE = frozenset({"wiped", "account_wiped"})
_UNKNOWN = CloudDevice()


@connects(GoogleDirectorySettings)
class GoogleDirectory(ApiConnector):
    """The mobile devices of one Google Workspace."""

    def __init__(self, setup: Setup, settings: GoogleDirectorySettings) -> None:
        self._setup = setup
        self._settings = settings
        self._target = f"/admin/directory/v1/customer/{settings.customer}/devices/mobile"
        self._client = google_client(setup, settings, settings.base_url, _SCOPE, settings.delegate)
        cloud = settings.cloud_identity
        self._cloud = CloudIdentity(setup, settings, cloud.base_url, cloud.partner) if cloud else None

    async def close(self) -> None:
        await super().close()
        if self._cloud is not None:
            await self._cloud.close()

    async def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
        query: list[tuple[str, str | int]] = [
            ("projection", "FULL"),
            ("maxResults", self._settings.page_size),
            ("fields", f"nextPageToken,mobiledevices({_FIELDS})"),
        ]
        known = await self._cloud.devices() if self._cloud else None
        pages = pages_by_token(self._client, self._target, query, items="mobiledevices")
        async for record in self._reports(
            pages, lambda found: self._record(found, known) if text(found, "resourceId") else None
        ):
            yield record

    async def device(self, device_id: str) -> Report | None:
        target = f"{self._target}/{quote(device_id, safe='')}"
        found = await self._client.find(target, [("projection", "FULL"), ("fields", _FIELDS)])
        if found is None:
            return None
        serial = text(found, "serialNumber")
        return self._record(found, await self._cloud.devices(serial) if self._cloud and serial else None)

    def _record(self, found: Mapping[str, Any], known: Mapping[str, CloudDevice] | None) -> Report:
        names = names_of(found)
        cloud = (
            next((known[name] for name in names if name in known), _UNKNOWN) if known is not None else None
        )
        model = text(found, "model")
        os = system_of(model, text(found, "os"), text(found, "type"))
        status = text(found, "status").casefold()
        emails = [email for email in listed(found, "email") or [] if isinstance(email, str)]
        return report_by(
            source=self._setup.name,
            device_id=text(found, "resourceId"),
            owner=emails[0].strip() if emails else "",
            kind=kind_of(os, model),
            os=os,
            os_version=_version(text(found, "os")),
            managed=status == "approved",
            status="contraindicated" if status == "blocked" or _broken(found) else "none",
            apps=self._apps(found, os, vouched=self._cloud is None or (cloud or _UNKNOWN).may_be_whole),
            serial=text(found, "serialNumber"),
            enrolment=cloud.enrolment if cloud else Enrolment.UNKNOWN,
            verdict=cloud.verdict if cloud else None,
            gone=status in _GONE,
        )

    def _apps(self, found: Mapping[str, Any], os: str, *, vouched: bool) -> AppsReport | None:
        """The apps of a device. They are incomplete if the account is in a work profile, since other apps are outside
        it; ``vouched`` is what Cloud Identity says, if it is asked."""
        apps = listed(found, "applications")
        if not apps or os != "android":
            return None
        installed = [Installed(text(app, "packageName"), text(app, "displayName")) for app in apps]
        return self._setup.report(
            self._setup.listed(os, installed),
            complete=vouched
            and self._settings.unmanaged_apps
            and flag(found, "managedAccountIsOnOwnerProfile") is True,
            at=instant(found, "lastSync"),
        )


def _broken(found: Mapping[str, Any]) -> bool:
    """Whether it is compromised: the values are not documented, and ``No compromise detected`` is the good one."""
    return text(found, "deviceCompromisedStatus").casefold().startswith("compromise")


def _version(os: str) -> str:
    """``16`` of ``Android 16``."""
    return os.rpartition(" ")[2] if os.rpartition(" ")[2][:1].isdigit() else ""
