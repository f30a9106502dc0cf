"""Every source that is asked over HTTPS: how it is set, and what its API in ``tests/vectors`` says of which device."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.unit.connectors.around import CATALOG, service_account, settings_of
from tests.unit.connectors.test_android_management import VALUES as ANDROID
from tests.unit.connectors.test_fleet import VALUES as FLEET
from tests.unit.connectors.test_google_directory import VALUES as GOOGLE
from tests.unit.connectors.test_intune import VALUES as INTUNE
from tests.unit.connectors.test_jamf import VALUES as JAMF
from tests.unit.connectors.test_workspace_one import FIRST
from tests.unit.connectors.test_workspace_one import SECRETS as UEM_SECRETS
from tests.unit.connectors.test_workspace_one import VALUES as UEM

from mailgate.config.sources import (
    AndroidManagementSettings,
    FleetSettings,
    GoogleDirectorySettings,
    IntuneSettings,
    JamfSettings,
    WorkspaceOneSettings,
)
from mailgate.connectors import Connector, Runtime, Setup, connector_for

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """``expected``: listed apps by device, None where there is no inventory."""

    model: type[Any]
    given: dict[str, Any]
    secrets: dict[str, str]
    expected: dict[str, set[str] | None]
    origins: tuple[str, ...] = ("base_url",)
    """Settings that say where the API is."""
    items: str = ""
    """The key of the list of devices; empty where the list of devices is not all that is read."""
    name: str = ""
    """The key of a device's own name."""
    first_page: int = 1
    """Questions until the first page of devices is there."""

    def values(self, origin: str) -> dict[str, Any]:
        """The settings, without secrets, where its API is at ``origin``."""
        return self.given | dict.fromkeys(self.origins, origin)


def runtime(waits: list[float] | None = None) -> Runtime:
    async def at_once(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)
        await asyncio.sleep(0)

    return Runtime(lambda: NOW, at_once, lambda: 1.0)


def connected(case: Case, origin: str, around: Runtime) -> Connector:
    settings = settings_of(case.model, case.values(origin), **case.secrets)
    return connector_for(Setup("mdm", CATALOG, around), settings)


async def read(connector: Connector, records: list[Any]) -> None:
    """Everything that it says, as far as it gets."""
    try:
        async for record in connector.devices(None):
            records.append(record)  # noqa: PERF401 - what came before an error counts
    finally:
        await connector.close()


def found(records: list[Any]) -> dict[str, set[str] | None]:
    return {record.id: set(record.apps) if record.reported_at else None for record in records}


BOTH = ("base_url", "login_url")
CASES = {
    "android-management": Case(
        AndroidManagementSettings,
        ANDROID,
        {"account": service_account()},
        {"3a1b2c4d5e6f": {"tiktok"}, "b0c1d2e3f4a5": set(), "c9d8e7f6a5b4": None, "d4e5f6a7b8c9": set()},
        BOTH,
        "devices",
        "name",
    ),
    "fleet": Case(
        FleetSettings,
        FLEET,
        {"token": "fleet-s3cret"},
        {"1": {"tiktok"}, "2": set(), "3": {"tiktok"}, "4": None, "5": None},
        items="hosts",
        name="id",
        first_page=2,
    ),
    "google-directory": Case(
        GoogleDirectorySettings,
        GOOGLE,
        {"account": service_account()},
        {
            "AFiQxQ8EXAMPLE01": {"tiktok"},
            "AFiQxQ8EXAMPLE02": set(),
            "AFiQxQ8EXAMPLE03": None,
            "AFiQxQ8EXAMPLE04": {"tiktok"},
        },
        BOTH,
        "mobiledevices",
        "resourceId",
    ),
    "intune": Case(
        IntuneSettings,
        INTUNE,
        {"client_secret": "graph-s3cret"},
        {"d1": {"tiktok"}, "d2": set(), "d3": {"tiktok"}, "d4": None},
        BOTH,
    ),
    "jamf": Case(
        JamfSettings,
        JAMF,
        {"client_secret": "jamf-s3cret"},
        {"1": {"tiktok"}, "2": set(), "3": None},
        items="results",
        name="mobileDeviceId",
    ),
    "workspace-one": Case(
        WorkspaceOneSettings,
        UEM,
        UEM_SECRETS,
        {
            FIRST: {"tiktok"},
            FIRST[:-1] + "2": set(),
            FIRST[:-1] + "3": None,
            FIRST[:-1] + "4": None,
        },
        items="Devices",
        name="Uuid",
        first_page=3,
    ),
}
LISTED = [name for name, case in CASES.items() if case.items]
