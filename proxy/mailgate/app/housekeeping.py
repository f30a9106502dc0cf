"""The hourly work of a running gate: it renews keys, deletes data after its retention time, and logs warnings."""

import asyncio
from dataclasses import replace
from typing import Protocol

import structlog

from mailgate.app.clock import utc_now
from mailgate.app.live import probe_keys, tickets_for
from mailgate.config import Bundle, Settings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.evaluate.browser_probe import BrowserProbe
from mailgate.gateway.handler import Gate
from mailgate.store import Store, StoreError

log = structlog.get_logger()

HOUR = 3600.0


class RunningGate(Protocol):
    """The gate (``app/service.py``)."""

    bundle: Bundle
    store: Store
    gate: Gate

    def lingering(self) -> dict[str, str]: ...


async def do_hourly_work(service: RunningGate) -> None:
    """Do the hourly work. Run it as a task."""
    while True:
        warn_of_stale_lists(service.bundle.settings)
        warn_of_lingering_rules(service.lingering())
        try:
            await _renew_keys(service)
            gone = await service.store.retention.prune(utc_now(), retention_times_of(service.bundle.settings))
            log.debug("pruned", rows=gone)
        except StoreError as error:
            log.warning("prune-failed", error=type(error).__name__)
        await asyncio.sleep(HOUR)


async def _renew_keys(service: RunningGate) -> None:
    """Renew the keys that seal cookies and help buttons. Raises StoreError."""
    keys = await probe_keys(service.bundle.settings, service.store)
    tickets = await tickets_for(service.store)
    live = service.gate.in_force.live  # as of now, since other settings may have come in between
    browser_probe = BrowserProbe(live.browser_probe.mode, live.browser_probe.lifetime, keys)
    responses = replace(live.responses, tickets=tickets)
    service.gate.in_force.live = replace(live, browser_probe=browser_probe, responses=responses)


def warn_of_lingering_rules(found: dict[str, str]) -> None:
    """Warn about rules that have been report-only for too long."""
    for rule, why in found.items():
        log.warning("rule-only-reports", rule=rule, why=why)


def warn_of_stale_lists(settings: Settings) -> None:
    """Warn about a revocation list that should have been replaced: its certificates are refused, or not checked."""
    certificates = settings.client_certificates
    since = certificates.revocation.stale_since(utc_now()) if certificates else None
    if certificates and since:
        log.error("crl-stale", since=since.isoformat(), stale_crl=certificates.stale_crl)
