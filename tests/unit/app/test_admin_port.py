"""What the admin port takes from the settings."""

from dataclasses import replace
from ipaddress import ip_network

from pydantic import SecretStr

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
