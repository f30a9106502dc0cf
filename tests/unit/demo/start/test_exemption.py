"""The persona who is exempt: there is one exemption whenever the demo runs, and never two."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.gate import PHONE_RULES, write_config

from mailgate.app.open_store import open_store
from mailgate.config import load_bundle
from mailgate.demo.start.exemption import exempt_persona
from mailgate.demo.start.personas import EXEMPTED, login_of
from mailgate.policy.reliefs import Relief

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, "http://127.0.0.1:9", {}, PHONE_RULES)


async def exemptions(config: Path, now: datetime) -> list[Relief]:
    store = await open_store(config, load_bundle(config).settings)
    try:
        return list((await store.reliefs.current(now)).exemptions(now))
    finally:
        await store.close()


async def test_the_persona_is_exempt_from_every_rule_for_three_days(config: Path) -> None:
    await exempt_persona(config, NOW)
    (given,) = await exemptions(config, NOW)
    assert (given.person, given.device, given.rule, given.until) == (
        login_of(EXEMPTED), "", "", NOW + 3 * DAY,
    )  # fmt: skip
    assert given.why


async def test_who_is_exempt_is_not_exempted_twice_but_again_when_that_is_over(config: Path) -> None:
    for at in (NOW, NOW + 2 * DAY):
        await exempt_persona(config, at)
    assert [each.until for each in await exemptions(config, NOW + 2 * DAY)] == [NOW + 3 * DAY]
    await exempt_persona(config, NOW + 3 * DAY)
    assert [each.until for each in await exemptions(config, NOW + 3 * DAY)] == [NOW + 6 * DAY]
