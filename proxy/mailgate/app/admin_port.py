"""The admin port of one process: its health and metrics, the console with the API, reports that sources post, and the question
of a mail server whether a login is accepted."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import gethostname
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from mailgate.app import utc_now
from mailgate.app.changes import OF_AUDIT
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.in_force import FilesInForce, RulesInForce
from mailgate.app.public_ports import open_admin, open_at_path, server_limits
from mailgate.app.readiness import ReadinessCheck
from mailgate.app.reload import SettingsAudit
from mailgate.app.request_sinks import AuditEvents, AuditWitness, RequestSinks
from mailgate.app.workers.listeners import WorkerPlace
from mailgate.app.workers.metrics import WorkerMetrics, metrics_app
from mailgate.config import Settings
from mailgate.gateway.admin_port import OwnHosts, admin_app, intake_server
from mailgate.gateway.handler import Gate
from mailgate.gateway.mail_server_logins import ApiHeader, SideDoor, policy_server
from mailgate.gateway.refusals.failure import Failures
from mailgate.http.connection import Server
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.hosted_app import Admit, HostedApp
from mailgate.store import Store
from mailgate.tasks import end, running

log = structlog.get_logger()

SHUTDOWN_SECONDS = 5.0
"""The seconds that requests at the port have when the gate ends."""


def own_hosts(settings: Settings) -> OwnHosts:
    """The host names of the port by these settings."""
    url, here = urlsplit(settings.console.url or "").hostname, settings.admin_listen.host
    names = {gethostname(), *settings.console.hosts, *([url] if url else []), here}
    return OwnHosts(frozenset(each.lower() for each in names), settings.console.trusted_proxies)


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """The parts of a gate that the console uses."""

    config: Path
    store: Store
    files: FilesInForce
    rules: RulesInForce
    connector_syncs: ConnectorSyncs
    worker_metrics: WorkerMetrics
    check: ReadinessCheck


@dataclass(slots=True)
class AdminPort:
    """Everything that is served beside the port for mail."""

    gate: Gate
    console: ConsoleParts
    sinks: RequestSinks
    place: WorkerPlace
    room: ConnectionLimit
    origin: str = ""
    """Where it is open. A worker without one gives its metrics to the worker that has it; then it is empty."""
    load_console: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once mail is served: no start waits for the console, whose first pages may wait for it for a moment."""

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[None]:
        """Serve until the body ends; running requests then have a moment to end. Raises OSError."""
        async with AsyncExitStack() as closing:
            if self.place.has_admin:
                console = await closing.enter_async_context(self._console())
                await closing.enter_async_context(self._audit_works())
                server = await self._hosting(
                    closing,
                    self._application(),
                    lambda exchange: own_hosts(self._settings()).admit(exchange),
                    console,
                )
                self.origin = await open_admin(server, settings.admin_listen, self.place.admin, closing)
            else:
                own = await self._hosting(closing, metrics_app(self.gate.metrics.registry))
                await open_at_path(own, self.place.metrics_socket(), closing)
            yield

    def _application(self) -> web.Application:
        """The application without the console."""
        gate, console = self.gate, self.console
        door = SideDoor(gate.judge, gate.recorder)
        return admin_app(
            console.worker_metrics.metrics,
            console.check.body,
            policy_server(door, self._dovecot_header),
            intake_server(console.connector_syncs.intake),
        )

    @asynccontextmanager
    async def _console(self) -> AsyncIterator["asyncio.Task[web.AppRunner]"]:
        """The application with the console, which is loaded once the gate serves; until then, whoever awaits it waits."""
        async with AsyncExitStack() as parts:
            loading = asyncio.get_running_loop().create_task(self._load_console(parts))
            try:
                yield loading
            finally:
                await end(loading)

    async def _load_console(self, parts: AsyncExitStack) -> web.AppRunner:
        await self.load_console.wait()
        try:
            open_console = await asyncio.to_thread(_console_opening)
            gc.freeze()  # what is loaded stays, as after the start (settle_memory)
            return await open_console(self.console, self._application(), parts)
        except Exception as error:
            where = getattr(error, "name", None) or getattr(error, "filename", None) or ""
            log.error("console-not-loaded", error=type(error).__name__, module=where)
            raise

    def _audit_works(self) -> AbstractAsyncContextManager[None]:
        """What is done about the audit log as long as the port is open."""
        console, audit = self.console, self.console.store.audit
        follow = console.rules.changes.follow
        told = AuditEvents(audit, console.store.spool / "audit-told", lambda: self.sinks.audit)
        witness = AuditWitness(audit, lambda: self._settings().witness, utc_now)
        watch = SettingsAudit(audit, self._settings, gethostname(), utc_now)
        return running(
            lambda: follow("audit witness", lambda _: witness.poll(), OF_AUDIT, each_minute=True),
            lambda: follow("settings audit", lambda _: watch.poll()),
            lambda: follow(
                "audit events", lambda _: told.poll(), lambda each: (each.audit, self.sinks.audit)
            ),
        )

    def _settings(self) -> Settings:
        """The settings in force. They are asked for at every request, so that a reload changes what is read from them."""
        return self.console.files.settings

    def _dovecot_header(self) -> ApiHeader | None:
        """The key of the mail server; None if none may ask."""
        dovecot = self._settings().dovecot
        return ApiHeader(dovecot.header, dovecot.api_key.get_secret_value()) if dovecot else None

    async def _hosting(
        self,
        closing: AsyncExitStack,
        app: web.Application,
        admit: Admit = lambda _: None,
        rest: "asyncio.Future[web.AppRunner] | None" = None,
    ) -> Server:
        """Serve an application. After its port is closed, running requests have a moment to end.

        The limits are those of the port for mail, without its limit for bodies: each address has its own.
        """
        gate, limits = self.gate, replace(server_limits(self._settings()), body=0)
        hosted = HostedApp(app, Failures(gate.references, gate.metrics, gate.clock).answer, admit, rest)
        server = Server(hosted.handle, limits, self.room)
        await hosted.start()
        closing.push_async_callback(hosted.stop)
        closing.push_async_callback(server.finish, SHUTDOWN_SECONDS)
        closing.push_async_callback(hosted.close_streams)
        return server


def _console_opening() -> Callable[[ConsoleParts, web.Application, AsyncExitStack], Awaitable[web.AppRunner]]:
    from mailgate.app.console import open_console

    return open_console
