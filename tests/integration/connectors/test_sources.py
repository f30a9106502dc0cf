"""Every source over real connections, answered in the shapes that its API documents."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.exchanges import MARKER
from tests.integration.connectors.api import api
from tests.unit.connectors.around import CATALOG, settings_of
from tests.unit.connectors.test_intune import VALUES as INTUNE
from tests.unit.connectors.test_jamf import VALUES as JAMF

from mailgate.config.sources import Common, IntuneSettings, JamfSettings
from mailgate.connectors import Opening, Surroundings, connector_for

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def surroundings():
    async def at_once(_seconds):
        await asyncio.sleep(0)

    return Surroundings(lambda: NOW, at_once, random.Random(1).random)


@dataclass(frozen=True)
class Case:
    """A source: its settings (for its API at this origin), its secrets, and the listed apps of its devices.

    None: the device has no inventory.
    """

    model: type[Common]
    values: Callable[[str], dict[str, Any]]
    secrets: dict[str, str]
    expected: dict[str, set[str] | None]


CASES = {
    "intune": Case(
        IntuneSettings,
        lambda origin: INTUNE | {"base_url": origin, "login_url": origin},
        {"client_secret": "graph-s3cret"},
        {"d1": {"tiktok"}, "d2": set(), "d3": {"tiktok"}, "d4": None},
    ),
    "jamf": Case(
        JamfSettings,
        lambda origin: JAMF | {"base_url": origin},
        {"client_secret": "jamf-s3cret"},
        {"1": {"tiktok"}, "2": set(), "3": None},
    ),
}


@pytest.mark.parametrize("source", CASES)
async def test_a_full_run(source):
    case = CASES[source]
    async with api(source) as (origin, _):
        settings = settings_of(case.model, case.values(origin), **case.secrets)
        connector = connector_for(Opening("mdm", CATALOG, surroundings()), settings)
        try:
            records = [record async for record in connector.devices(None)]
        finally:
            await connector.close()
    found = {record.id: set(record.apps.present) if record.apps else None for record in records}
    assert found == case.expected
    assert MARKER not in repr(records)
