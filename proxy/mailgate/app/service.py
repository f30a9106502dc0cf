"""A running gate: the list of its parts, each of which is started after those before it and ends before them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_bytes
from socket import gethostname

import structlog

from mailgate.app import open_store, utc_now
from mailgate.app.admin_port import AdminPort, ConsoleParts
from mailgate.app.changes import OF_AUDIT, ChangeDispatcher, Look, count_browsers, count_devices
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.heartbeat import FoundGates, Heartbeat
from mailgate.app.in_force import FilesInForce, RulesInForce, first_live, renew_keys, warn_of_stale_lists
from mailgate.app.mails import MailSender
from mailgate.app.metrics import watch_backlogs, watch_numbers, watch_requests, watch_rules
from mailgate.app.parts import gate_for
from mailgate.app.preflight import failing_cases, load_checked
from mailgate.app.public_ports import PublicPorts, ports_for, raise_descriptor_limit
from mailgate.app.readiness import ReadinessCheck
from mailgate.app.reload import ChangedFiles, Reloader
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.trust import Trust
from mailgate.app.workers.listeners import ALONE, WorkerPlace
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.config import Bundle, load_bundle
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.handler import Gate
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.http.connection_limits import ConnectionLimit, connection_shares
from mailgate.rollout import RulesKeeper
from mailgate.rollout.halting import HaltMonitor
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.rollout.replay import away_now
from mailgate.rollout.version_in_force import Inspection
from mailgate.store import Store
from mailgate.tasks import end, running

log = structlog.get_logger()

HOUR = 3600.0

Part = AbstractAsyncContextManager[object]
"""A part of a gate: entering it starts it, and leaving it ends it."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running gate. ``start`` makes it, ``stop`` ends it."""

    files: FilesInForce
    gate: Gate
    reloader: Reloader[Bundle]
    ports: PublicPorts
    admin: AdminPort
    parts: Iterable[Part]
    """In the order of their start."""
    stopping: asyncio.Event
    _started: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def start(cls, config: Path, bundle: Bundle | None = None, place: WorkerPlace = ALONE) -> "Service":
        """Open the store and all ports. Raises MailgateError or OSError, and then leaves nothing open."""
        bundle = bundle or load_bundle(config)
        async with AsyncExitStack() as undo:
            store = await open_store(config, bundle.settings, make=True)
            await undo.enter_async_context(writing(store))
            service = await made(config, bundle, store, place, undo)
            for part in service.parts:
                await undo.enter_async_context(part)
            service._started.push_async_exit(undo.pop_all())
        return service

    async def stop(self) -> None:
        """Stop accepting, let running requests end, write all records, close everything."""
        self.stopping.set()
        await self._started.aclose()


