"""A running gate: what it opens, what a reload changes, and the order in which everything ends."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from secrets import token_bytes
from socket import gethostname
from time import perf_counter

import structlog

from mailgate.app.admin_port import AdminPort
from mailgate.app.changes import DeviceChanges, RuleChanges
from mailgate.app.clock import utc_now
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.heartbeat import GateMetrics, Heartbeat
from mailgate.app.housekeeping import do_hourly_work, warn_of_lingering_rules, warn_of_stale_lists
from mailgate.app.live import first_live, live_with_rules_of
from mailgate.app.mails import MailSender
from mailgate.app.metrics import watch_backlogs, watch_numbers, watch_rules
from mailgate.app.open_store import open_store
from mailgate.app.parts import gate_for
from mailgate.app.preflight import failing_cases, load_checked
from mailgate.app.public_ports import PublicPorts, ports_for, raise_descriptor_limit
from mailgate.app.reload import Reloader
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.settings_changes import needs_restart, take_settings
from mailgate.app.trust import Trust
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.app.workers.place import ALONE, WorkerPlace
from mailgate.config import Bundle, load_bundle
from mailgate.gateway.handler import Gate
from mailgate.gateway.live import InForce
from mailgate.gateway.streams import lasting
from mailgate.http.connection_limits import ConnectionLimit, connection_shares
from mailgate.mail.quarantine import QuarantineMailer
from mailgate.policy.rule_states import stuck_in_report_only
from mailgate.rollout import RulesKeeper
from mailgate.rollout.halting import HaltMonitor
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.rollout.replay import away_now
from mailgate.rollout.version_in_force import Inspection
from mailgate.store import Postures, Store
from mailgate.tasks import end, end_all

log = structlog.get_logger()


@dataclass
class Service:
    """A running gate. ``start`` makes it, ``stop`` ends it."""

    config: Path
    bundle: Bundle
    store: Store
    keeper: RulesKeeper
    postures: Postures
    trust: Trust
    gate: Gate
    reliefs: ReliefWatch
    halting: HaltMonitor
    place: WorkerPlace = ALONE
    reloader: Reloader[Bundle] = field(init=False)
    inspection: Inspection | None = None
    connector_syncs: ConnectorSyncs = field(init=False)
    stopping: bool = False
    ports: PublicPorts = field(init=False)
    admin: str = ""
    worker_metrics: WorkerMetrics = field(init=False)
    observing: RequestSinks = field(init=False)
    heartbeat: Heartbeat | None = None
    rule_changes: RuleChanges = field(init=False)
    held_back: list[str] = field(default_factory=list)
    """Mistakes in files that were found at the start and are not in force. A worker then uses the rules of the other
    workers."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def start(cls, config: Path, bundle: Bundle | None = None, place: WorkerPlace = ALONE) -> "Service":
        """Open the store and all ports. Raises MailgateError or OSError, and then leaves nothing open."""
        bundle = bundle or load_bundle(config)
        async with AsyncExitStack() as undo:
            store = await open_store(config, bundle.settings, make=True)
            undo.push_async_callback(store.close)
            inspection = Inspection(store, bundle.settings, gethostname(), utc_now)
            keeper = RulesKeeper(store.policies, gethostname(), utc_now, inspection, inspection.frozen)
            undo.callback(keeper.close)
            held_back = [str(each) for each in failing_cases(config, bundle, utc_now())]
            bundle = replace(bundle, rules=await keeper.start(bundle.rules, "; ".join(held_back)))
            away = await away_now(store, bundle.settings)
            postures = store.postures(bundle.policy.catalog, bundle.settings.posture_terms(away))
            trust = await Trust.open(store, utc_now)
            reliefs = ReliefWatch(store.reliefs, utc_now)
            await reliefs.start()
            in_force = InForce(await first_live(bundle, store, trust, reliefs.current))
            halting = HaltMonitor(
                store, lambda: in_force.live.policy, gethostname(), utc_now, token_bytes(16)
            )
            gate = gate_for(bundle.settings, store, postures, trust, in_force, halting)
            service = cls(
                config,
                bundle,
                store,
                keeper,
                postures,
                trust,
                gate,
                reliefs,
                halting,
                place,
                inspection=inspection,
                held_back=held_back,
            )
            undo.push_async_callback(service.stop)
            await service._open()
            undo.pop_all()
        return service

    async def _open(self) -> None:
        settings, loop = self.bundle.settings, asyncio.get_running_loop()
        # callbacks run in reverse order: requests end first, then other readers of the store, the records, and their writers
        writing = loop.create_task(self.store.run())
        self._closing.push_async_callback(end, writing)
        self._closing.push_async_callback(self.store.close)
        self._closing.callback(self.keeper.close)
        self._closing.push_async_callback(self._end_tasks)
        self._closing.push_async_callback(self.trust.keyring.close)
        self.trust.keyring.replace(self.trust.sources(settings, self.gate.metrics))
        self.connector_syncs = ConnectorSyncs(
            self.store, lambda: self.bundle, self.postures, self.gate.metrics.registry
        )
        self._closing.push_async_callback(self.connector_syncs.stop)
        sending = MailSender(self.store, self._bundle_now, self.gate.metrics.registry)
        self._closing.push_async_callback(sending.stop)
        self.gate.own.self_service.recheck.source = self.connector_syncs.check_again
        for way in (self.gate.forwarding.usual, self.gate.forwarding.long_poll):
            self._closing.callback(way.pool.close)
        self.observing = RequestSinks(self.gate, self.place)
        self.observing.take(settings)
        self._closing.push_async_callback(self.observing.stop)
        self.reloader = Reloader(self._read_files, self.apply, self.gate.metrics)
        self.reloader.mistakes = self.held_back
        self.rule_changes = RuleChanges(self)
        self._tasks = [
            loop.create_task(self.reloader.watch(lambda: {*self.bundle.paths, *self.bundle.absent})),
            loop.create_task(self.rule_changes.run()),
            loop.create_task(do_hourly_work(self)),
            loop.create_task(self.trust.run(self.store.spent)),
            loop.create_task(DeviceChanges(self.postures, self.store, self.gate.metrics, utc_now).run()),
        ]
        if isinstance(self.gate.refuser.mails, QuarantineMailer):
            self._tasks.append(loop.create_task(self.gate.refuser.mails.run()))
        self.connector_syncs.start()
        sending.start()
        watch_numbers(self.gate, self.store.ledger, self.keeper)
        watch_backlogs(self.gate.metrics, self.store, spool=self.place.has_admin)
        watch_rules(self.gate.metrics, self.lingering, self.reliefs)
        self._show_policy()
        shares = connection_shares(raise_descriptor_limit())
        self.ports = ports = ports_for(settings, self.gate, self.place, shares.mail)
        self.gate.metrics.watch("mailgate_requests_in_flight", "Requests being served", lambda: ports.running)
        self.gate.metrics.watch(
            "mailgate_requests_lasting",
            "Tunnels, requests that wait for mail, and others that have lasted for five seconds",
            lambda: len(lasting(ports.carried(), perf_counter())),
        )
        self.worker_metrics = WorkerMetrics(
            self.place, self.gate.metrics.registry, examples=self.gate.tracing is not None
        )
        room = ConnectionLimit(shares.admin)
        self.admin = await AdminPort(self, self.observing, room, self._closing, self._tasks).open()
        self._closing.push_async_callback(self._finish)  # runs after the ports below are closed
        self._tasks.append(loop.create_task(self.gate.streams.watch(ports.carried)))
        await ports.open(settings, self._closing)
        numbers = GateMetrics(self.gate.metrics.registry)
        self.heartbeat = Heartbeat(self.store, self.keeper, self.place, ports.public, utc_now, numbers)
        self.gate.judge.prover.is_alone = partial(getattr, self.heartbeat, "is_alone")
        self._closing.push_async_callback(self.heartbeat.stop)
        self.heartbeat.start()

    async def stop(self) -> None:
        """Stop accepting, let running requests end, write all records, close everything."""
        self.stopping = True
        await self._closing.aclose()

    async def _finish(self) -> None:
        await self.ports.finish(self.bundle.settings.timeouts.shutdown.total_seconds())

    async def _end_tasks(self) -> None:
        await end_all(self._tasks)

    def _read_files(self) -> Bundle:
        return load_checked(self.config, utc_now(), self.keeper.current.activation.digest)

    async def apply(self, bundle: Bundle) -> None:
        """Put changed files in force. Settings that only a start can change are logged and stay as they are."""
        before, settings = self.bundle.settings, bundle.settings
        live_with_rules_of(self.gate.in_force.live, bundle, self.trust)  # raises before anything has changed
        sources = self.trust.sources(settings, self.gate.metrics)
        self.ports.renew_tls(settings)
        if self.inspection:
            self.inspection.settings = settings
        self.trust.keyring.replace(sources)
        self._decide_by(replace(bundle, rules=await self.keeper.offer(bundle.rules)))
        warn_of_lingering_rules(self.lingering())
        take_settings(settings, self.gate, self.postures)
        self.observing.take(settings)
        warn_of_stale_lists(settings)
        waiting = needs_restart(before, settings)
        log.info("config-applied", policy=self.bundle.policy.version, takes_effect_at_restart=waiting)

    def _bundle_now(self) -> Bundle:
        return replace(self.bundle, away=self.postures.terms.away)

    def _decide_by(self, bundle: Bundle) -> None:
        """Use these rules and issuers from the next request on."""
        in_force = self.gate.in_force
        in_force.live = live_with_rules_of(in_force.live, bundle, self.trust, self.reliefs.current)
        self.postures.catalog = bundle.policy.catalog
        self.bundle = bundle
        self._show_policy()

    def take_rules(self) -> None:
        """Use the rules that the keeper has now, whichever process put them in force."""
        current = self.keeper.current
        if current.rules is self.bundle.rules:
            return
        self._decide_by(replace(self.bundle, rules=current.rules))
        warn_of_lingering_rules(self.lingering())
        told = current.activation
        log.info("policy-changed", policy=told.policy, number=told.number, serial=told.serial)

    def take_reliefs(self) -> None:
        """Use the reliefs that the watch has now."""
        self._decide_by(self.bundle)

    def _show_policy(self) -> None:
        self.gate.metrics.policy.info({"version": self.bundle.policy.version})
        if self.heartbeat:
            self.heartbeat.rules_changed()

    def lingering(self) -> dict[str, str]:
        """The rules in force that have been report-only for too long, each with the reason."""
        return stuck_in_report_only(
            self.bundle.policy, utc_now(), self.bundle.settings.stages.report_only_for
        )
