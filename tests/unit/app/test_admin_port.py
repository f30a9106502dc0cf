"""What the admin port takes from the settings."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from mailgate.app import admin_port
from mailgate.app.admin_port import AdminPort, own_hosts
from mailgate.app.workers import ALONE
from mailgate.config.settings import DovecotSettings
from mailgate.gateway.mail_server_logins import ApiHeader
from mailgate.http.connection_limits import ConnectionLimit


async def test_the_mail_servers_key_is_that_of_the_files_in_force(service) -> None:
    port = AdminPort(service.gate, service.console, service.sinks, ALONE, ConnectionLimit(1))
    assert port._dovecot_header() is None
    settings = service.files.settings
    dovecot = DovecotSettings.model_construct(api_key=SecretStr("hunter2"), header="X-Key")
    await service.apply(
        replace(service.files.bundle, settings=settings.model_copy(update={"dovecot": dovecot}))
    )
    assert port._dovecot_header() == ApiHeader("X-Key", "hunter2")


def test_the_port_answers_to_its_own_names_in_any_case(bundle, monkeypatch) -> None:
    monkeypatch.setattr(admin_port, "gethostname", lambda: "Gate-1")
    settings = bundle().settings
    named = {"url": "https://Gate.example.com/", "hosts": ("alias",), "trusted_proxies": (ip_network("::1"),)}
    settings = settings.model_copy(update={"console": settings.console.model_copy(update=named)})
    hosts = own_hosts(settings)
    assert hosts.names == {"gate-1", "gate.example.com", "alias", "127.0.0.1"}
    assert hosts.proxies == (ip_network("::1"),)


def port_of(service) -> AdminPort:
    return AdminPort(service.gate, service.console, service.sinks, ALONE, ConnectionLimit(1))


async def test_the_console_is_loaded_once_the_gate_serves(service, monkeypatch) -> None:
    async def open_console(_parts, app, _closing):
        return app

    monkeypatch.setattr(admin_port, "_console_opening", lambda: open_console)
    port = port_of(service)
    async with port._console() as console:
        for _ in range(5):
            await asyncio.sleep(0)
        assert not console.done()
        port.load_console.set()
        assert "/readyz" in {each.canonical for each in (await console).router.resources()}


@pytest.mark.parametrize(
    ("error", "module"),
    [
        (ModuleNotFoundError("No module named 'jinja3'", name="jinja3"), "jinja3"),
        (SyntaxError("'(' was never closed", ("console/site.py", 1, 1, "(")), "console/site.py"),
        (FileNotFoundError(2, "No such file", "console/console.css"), "console/console.css"),
        (ValueError("secret"), ""),
    ],
)
async def test_a_console_that_cannot_be_loaded_is_an_error_in_the_log(
    service, monkeypatch, error, module
) -> None:
    def broken():
        raise error

    monkeypatch.setattr(admin_port, "_console_opening", broken)
    port = port_of(service)
    port.load_console.set()
    async with port._console() as console:
        with capture_logs() as logged, pytest.raises(type(error)):
            await console
    expected = {
        "event": "console-not-loaded",
        "log_level": "error",
        "error": type(error).__name__,
        "module": module,
    }
    assert logged == [expected]
