"""Updates a running gate from the store, whichever process made the change: rules in force, reliefs, and cached devices."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from mailgate.gateway.metrics import Metrics
from mailgate.model import DEVICE_FINDINGS
from mailgate.rollout import RulesKeeper
from mailgate.rollout.halting import HaltMonitor
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.store import Postures, Store, StoreError, StoreUnavailableError
from mailgate.store.changes import ChangeNumbers

log = structlog.get_logger()

POLL_SECONDS = 0.25
"""The seconds between two looks at the store, if it does not report a change before."""


class ChangingGate(Protocol):
    """The gate whose rules are updated (``app/service.py``)."""

    store: Store
    keeper: RulesKeeper
    reliefs: ReliefWatch
    halting: HaltMonitor

    def take_rules(self) -> None: ...

    def take_reliefs(self) -> None: ...


class RuleChanges:
    """Takes over what is in force in the store. Run ``run`` as a task."""

    def __init__(self, gate: ChangingGate) -> None:
        self._gate = gate
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Poll regularly, and at once if the store reports a change, until cancelled."""
        heard = 0
        while True:
            heard = await self._gate.store.change_signal.wait(POLL_SECONDS, heard)
            await self.poll()

    async def poll(self) -> None:
        """Use what is in force now. An error ends only this poll, and nothing is raised."""
        async with self._turn:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - the next version must be read after any error
                log.error("policy-look-failed", error=type(error).__name__)

    async def _look(self) -> None:
        gate, numbers = self._gate, await self._numbers()
        if numbers is None or gate.keeper.is_behind(numbers.activation):
            await gate.keeper.refresh()
        gate.take_rules()
        await gate.halting.halt_rules()
        changed = numbers is None or numbers.reliefs != gate.reliefs.current.serial
        if changed and await gate.reliefs.refresh():
            gate.take_reliefs()

    async def _numbers(self) -> ChangeNumbers | None:
        """The numbers of the latest changes in the store; None if the store cannot be reached. Each part then reads for itself."""
        try:
            return await self._gate.store.change_numbers()
        except StoreError:
            return None


"""The seconds between two looks. A hanging request is judged again every half second, so a change reaches it within one
second."""
COUNT_AFTER = 240
"""The number of looks between two counts of findings: a minute."""


class DeviceChanges:
    """Keeps the cached devices up to date. Run ``run`` as a task."""

    def __init__(
        self, postures: Postures, store: Store, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._postures = postures
        self._store = store
        self._metrics = metrics
        self._clock = clock

    async def run(self) -> None:
        """Poll regularly, until cancelled, even if a poll raises an error."""
        looks = 0
        while True:
            try:
                await self.poll()
                if looks % COUNT_AFTER == 0:
                    await self.count_findings()
            except Exception as error:  # noqa: BLE001 - the loop goes on after any error
                log.error("device-changes-unread", error=type(error).__name__)
            looks += 1
            await asyncio.sleep(POLL_SECONDS)

    async def poll(self) -> None:
        """Learn what has changed. One cheap query shows whether anything has."""
        now = self._clock()  # read before the query, so that no change is missed
        try:
            numbers = await self._store.change_numbers()
        except StoreUnavailableError:
            numbers = None
        if numbers is None or not self._postures.knows(numbers.devices, now):
            await self._postures.catch_up(now)

    async def count_findings(self) -> None:
        """Show the number of findings. While the store cannot be reached the last count stays."""
        try:
            counted = await self._store.devices.counted_findings()
        except StoreUnavailableError:
            return
        for reason in DEVICE_FINDINGS:
            self._metrics.device_findings.labels(reason).set(counted.get(reason, 0))
