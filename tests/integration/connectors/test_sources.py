"""Every source over real connections, answered in the shapes that its API documents."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from tests.exchanges import MARKER
from tests.integration.connectors.api import api
from tests.unit.connectors.around import CATALOG, settings_of
from tests.unit.connectors.test_intune import VALUES as INTUNE
from tests.unit.connectors.test_jamf import VALUES as JAMF

from mailgate.config.sources import IntuneSettings, JamfSettings
from mailgate.connectors import Opening, Surroundings, connector_for

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def surroundings():
    async def at_once(_seconds):
        await asyncio.sleep(0)

    return Surroundings(lambda: NOW, at_once, random.Random(1).random)


CASES = {
    "intune": (
        IntuneSettings,
        lambda origin: INTUNE | {"base_url": origin, "login_url": origin},
        "graph-s3cret",
        {"d1": {"tiktok"}, "d2": set(), "d3": {"tiktok"}, "d4": None},
    ),
    "jamf": (
        JamfSettings,
        lambda origin: JAMF | {"base_url": origin},
        "jamf-s3cret",
        {"1": {"tiktok"}, "2": set(), "3": None},
    ),
}


@pytest.mark.parametrize("source", CASES)
async def test_a_full_run(source):
    model, values, secret, expected = CASES[source]
    async with api(source) as (origin, _):
        settings = settings_of(model, values(origin), client_secret=secret)
        connector = connector_for(Opening("mdm", CATALOG, surroundings()), settings)
        try:
            records = [record async for record in connector.devices(None)]
        finally:
            await connector.close()
    found = {record.id: set(record.apps.present) if record.apps else None for record in records}
    assert found == expected
    assert MARKER not in repr(records)
