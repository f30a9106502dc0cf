"""Cloud Identity: how the devices of Google Workspace are enrolled, and what a partner says of them.

It has no apps. The directory (``google_directory.py``) has them, and does not say whose the device is. The two are matched
by the serial number, or by the id that the directory calls ``deviceId``; a name that two devices share tells nothing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailgate.config.sources.google import GoogleDirectorySettings
from mailgate.connectors.google import google_client
from mailgate.connectors.inventory import instant, text
from mailgate.connectors.paging import pages_by_token
from mailgate.connectors.setup import Setup
from mailgate.devices.names import SERIAL, serial_text
from mailgate.devices.trust import placeholder_reason
from mailgate.model import Compliance, Enrolment, ManagementVerdict
from mailgate.model.times import LONG_AGO

_SCOPE = "https://www.googleapis.com/auth/cloud-identity.devices.readonly"
_VERDICTS = {"COMPLIANT": Compliance.COMPLIANT, "NON_COMPLIANT": Compliance.NONCOMPLIANT}
_ENROLMENTS = {
    ("DEVICE_ADMINISTRATOR", "COMPANY"): Enrolment.DEVICE_ADMINISTRATOR,
    ("DEVICE_ADMINISTRATOR", "BYOD"): Enrolment.DEVICE_ADMINISTRATOR,
    ("DEVICE_OWNER", "COMPANY"): Enrolment.FULLY_MANAGED,
    ("PROFILE_OWNER", "COMPANY"): Enrolment.WORK_PROFILE_COMPANY,
    ("PROFILE_OWNER", "BYOD"): Enrolment.WORK_PROFILE_PERSONAL,
}


class CloudDevice(NamedTuple):
    """What Cloud Identity says of a device."""

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
        self._client = google_client(setup, settings, base_url, _SCOPE, settings.delegate)

    async def devices(self, serial: str = "") -> Mapping[str, CloudDevice]:
        """What it says of each device, by its serial number and its id; of those with this serial number alone, if one is
        given. Raises ``SourceError``."""
        verdicts = await self._verdicts() if self._partner else {}
        known, twice = dict[str, CloudDevice](), set[str]()
        query: list[tuple[str, str | int]] = [self._customer, ("pageSize", 100)]
        query += [("filter", f"serial:{serial}")] if serial else []
        async for page in pages_by_token(self._client, "/v1/devices", query, items="devices"):
            for found in page:
                told = _device(found, verdicts.get(text(found, "name")))
                for name in {*names_of(found)}:
                    twice |= {name} & known.keys()
                    known[name] = told
        return {name: told for name, told in known.items() if name not in twice}

    async def _verdicts(self) -> dict[str, ManagementVerdict]:
        """The partner's verdict on each device, by the name of the device. Of several users of one device the hardest
        counts."""
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
        each
        for each in ("" if placeholder_reason(SERIAL, serial) else serial, text(found, "deviceId"))
        if each
    ]


def _hardness(verdict: ManagementVerdict) -> int:
    return (Compliance.COMPLIANT, Compliance.UNKNOWN, Compliance.NONCOMPLIANT).index(verdict.compliance)


def _device(found: Mapping[str, Any], verdict: ManagementVerdict | None) -> CloudDevice:
    owner = text(found, "ownerType")
    privilege = text(found, "androidSpecificAttributes", "ownershipPrivilege")
    whole = owner == "COMPANY" and privilege in ("DEVICE_ADMINISTRATOR", "DEVICE_OWNER")
    return CloudDevice(_ENROLMENTS.get((privilege, owner), Enrolment.UNKNOWN), whole, verdict)
