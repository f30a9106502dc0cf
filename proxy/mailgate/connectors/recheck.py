"""Asks a source about one device now, for a person who has just fixed something."""

import asyncio
from datetime import timedelta

from cachetools import TTLCache

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.leased_run import LeasedRun
from mailgate.connectors.protocol import ReadsOneDevice, WakesDevices
from mailgate.connectors.run import run_to_end
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import CheckResult

PAUSE = timedelta(seconds=60)
"""How long the same device is not asked about again."""
_TIMEOUT_SECONDS = 20.0
"""The most seconds that a person has to wait."""
_CACHE_SIZE = 100_000


class DeviceRecheck:
    """Asks sources about single devices, each at most once in ``PAUSE``."""

    def __init__(self, leased_run: LeasedRun) -> None:
        self._leased_run = leased_run
        now = leased_run.runtime().now
        self._asked: TTLCache[tuple[str, str], bool] = TTLCache(
            _CACHE_SIZE, PAUSE.total_seconds(), timer=lambda: now().timestamp()
        )

    async def ask(self, name: str, settings: EverySource, device_id: str) -> CheckResult:
        """Ask the source of the connector ``name`` about the device that it calls ``device_id``."""
        runtime = self._leased_run.runtime()
        connector = self._leased_run.make(name, settings, runtime)
        try:
            if not isinstance(connector, ReadsOneDevice | WakesDevices) or not settings.scheduled():
                return CheckResult.CANNOT
            if (name, device_id) in self._asked:
                return CheckResult.WAIT
            self._asked[name, device_id] = True
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                if isinstance(connector, WakesDevices):
                    await connector.wake(device_id)
                    return CheckResult.ASKED
                record = await connector.device(device_id)
            if record is not None and record.id != device_id:
                raise SourceError(Trouble.SHAPE)
            gone = report_by(name, device_id, gone=True)
            await run_to_end(self._leased_run.store.take([record or gone]))
            return CheckResult.TAKEN if record else CheckResult.GONE
        except SourceError as error:
            return CheckResult.CANNOT if error.trouble is Trouble.NAME else CheckResult.FAILED
        except TimeoutError:
            return CheckResult.FAILED
        finally:
            await connector.close()
