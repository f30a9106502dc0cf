"""Keeps the rules of a running gate true to the store: versions in force and reliefs, whichever process changes them."""

from typing import Protocol

import structlog

from mailgate.rollout import Keeper
from mailgate.rollout.halting import Halting
from mailgate.rollout.relief_watch import ReliefWatch
from mailgate.store import Store, StoreError

log = structlog.get_logger()

LOOK = 0.25
"""Seconds between two looks at the store, if it does not ring before."""


class Running(Protocol):
    """The gate whose rules are kept true (``app/service.py``)."""

    store: Store
    keeper: Keeper
    reliefs: ReliefWatch
    halting: Halting

    def take_rules(self) -> None: ...

    def take_reliefs(self) -> None: ...


async def follow_rules(gate: Running) -> None:
    """Decide by what is in force in the store, until cancelled, whatever breaks a look. Run it as a task."""
    heard = 0
    while True:
        heard = await gate.store.change_signal.wait(LOOK, heard)
        try:
            await _look(gate)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one version, the next must be seen
            log.error("policy-look-failed", error=type(error).__name__)


async def _look(gate: Running) -> None:
    try:
        numbers = await gate.store.change_numbers()
    except StoreError:
        numbers = None  # each part goes on in a way of its own
    if numbers is None or gate.keeper.is_behind(numbers.activation):
        await gate.keeper.look()
    gate.take_rules()
    await gate.halting.act()
    changed = numbers is None or numbers.reliefs != gate.reliefs.current.serial
    if changed and await gate.reliefs.look():
        gate.take_reliefs()
