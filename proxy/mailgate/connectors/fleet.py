"""Fleet: hosts with their software, from its REST API.

Fleet reads every app of iPhones and iPads only if they enrolled automatically (through Apple Business Manager), and
only the managed apps of all others. On Android it reads the work profile.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from mailgate.config.sources.apis import FleetSettings
from mailgate.connectors.http import PAGES, Page
from mailgate.connectors.inventory import Installed, instant, kind_of, listed, objects, system_of, text, value
from mailgate.connectors.logins import Login
from mailgate.connectors.setup import ApiConnector, Setup, connects
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Enrolment

_HOSTS = "/api/v1/fleet/hosts"
_HANDHELD = frozenset({"ios", "ipados", "android"})
_ENROLMENTS = {
    "On (automatic)": Enrolment.SUPERVISED,
    "On (company-owned)": Enrolment.SUPERVISED,
    "On (manual)": Enrolment.DEVICE_ENROLMENT,
    "On (personal)": Enrolment.USER_ENROLMENT,
    "Off": Enrolment.NONE,
}
"""Fleet's words for iPhones and iPads."""
_PEOPLE = ("mdm_idp_accounts", "idp", "custom")
"""The sources of a person, the best first. Anybody may be logged in at a browser, so its accounts are left out."""


@connects(FleetSettings)
class Fleet(ApiConnector):
    """The hosts of one Fleet."""

    def __init__(self, setup: Setup, settings: FleetSettings) -> None:
        self._setup = setup
        self._settings = settings
        login = Login.bearer(settings.token.get_secret_value())
        self._client = setup.client(settings, settings.base_url, login)

    def devices(self, _since: datetime | None) -> AsyncGenerator[Report, None]:
        return self._reports(self._hosts(), lambda found: self._record(found) if text(found, "id") else None)

    async def device(self, device_id: str) -> Report | None:
        if not re.fullmatch(r"[0-9]{1,18}", device_id):
            raise SourceError(Trouble.NAME)
        found = await self._client.find(f"{_HOSTS}/{device_id}")
        return None if found is None else self._record(value(found, "host"))

    async def _hosts(self) -> AsyncIterator[Page]:
        """All hosts, counted before, since pages have no total: if fewer come, some have moved from page to page."""
        counted = value(await self._client.get(f"{_HOSTS}/count"), "count")
        if not isinstance(counted, int):
            raise SourceError(Trouble.SHAPE, "an answer has no `count`")
        self._client.tally.total = counted
        size, read = self._settings.page_size, 0
        query: list[tuple[str, str | int]] = [
            ("per_page", size),
            ("order_key", "id"),
            ("order_direction", "asc"),
            ("populate_software", "true"),
            ("device_mapping", "true"),
        ]
        for number in range(PAGES):
            page = objects(await self._client.get(_HOSTS, [*query, ("page", number)]), "hosts")
            yield page
            read += len(page)
            if len(page) < size:
                break
        if read < counted:
            raise SourceError(Trouble.CUT)

    def _record(self, found: Mapping[str, Any]) -> Report:
        os = system_of(text(found, "platform"), text(found, "os_version"))
        state = text(found, "mdm", "enrollment_status")
        personal = "personal" in state.casefold()  # serial and UUID are made for one enrolment then
        return report_by(
            source=self._setup.name,
            device_id=text(found, "id"),
            owner=_owner(found),
            kind=kind_of(os, text(found, "hardware_model")),
            os=os,
            os_version=text(found, "os_version").rpartition(" ")[2],
            managed=state.startswith("On") if state else None,
            apps=self._apps(found, os),
            serial="" if personal else text(found, "hardware_serial"),
            udid="" if personal else text(found, "uuid"),
            enrolment=_enrolment(os, state),
            gone=state == "Off" and os in _HANDHELD,
        )

    def _apps(self, found: Mapping[str, Any], os: str) -> AppsReport | None:
        """The apps of a handheld; None for other devices. An empty list is no inventory."""
        software = listed(found, "software")
        if not software or os not in _HANDHELD:
            return None
        installed = [
            Installed(
                text(each, "bundle_identifier") or text(each, "application_id"),
                text(each, "name"),
                text(each, "vendor"),
            )
            for each in software
        ]
        whole = os != "android" and text(found, "mdm", "enrollment_status") in self._settings.complete_kinds
        return self._setup.report(
            self._setup.listed(os, installed), complete=whole, at=instant(found, "software_updated_at")
        )


def _enrolment(os: str, state: str) -> Enrolment:
    """How the device is enrolled. What Fleet calls the company's on Android may have a work profile or not."""
    if os == "android":
        return Enrolment.WORK_PROFILE_PERSONAL if state == "On (personal)" else Enrolment.UNKNOWN
    return _ENROLMENTS.get(state, Enrolment.UNKNOWN) if os in _HANDHELD else Enrolment.UNKNOWN


def _owner(found: Mapping[str, Any]) -> str:
    for user in listed(found, "end_users") or []:
        if name := text(user, "idp_username"):
            return name
    known = {text(each, "source"): text(each, "email") for each in listed(found, "device_mapping") or []}
    return next((known[source] for source in _PEOPLE if known.get(source)), "")
