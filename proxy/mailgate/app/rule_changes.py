"""Updates the rules of a running gate from the store: versions in force and reliefs, whichever process changes them."""

import asyncio
from typing import Protocol

import structlog

from mailgate.rollout import RulesKeeper
from mailgate.rollout.halting import HaltMonitor
from mailgate.rollout.relief_watch import ReliefWatch
from mailgate.store import Store, StoreError
from mailgate.store.change_numbers import ChangeNumbers

log = structlog.get_logger()

POLL_SECONDS = 0.25
"""The seconds between two looks at the store, if it does not report a change before."""


class RunningGate(Protocol):
    """The gate whose rules are updated (``app/service.py``)."""

    store: Store
    keeper: RulesKeeper
    reliefs: ReliefWatch
    halting: HaltMonitor

    def take_rules(self) -> None: ...

    def take_reliefs(self) -> None: ...


class RuleChanges:
    """Takes over what is in force in the store. Run ``run`` as a task."""

    def __init__(self, gate: RunningGate) -> None:
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
