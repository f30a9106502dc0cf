"""The admin port of one process: its health and metrics, the console with the API, reports that sources post, and the question
of a mail server whether a login is accepted."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from socket import gethostname
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from mailgate.app.audit_copies import AuditEvents, AuditWitness
from mailgate.app.clock import utc_now
from mailgate.app.console import ConsoleGate, context_for, running
from mailgate.app.listening import open_admin, open_at_path
from mailgate.app.public_ports import server_limits
from mailgate.app.readiness import body_of_readyz
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.settings_changes import SettingsAudit
from mailgate.app.workers.metrics import metrics_app
from mailgate.config import Settings
from mailgate.console.api import with_api
from mailgate.console.site import with_console
from mailgate.gateway.admin_port import OwnHosts, admin_app, intake_server
from mailgate.gateway.hosted_app import Admit, HostedApp
from mailgate.gateway.mail_server_logins import ApiHeader, SideDoor, policy_server
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.listener import Server

SHUTDOWN_SECONDS = 5.0
"""The seconds that requests at the port have when the gate ends."""


def own_hosts(settings: Settings) -> OwnHosts:
    """The host names of the port by these settings."""
    url, here = urlsplit(settings.console.url or "").hostname, settings.admin_listen.host
    names = {gethostname(), *settings.console.hosts, *([url] if url else []), here}
    return OwnHosts(frozenset(each.lower() for each in names), settings.console.trusted_proxies)


@dataclass(frozen=True, slots=True)
class AdminPort:
    """Opens the port. What it opens is closed by ``closing``; the works that it starts end when the gate ends."""

    service: ConsoleGate
    sinks: RequestSinks
    room: ConnectionLimit
    closing: AsyncExitStack
    tasks: list[asyncio.Task[None]]
    """The works of the gate, to which those of the port are added."""

    async def open(self) -> str:
        """The origin of the port. A worker without one gives its metrics to the worker that has it; then it is empty."""
        service, place = self.service, self.service.place
        if not place.has_admin:
            own = await self._hosting(metrics_app(service.gate.metrics.registry))
            await open_at_path(own, place.metrics_socket(), self.closing)
            return ""
        server = await self._hosting(
            self._application(), lambda exchange: own_hosts(self._settings()).admit(exchange)
        )
        return await open_admin(server, self._settings().admin_listen, place.admin, self.closing)

    def _application(self) -> web.Application:
        service, gate, audit = self.service, self.service.gate, self.service.store.audit
        door = SideDoor(gate.judge, gate.recorder, gate.references.draw)
        admin = admin_app(
            service.worker_metrics.metrics,
            partial(body_of_readyz, service),
            policy_server(door, self._dovecot_header),
            intake_server(service.connector_syncs.intake),
        )
        context = context_for(service)
        for part in (
            context.readings,
            context.background_questions,
            context.planning,
            context.recipient_lists,
        ):
            self.closing.push_async_callback(part.stop)
        self._start(*running(context, service))
        told = AuditEvents(audit, service.store.spool / "audit-told", lambda: self.sinks.audit)
        witness = AuditWitness(audit, lambda: self._settings().witness, utc_now)
        watch = SettingsAudit(audit, self._settings, gethostname(), utc_now)
        self._start(witness.run(), watch.run(), told.run())
        return with_api(with_console(admin, context), context)

    def _settings(self) -> Settings:
        """The settings in force. They are asked for at every request, so that a reload changes what is read from them."""
        return self.service.bundle.settings

    def _dovecot_header(self) -> ApiHeader | None:
        """The key of the mail server; None if none may ask."""
        dovecot = self._settings().dovecot
        return ApiHeader(dovecot.header, dovecot.api_key.get_secret_value()) if dovecot else None

    def _start(self, *works: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.get_running_loop()
        self.tasks.extend(loop.create_task(work) for work in works)

    async def _hosting(self, app: web.Application, admit: Admit = lambda _: None) -> Server:
        """Serve an application until the gate ends. After its port is closed, running requests have a moment to end.

        The limits are those of the port for mail, without its limit for bodies: each address has its own.
        """
        gate, limits = self.service.gate, replace(server_limits(self._settings()), body=0)
        hosted = HostedApp(app, gate.metrics, gate.clock, gate.references.draw, admit)
        server = Server(hosted.handle, limits, self.room)
        await hosted.start()
        self.closing.push_async_callback(hosted.stop)
        self.closing.push_async_callback(server.finish, SHUTDOWN_SECONDS)
        self.closing.push_async_callback(hosted.close_streams)
        return server