async def made(
    config: Path, bundle: Bundle, store: Store, place: WorkerPlace, undo: AsyncExitStack
) -> Service:
    """A gate of which no part is started yet. What making it has begun ends by ``undo``. Raises MailgateError, OSError."""
    files, settings, host = FilesInForce(bundle), bundle.settings, gethostname()
    looks, stopping, other_rules = ChangeDispatcher(store, utc_now), asyncio.Event(), asyncio.Event()
    metrics = Metrics()
    found = FoundGates(metrics.registry)

    # what the gate decides by
    inspection = Inspection(store, lambda: files.settings, host, utc_now)
    keeper = RulesKeeper(store.policies, host, utc_now, inspection, inspection.frozen)
    undo.callback(keeper.close)
    held_back = [str(each) for each in failing_cases(config, bundle, utc_now())]
    files.bundle = bundle = replace(bundle, rules=await keeper.start(bundle.rules, "; ".join(held_back)))
    away = await away_now(store, settings)
    postures = store.postures(bundle.policy.catalog, settings.posture_terms(away))
    trust = await Trust.open(store, utc_now)
    reliefs = ReliefWatch(store.reliefs, utc_now)
    await reliefs.start()
    in_force = InForce(await first_live(bundle, store, trust, reliefs.current))
    halting = HaltMonitor(store, lambda: in_force.live.policy, host, utc_now, token_bytes(16))
    rules = RulesInForce(looks, files, keeper, reliefs, trust, postures, in_force, metrics, other_rules)
    metrics.policy.info({"version": bundle.policy.version})

    # what asks, sends and serves
    syncs = ConnectorSyncs(store, lambda: files.bundle, postures, metrics.registry)
    sender = MailSender(store, rules.bundle, metrics.registry)
    recheck = Recheck(syncs.check_again)
    gate = gate_for(
        settings, store, postures, trust, in_force, halting, metrics, recheck, lambda: found.is_alone
    )
    for way in (gate.forwarding.usual, gate.forwarding.long_poll):
        undo.callback(way.pool.close)
    shares = connection_shares(raise_descriptor_limit())
    ports = ports_for(settings, gate, place, shares.mail)
    sinks = RequestSinks(gate, place)
    changed = ChangedFiles(files, rules, trust, gate, postures, ports, sinks)
    reloader = Reloader(
        lambda: load_checked(config, utc_now(), keeper.current.activation.digest),
        changed.apply,
        metrics,
        held_back,  # not in force; a worker then uses the rules of the other workers
    )
    worker_metrics = WorkerMetrics(place, metrics.registry, examples=gate.tracing is not None)
    check = ReadinessCheck(
        files, rules, store, trust, reloader, syncs, worker_metrics, found, place, stopping
    )
    console = ConsoleParts(config, store, files, rules, syncs, worker_metrics, check)
    admin = AdminPort(gate, console, sinks, place, ConnectionLimit(shares.admin))
    heartbeat = Heartbeat(store, keeper, place, lambda: ports.public, utc_now, found, other_rules)
    watch_numbers(gate, store.ledger, keeper)
    watch_backlogs(metrics, store, spool=place.has_admin)
    watch_rules(metrics, files.lingering, reliefs)
    watch_requests(metrics, ports)

    follow = looks.follow

    async def learn_devices(look: Look) -> None:
        devices, phones = (look.numbers.devices, look.numbers.phones) if look.numbers else (None, None)
        gate.own.self_service.statuses.phones.follow(phones, look.at)
        await postures.follow(devices, look.at)

    async def count_fleet(look: Look) -> None:
        await count_browsers(store, metrics, files.settings.extension.silent_after, look.at)

    # a part ends before those above it: requests first, then other readers of the store and the records; their writers follow
    parts = [
        running(
            looks.run,
            lambda: follow("rules", rules.follow),
            lambda: follow("reliefs", rules.follow_reliefs),
            lambda: follow("waiting files", lambda _: keeper.settle()),
            lambda: follow("halts", lambda _: halting.halt_rules()),
            lambda: follow("devices", learn_devices),
            lambda: follow("counts", lambda _: count_devices(store, metrics), each_minute=True),
            lambda: follow("browsers", count_fleet, each_minute=True),
            lambda: follow("own keys", lambda _: trust.own_keys.renew(), each_minute=True),
            lambda: follow("spent proofs", lambda look: store.spent.prune(look.at), each_minute=True),
            lambda: follow("revocations", lambda _: trust.revocations.poll(), OF_AUDIT, each_minute=True),
            lambda: reloader.watch(lambda: {*files.bundle.stamps}, bundle.stamps),
            lambda: do_hourly_work(files, store, in_force),
            gate.refuser.mails.run,
        ),
        trust.fetching(settings, metrics),
        running(syncs.scheduler.run),
        running(sender.run),
        sinks.running(settings),
        admin.opened(settings),
        running(lambda: gate.streams.watch(ports.carried)),
        ports.opened(settings),
        running(heartbeat.run),
    ]
    return Service(files, gate, reloader, ports, admin, parts, stopping)


@asynccontextmanager
async def writing(store: Store) -> AsyncIterator[None]:
    """Write what the other parts record, until they have ended and all of it is written."""
    task = asyncio.get_running_loop().create_task(store.run())
    try:
        yield
    finally:
        await store.close()
        await end(task)


async def do_hourly_work(files: FilesInForce, store: Store, in_force: InForce) -> None:
    """Do the hourly work. Run it as a task."""
    while True:
        try:
            warn_of_stale_lists(files.settings)
            files.warn_of_lingering_rules()
            await renew_keys(in_force, files.settings, store)
            gone = await store.retention.prune(utc_now(), retention_times_of(files.settings))
            log.debug("pruned", rows=gone)
        except Exception as error:  # noqa: BLE001 - it is tried again after any error
            log.warning("prune-failed", error=type(error).__name__)
        await asyncio.sleep(HOUR)
