"""The admin port of one process: its health and metrics, the console with the API, reports that sources post, and the question
of a mail server whether a login is accepted."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from socket import gethostname
from urllib.parse import urlsplit

from aiohttp import web

from mailgate.app.audit_copies import AuditEvents, AuditWitness
from mailgate.app.changes import OF_AUDIT
from mailgate.app.clock import utc_now
from mailgate.app.console import ConsoleParts
from mailgate.app.listening import open_admin, open_at_path
from mailgate.app.public_ports import server_limits
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.settings_changes import SettingsAudit
from mailgate.app.workers.listeners import WorkerPlace
from mailgate.app.workers.metrics import metrics_app
from mailgate.config import Settings
from mailgate.console.api.site import with_api
from mailgate.console.site import with_console
from mailgate.gateway.admin_port import OwnHosts, admin_app, intake_server
from mailgate.gateway.handler import Gate
from mailgate.gateway.mail_server_logins import ApiHeader, SideDoor, policy_server
from mailgate.gateway.refusals.failure import Failures
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.hosted_app import Admit, HostedApp
from mailgate.http.listener import Server
from mailgate.tasks import running

SHUTDOWN_SECONDS = 5.0
"""The seconds that requests at the port have when the gate ends."""


def own_hosts(settings: Settings) -> OwnHosts:
    """The host names of the port by these settings."""
    url, here = urlsplit(settings.console.url or "").hostname, settings.admin_listen.host
    names = {gethostname(), *settings.console.hosts, *([url] if url else []), here}
    return OwnHosts(frozenset(each.lower() for each in names), settings.console.trusted_proxies)


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

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[None]:
        """Serve until the body ends; running requests then have a moment to end. Raises OSError."""
        async with AsyncExitStack() as closing:
            if self.place.has_admin:
                app = await self._application(closing)
                server = await self._hosting(
                    closing, app, lambda asked: own_hosts(self._settings()).admit(asked)
                )
                self.origin = await open_admin(server, settings.admin_listen, self.place.admin, closing)
            else:
                own = await self._hosting(closing, metrics_app(self.gate.metrics.registry))
                await open_at_path(own, self.place.metrics_socket(), closing)
            yield

    async def _application(self, closing: AsyncExitStack) -> web.Application:
        """The application. What it does beside requests begins here, and ends with ``closing``."""
        gate, console, audit = self.gate, self.console, self.console.store.audit
        follow, door = console.rules.changes.follow, SideDoor(gate.judge, gate.recorder, gate.references.draw)
        admin = admin_app(
            console.worker_metrics.metrics,
            console.check.body,
            policy_server(door, self._dovecot_header),
            intake_server(console.connector_syncs.intake),
        )
        context = console.context()
        told = AuditEvents(audit, console.store.spool / "audit-told", lambda: self.sinks.audit)
        witness = AuditWitness(audit, lambda: self._settings().witness, utc_now)
        watch = SettingsAudit(audit, self._settings, gethostname(), utc_now)
        works = running(
            *console.works(context),
            lambda: follow("audit witness", lambda _: witness.poll(), OF_AUDIT, each_minute=True),
            lambda: follow("settings audit", lambda _: watch.poll()),
            lambda: follow(
                "audit events", lambda _: told.poll(), lambda each: (each.audit, self.sinks.audit)
            ),
        )
        await closing.enter_async_context(works)
        stops = (context.readings, context.background_questions, context.planning, context.recipient_lists)
        for part in stops:
            closing.push_async_callback(part.stop)
        return with_api(with_console(admin, context), context)

    def _settings(self) -> Settings:
        """The settings in force. They are asked for at every request, so that a reload changes what is read from them."""
        return self.console.files.settings

    def _dovecot_header(self) -> ApiHeader | None:
        """The key of the mail server; None if none may ask."""
        dovecot = self._settings().dovecot
        return ApiHeader(dovecot.header, dovecot.api_key.get_secret_value()) if dovecot else None

    async def _hosting(
        self, closing: AsyncExitStack, app: web.Application, admit: Admit = lambda _: None
    ) -> Server:
        """Serve an application. After its port is closed, running requests have a moment to end.

        The limits are those of the port for mail, without its limit for bodies: each address has its own.
        """
        gate, limits = self.gate, replace(server_limits(self._settings()), body=0)
        hosted = HostedApp(app, Failures(gate.references, gate.metrics, gate.clock).answer, admit)
        server = Server(hosted.handle, limits, self.room)
        await hosted.start()
        closing.push_async_callback(hosted.stop)
        closing.push_async_callback(server.finish, SHUTDOWN_SECONDS)
        closing.push_async_callback(hosted.close_streams)
        return server
