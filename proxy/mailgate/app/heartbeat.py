"""The heartbeat of a gate: it reports to the store that it runs and by which rules, and reads the heartbeats of other
gates."""

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
from mailgate.app.workers.place import WorkerPlace
from mailgate.console.now.gates import MISSED_AFTER, GateState, gates_now
from mailgate.rollout import RulesKeeper
from mailgate.store import GateHeartbeat, LastHeartbeat, Store, StoreError
from mailgate.tasks import end

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


class GateMetrics:
    """Gauges of the gates on a store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.gates = Gauge("mailgate_gates", "Gates on this store, by state", ["state"], registry=registry)
        self.store_up = Gauge(
            "mailgate_store_up",
            "1 while the store accepts the heartbeat of this gate",
            registry=registry,
        )
        self.store_up.set(1)  # the store was opened just now
        self.clock = ClockOffset()
        registry.register(self.clock)
        self.show(Counter())

    def show(self, gate_states: Counter[GateState]) -> None:
        for each in GateState:
            self.gates.labels(each.value).set(gate_states[each])


@dataclass
class Heartbeat:
    """``start`` it once the gate serves, ``stop`` it before the store is closed."""

    store: Store
    keeper: RulesKeeper
    place: WorkerPlace
    address: str
    clock: Callable[[], datetime]
    numbers: GateMetrics
    gate_states: Counter[GateState] = field(default_factory=Counter)
    """The number of gates on the store in each state at the last heartbeat."""
    is_alone: bool = False
    """Whether the last heartbeat found no other process."""
    _instance: str = field(default_factory=lambda: secrets.token_hex(8))
    _took: tuple[int, datetime] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Remove the heartbeat, since the gate ends on purpose."""
        await end(self._task)
        with suppress(StoreError):
            await self.store.gates.leave(self._instance)

    def rules_changed(self) -> None:
        """Send a heartbeat at once, since other rules came in force here."""
        self._news.set()

    async def _run(self) -> None:
        with suppress(StoreError):
            await self.store.gates.forget(FORGET_AFTER)
        while True:
            self._news.clear()
            try:
                await self.beat()
                self.numbers.store_up.set(1)
            except StoreError as error:
                self._failed()
                log.debug("heartbeat-failed", error=type(error).__name__)  # /readyz reports it
            except Exception as error:  # noqa: BLE001 - the heartbeat goes on after any error
                self._failed()
                log.error("heartbeat-failed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT_SECONDS)

    async def beat(self) -> None:
        """Send a heartbeat, and read the states of all gates. Raises StoreError."""
        asked = self.clock()
        heard = await self.store.gates.note(self._own_beat())
        # the database looked at its clock at some time in between
        self.numbers.clock.measured = asked + (self.clock() - asked) / 2 - heard if heard else None
        found = await gates_now(self.store, self.clock())
        self.gate_states = Counter(each.state for each in found)
        self.is_alone = self.place.count == 1 and not any(
            self._other(heard) for gate in found for heard in gate.last_heartbeats
        )
        self.numbers.show(self.gate_states)

    def _failed(self) -> None:
        self.numbers.store_up.set(0)
        self.numbers.clock.measured = None

    def _other(self, heard: LastHeartbeat) -> bool:
        return heard.heartbeat.instance != self._instance and heard.ago < MISSED_AFTER

    def _own_beat(self) -> GateHeartbeat:
        active = self.keeper.current.activation
        if self._took is None or self._took[0] != active.serial:
            self._took = (active.serial, self.clock())
        return GateHeartbeat(
            host=gethostname(),
            address=self.address,
            worker=self.place.number,
            workers=self.place.count,
            instance=self._instance,
            version=__version__,
            policy=active.policy,
            number=active.number,
            serial=active.serial,
            since=self._took[1],
        )
