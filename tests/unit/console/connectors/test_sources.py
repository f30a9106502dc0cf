"""How the device inventories fare, and reading one."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.phones import has, record

from mailgate.console.connectors.reading import SourceReading
from mailgate.console.connectors.sources import MailLoss, can_be_read, mail_lasts, read_now, sources_of
from mailgate.console.devices.rows import catch_up
from mailgate.policy.rules import OnUnavailable
from mailgate.rollout.person import Person
from mailgate.store import StoreUnavailableError, device_rows

ADA = Person("ada", "here")


async def test_every_connector_of_the_settings_is_told(firm: Company) -> None:
    state = await firm.context.readiness()
    (told,) = await sources_of(firm.context, state)
    assert (told.name, told.type, told.polls, told.reading) == ("jamf-file", "file", True, None)
    assert (told.devices, told.loss) == (3, None)
    assert await sources_of(firm.context, state.model_copy(update={"connectors": {}})) == []


async def test_one_is_read_at_once_and_written_down_unless_it_is_being_read(firm: Company) -> None:
    assert await read_now(firm.context, "jamf-file", ADA, NOW, full=True)
    await asyncio.sleep(0)
    assert firm.read == [("jamf-file", True)]
    firm.context.readings.last["jamf-file"] = SourceReading("lin", NOW)
    assert not await read_now(firm.context, "jamf-file", ADA, NOW, full=True)
    assert (await firm.acts())[1:] == [("connector-read", "ada", "connector jamf-file")]


async def test_an_unknown_source_cannot_be_read(firm: Company) -> None:
    assert can_be_read(firm.context, "jamf-file")
    assert not can_be_read(firm.context, "none")


AGE = timedelta(hours=24)
"""How long a report counts, by the settings."""
LAST_KNOWN = timedelta(hours=8)


def failing(firm: Company) -> None:
    known = firm.ready["connectors"]["jamf-file"]
    firm.ready["connectors"] = {"jamf-file": known | {"state": "failing", "failing_since": NOW.isoformat()}}


async def loss_of(firm: Company) -> MailLoss | None:
    (told,) = await sources_of(firm.context, await firm.context.readiness())
    return told.loss


def ways(firm: Company, **by_rule: OnUnavailable) -> None:
    """Let these rules say what happens while a source is away, and all others read nothing of a device."""
    policy = firm.bundle.rules.policy
    rules = [
        each.model_copy(update={"on_unavailable": by_rule[each.id]})
        for each in policy.rules
        if each.id in by_rule
    ]
    changed = replace(firm.bundle.rules, policy=replace(policy, rules=tuple(rules)))
    firm.bundle = replace(firm.bundle, rules=changed)


async def phones(firm: Company, *ages: float) -> None:
    await has(firm, *(record(f"p{each}", f"p{each}", age=each) for each in ages))
    await catch_up(firm.store, firm.bundle, NOW)


async def test_reports_that_run_out_within_a_day_are_counted_by_the_hour(firm: Company) -> None:
    """They count for a day, and eight hours more as what was last known."""
    failing(firm)
    await phones(firm, 1, 8.5, 20, 20.25)
    await has(firm, record("out", "out", "tiktok", age=20))
    await catch_up(firm.store, firm.bundle, NOW)
    loss = await loss_of(firm)
    assert loss
    assert (loss.devices, loss.whole, loss.first) == (
        3,
        True,
        NOW + AGE + LAST_KNOWN - timedelta(hours=20.25),
    )
    assert {hour: count for hour, count in enumerate(loss.hours) if count} == {11: 1, 12: 1, 23: 1}


async def test_reports_that_are_not_read_are_not_counted_as_nobody(
    firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(firm)
    await phones(firm, 20, 21, 22)
    monkeypatch.setattr(device_rows, "COUNTED", 2)
    loss = await loss_of(firm)
    assert loss
    assert (loss.devices, loss.whole) == (2, False)


async def test_a_store_that_does_not_answer_hides_no_connector(
    firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(firm)
    away = AsyncMock(side_effect=StoreUnavailableError("away"))
    monkeypatch.setattr(type(firm.store.rows), "ending", away)
    assert await loss_of(firm) is None


@pytest.mark.parametrize(
    ("by_rule", "lasts"),
    [
        ({"prohibited-app": OnUnavailable.LAST_KNOWN}, AGE + LAST_KNOWN),
        ({"prohibited-app": OnUnavailable.BLOCK}, AGE),
        ({"prohibited-app": OnUnavailable.BLOCK, "unproven-handheld": OnUnavailable.ALLOW}, AGE),
        ({"prohibited-app": OnUnavailable.ALLOW}, None),
        ({"laptop-browser": OnUnavailable.BLOCK}, None),
    ],
)
async def test_mail_lasts_by_the_strictest_rule_that_reads_devices(
    firm: Company, by_rule: dict[str, OnUnavailable], lasts: timedelta | None
) -> None:
    ways(firm, **by_rule)
    assert mail_lasts(firm.bundle, "jamf-file") == lasts
