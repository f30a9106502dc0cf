"""The regular work of a running gate: it renews keys, deletes data after its retention time, and logs warnings."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from mailgate.app.clock import utc_now
from mailgate.app.in_force import FilesInForce, probe_keys, tickets_for
from mailgate.config import Settings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.evaluate.browser_probe import BrowserProbe
from mailgate.gateway.live import InForce
from mailgate.store import Store

log = structlog.get_logger()

HOUR, MINUTE = 3600.0, 60.0


async def repeat(work: Callable[[], Awaitable[object]], every: float) -> None:
    """Do this work every ``every`` seconds, until cancelled."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - it is tried again after any error
            log.warning("prune-failed", error=type(error).__name__)
        await asyncio.sleep(every)


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What is done as time passes. Run ``run`` as a task."""

    files: FilesInForce
    store: Store
    in_force: InForce

    async def run(self) -> None:
        async with asyncio.TaskGroup() as works:
            works.create_task(repeat(self.do_hourly_work, HOUR))
            # often, since every request of the last minutes may have left a spent proof
            works.create_task(repeat(lambda: self.store.spent.prune(utc_now()), MINUTE))

    async def do_hourly_work(self) -> None:
        """Renew keys, delete what is past its retention, and warn. Raises StoreError."""
        warn_of_stale_lists(self.files.settings)
        self.files.warn_of_lingering_rules()
        await self._renew_keys()
        gone = await self.store.retention.prune(utc_now(), retention_times_of(self.files.settings))
        gone += await self.store.verdicts.trim(utc_now())
        log.debug("pruned", rows=gone)

    async def _renew_keys(self) -> None:
        """Renew the keys that seal cookies and help buttons. Raises StoreError."""
        keys = await probe_keys(self.files.settings, self.store)
        tickets = await tickets_for(self.store)
        live = self.in_force.live  # as of now, since other settings may have come in between
        browser_probe = BrowserProbe(live.browser_probe.mode, live.browser_probe.lifetime, keys)
        responses = replace(live.responses, tickets=tickets)
        self.in_force.live = replace(live, browser_probe=browser_probe, responses=responses)


def warn_of_stale_lists(settings: Settings) -> None:
    """Warn about a revocation list that should have been replaced: its certificates are refused, or not checked."""
    certificates = settings.client_certificates
    since = certificates.revocation.stale_since(utc_now()) if certificates else None
    if certificates and since:
        log.error("crl-stale", since=since.isoformat(), stale_crl=certificates.stale_crl)
