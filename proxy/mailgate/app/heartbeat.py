"""The heartbeat of a gate: it tells the store that it runs, and reads what other gates tell."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from socket import gethostname

import structlog
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mailgate import __version__
from mailgate.app.workers.listeners import WorkerPlace
from mailgate.console.now.gates import MISSED_AFTER, GateState, gates_now
from mailgate.rollout import RulesKeeper
from mailgate.store import GateHeartbeat, LastHeartbeat, Store, StoreError

log = structlog.get_logger()

BEAT_SECONDS = 5.0
"""The seconds between two heartbeats while nothing changes."""
FORGET_AFTER = timedelta(days=1)
"""How long a gate without a heartbeat is still shown."""


class ClockOffset(Collector):
    """How far the clock of this gate is ahead of the database's. There is no sample while nobody has measured it."""

    def __init__(self) -> None:
        self.measured: timedelta | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        about = "How far the clock of this gate is ahead of the database's, negative if it lags"
        family = GaugeMetricFamily("mailgate_clock_offset_seconds", about)
        if self.measured is not None:
            family.add_metric([], self.measured.total_seconds())
        yield family


class FoundGates:
    """What the last heartbeat has found, which is also in the metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.states: Counter[GateState] = Counter()
        """The number of gates on the store in each state."""
        self.is_alone = False
        """Whether there was no other process."""
        self.gates = Gauge("mailgate_gates", "Gates on this store, by state", ["state"], registry=registry)
        accepts = "1 while the store accepts the heartbeat of this gate"
        self.store_up = Gauge("mailgate_store_up", accepts, registry=registry)
        self.store_up.set(1)  # the store was opened just now
        self.clock = ClockOffset()
        registry.register(self.clock)
        self.note(Counter(), is_alone=False)

    def note(self, states: Counter[GateState], *, is_alone: bool) -> None:
        self.states, self.is_alone = states, is_alone
        for each in GateState:
            self.gates.labels(each.value).set(states[each])

    def note_failure(self) -> None:
        """Note that the store does not accept the heartbeat, so that the offset of the clock is not known."""
        self.store_up.set(0)
        self.clock.measured = None


@dataclass
class Heartbeat:
    """Run ``run`` as a task once the gate serves, until the store is closed."""

    store: Store
    keeper: RulesKeeper
    place: WorkerPlace
    address: Callable[[], str]
    clock: Callable[[], datetime]
    found: FoundGates
    rules_changed: asyncio.Event
    """Set when other rules came in force here: then a heartbeat is sent at once."""
    _instance: str = field(default_factory=lambda: secrets.token_hex(8))
    _took: tuple[int, datetime] | None = None

    async def run(self) -> None:
        """Send heartbeats until cancelled. The last one is then removed, since the gate ends on purpose."""
        with suppress(StoreError):
            await self.store.gates.forget(FORGET_AFTER)
        try:
            while True:
                self.rules_changed.clear()
                await self._try_to_beat()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.rules_changed.wait(), BEAT_SECONDS)
        finally:
            with suppress(StoreError):
                await self.store.gates.leave(self._instance)

    async def _try_to_beat(self) -> None:
        try:
            await self.beat()
            self.found.store_up.set(1)
        except StoreError as error:
            self.found.note_failure()
            log.debug("heartbeat-failed", error=type(error).__name__)  # /readyz reports it
        except Exception as error:  # noqa: BLE001 - the heartbeat goes on after any error
            self.found.note_failure()
            log.error("heartbeat-failed", error=type(error).__name__)

    async def beat(self) -> None:
        """Send a heartbeat, and read the states of all gates. Raises StoreError."""
        asked = self.clock()
        heard = await self.store.gates.note(self._own_beat())
        # the database looked at its clock at some time in between
        self.found.clock.measured = asked + (self.clock() - asked) / 2 - heard if heard else None
        gates = await gates_now(self.store, self.clock())
        others = any(self._other(heard) for gate in gates for heard in gate.last_heartbeats)
        is_alone = self.place.count == 1 and not others
        self.found.note(Counter(each.state for each in gates), is_alone=is_alone)

    def _other(self, heard: LastHeartbeat) -> bool:
        return heard.heartbeat.instance != self._instance and heard.ago < MISSED_AFTER

    def _own_beat(self) -> GateHeartbeat:
        active = self.keeper.current.activation
        if self._took is None or self._took[0] != active.serial:
            self._took = (active.serial, self.clock())
        return GateHeartbeat(
            host=gethostname(),
            address=self.address(),
            worker=self.place.number,
            workers=self.place.count,
            instance=self._instance,
            version=__version__,
            policy=active.policy,
            number=active.number,
            serial=active.serial,
            since=self._took[1],
        )
