"""What is looked after every hour."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from mailgate.app import housekeeping
from mailgate.app.housekeeping import HOUR, Housekeeping, repeat
from mailgate.gateway.evaluate.browser_probe import Mode
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.store import StoreUnavailableError

NEW = object()


@pytest.fixture
def hours(monkeypatch):
    """Hours pass at once; after three of them it is over."""
    passed = []

    async def sleep(seconds):
        passed.append(seconds)
        if len(passed) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(housekeeping.asyncio, "sleep", sleep)
    return passed


async def renewed(*_):
    return NEW


async def trim(*_):
    return 1


async def test_each_hour_renews_keys_deletes_old_rows_and_names_rules(service, hours, monkeypatch):
    pruned = []

    async def prune(now, keep):
        pruned.append(keep)
        if len(pruned) == 2:
            raise StoreUnavailableError("away")
        return 7

    monkeypatch.setattr(housekeeping, "probe_keys", renewed)
    monkeypatch.setattr(housekeeping, "tickets_for", renewed)
    service.store.retention, service.store.verdicts = SimpleNamespace(prune=prune), SimpleNamespace(trim=trim)
    monkeypatch.setattr(type(service.files), "lingering", lambda _: {"pilot": "no end"})
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await repeat(Housekeeping(service.files, service.store, service.gate.in_force).do_hourly_work, HOUR)
    assert hours == [HOUR] * 3
    events = [line["event"] for line in logs]
    assert events == [
        "rule-only-reports",
        "pruned",
        "rule-only-reports",
        "prune-failed",
        "rule-only-reports",
        "pruned",
    ]
    assert (service.gate.in_force.live.browser_probe.keys, service.gate.in_force.live.responses.tickets) == (
        NEW,
        NEW,
    )
    assert isinstance(service.gate.in_force.live.responses, ResponseBuilder)


async def test_settings_that_come_while_keys_are_read_stay(service, hours):
    async def slowly(*_):
        live = service.gate.in_force.live
        probe = replace(live.browser_probe, mode=Mode.REQUIRE, lifetime=timedelta(hours=1))
        service.gate.in_force.live = replace(live, browser_probe=probe, trusted=("10.0.0.0/8",))
        return NEW

    service.store.keys = SimpleNamespace(current=slowly)
    service.store.retention, service.store.verdicts = SimpleNamespace(prune=trim), SimpleNamespace(trim=trim)
    with pytest.raises(asyncio.CancelledError):
        await repeat(Housekeeping(service.files, service.store, service.gate.in_force).do_hourly_work, HOUR)
    live = service.gate.in_force.live
    probe = live.browser_probe
    assert (probe.mode, probe.lifetime, probe.keys) == (Mode.REQUIRE, timedelta(hours=1), NEW)
    assert live.trusted == ("10.0.0.0/8",)
