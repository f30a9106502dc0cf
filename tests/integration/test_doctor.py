"""``mailgate doctor`` beside a real gate, behind real proxies, and before real services that are set up wrong."""

import asyncio
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration import commands, front_proxies
from tests.integration.conftest import guarded
from tests.integration.connectors.api import api, serving
from tests.integration.connectors.cases import CASES
from tests.integration.gate import EVERYONE, PHONE_RULES, write_config
from tests.integration.mail_sink import mail_sink
from tests.servers import free_port

from mailgate.app.doctor.checks import CHECKS, examine, read_files, with_its_store
from mailgate.app.doctor.diagnosis import Diagnosis, Examined
from mailgate.store import Store

HERE = {"trusted_proxies": ["127.0.0.1/32"]}
FRONTS: dict[str, Callable[..., AbstractContextManager[str]]] = {
    "nginx": front_proxies.nginx,
    "caddy": front_proxies.caddy,
    "haproxy": front_proxies.haproxy,
}
BEFORE: dict[str, Callable[..., AbstractContextManager[str]]] = {
    "nginx": front_proxies.nginx_before,
    "caddy": front_proxies.caddy_before,
}


@dataclass
class Told:
    """What the command has said, by check; and its exit code."""

    code: int
    findings: list[dict[str, str]]

    def __getitem__(self, check: str) -> dict[str, str]:
        (found,) = [each for each in self.findings if each["check"] == check]
        return found

    @property
    def failed(self) -> set[str]:
        return {each["check"] for each in self.findings if each["state"] == "failed"}


async def doctor(config: Path, **environment: str) -> Told:
    done = await asyncio.to_thread(commands.run, config, "doctor", "--json", **environment)
    report = json.loads(done.stdout)
    assert done.stderr == ""
    assert report["ok"] is (done.returncode == 0)
    return Told(done.returncode, report["checks"])


@contextmanager
def fronted(
    front: Callable[..., AbstractContextManager[str]], folder: Path, *webmail: str, **settings: Any
) -> Iterator[Path]:
    """The settings of a gate behind this proxy, at whose address people type."""
    (folder / "front").mkdir()
    gate = f"127.0.0.1:{free_port()}"
    with front(f"http://{gate}", *webmail, folder / "front") as url:
        how = {"listen": gate, "public_url": url, "admin_listen": f"127.0.0.1:{free_port()}"}
        with guarded(folder, settings.pop("upstream"), PHONE_RULES, **how, **settings):
            yield folder / "mailgate.yaml"


@pytest.mark.parametrize("front", BEFORE)
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_proxy_that_is_not_trusted_is_named(
    front: str, trusted: bool, webmail: TestServer, tmp_path: Path
) -> None:
    settings = HERE if trusted else {}
    with fronted(BEFORE[front], tmp_path, upstream=str(webmail.make_url("")), **settings) as config:
        told = await doctor(config)
    assert (told.code, told.failed) == ((0, set()) if trusted else (1, {"proxies"}))
    assert told["public URL"]["state"] == "ok"
    if not trusted:
        assert "everybody counts as 127.0.0.1" in told["proxies"]["found"]
        assert "`trusted_proxies`: 127.0.0.1/32" in told["proxies"]["next"]


@pytest.mark.parametrize("dialect", ["nginx", "caddy"])
@pytest.mark.parametrize("front", FRONTS)
async def test_a_proxy_that_speaks_another_dialect_is_named(
    front: str, dialect: str, webmail: TestServer, tmp_path: Path
) -> None:
    """HAProxy speaks as nginx does."""
    upstream = str(webmail.make_url(""))
    how = {"authz": {"dialect": dialect}} | HERE
    with fronted(FRONTS[front], tmp_path, upstream, upstream=upstream, **how) as config:
        told = await doctor(config)
    right = (front == "caddy") == (dialect == "caddy")
    assert (told.code, told.failed) == ((0, set()) if right else (1, {"forward auth"}))
    found = told["forward auth"]
    assert (f"asked in the dialect {dialect}" if right else f"not in the dialect {dialect}") in found["found"]
    assert right or "set `dialect` to what it speaks" in found["next"]


async def test_a_proxy_that_the_gate_does_not_answer_is_named(webmail: TestServer, tmp_path: Path) -> None:
    upstream = str(webmail.make_url(""))
    how = {"authz": {"dialect": "nginx"}, "trusted_proxies": ["192.0.2.1/32"]}
    with fronted(front_proxies.nginx, tmp_path, upstream, upstream=upstream, **how) as config:
        told = await doctor(config)
    assert told.failed == {"proxies", "forward auth"}
    assert "`trusted_proxies`" in told["forward auth"]["next"]


async def test_a_name_that_leads_to_the_webmail_itself_is_named(webmail: TestServer, tmp_path: Path) -> None:
    """Mail goes by the gate, and nothing else would say so."""
    upstream = str(webmail.make_url("")).rstrip("/")
    how = {"public_url": upstream, "authz": {"dialect": "nginx"}, "admin_listen": f"127.0.0.1:{free_port()}"}
    with guarded(tmp_path, upstream, EVERYONE, **how, **HERE) as gate:
        resource.prlimit(gate.gate.process.pid, resource.RLIMIT_NOFILE, (300, 300))
        told = await doctor(tmp_path / "mailgate.yaml")
    assert told.failed == {"public URL", "forward auth", "open files"}
    assert "did not ask, so mail goes by the gate" in told["forward auth"]["found"]
    assert "leads to something that is no gate" in told["public URL"]["found"]
    assert "of 300 are open" in told["open files"]["found"]


async def test_a_gate_on_another_store_and_one_that_stands_still_are_named(
    webmail: TestServer, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    upstream = str(webmail.make_url(""))
    with guarded(second, upstream, EVERYONE, admin_listen=f"127.0.0.1:{free_port()}"):
        pass  # its store has keys of its own
    with guarded(first, upstream, EVERYONE) as gate:
        config = write_config(second, upstream, {"public_url": gate.url, "admin_listen": "127.0.0.1:1"})
        told = await doctor(config)
    assert told.failed == {"gate", "public URL"}
    assert "leads to a gate on another store" in told["public URL"]["found"]
    assert "no gate answers at 127.0.0.1:1" in told["gate"]["found"]
    assert told["open files"]["state"] == "unknown"


async def test_services_that_are_set_up_wrong_are_each_named_and_no_secret_is(tmp_path: Path) -> None:
    """The webmail down, an issuer's keys gone, another's no JSON, a source that refuses the login, mail servers that refuse."""
    secret = "hunter2-of-everything"

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response(status=404)

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    mail = {"sender": "it@example.com", "domain": "example.com", "security": "none"}
    login = {"username": "gate", "password": {"env": "SECRET"}}
    async with (
        serving(nothing) as gone,
        serving(page) as html,
        api("jamf", lambda _request: web.Response(status=401)) as (source, _),
    ):
        with mail_sink() as server:
            jamf = CASES["jamf"].values(source) | {"client_secret": {"env": "SECRET"}}
            issuers = [
                {"issuer": "https://gone.example", "jwks": f"{gone}/jwks"},
                {"issuer": "https://html.example", "jwks": f"{html}/jwks"},
            ]
            settings = {
                "attestation": {"issuers": issuers},
                "connectors": {"jamf": jamf},
                "notices": mail | login | {"smtp": f"127.0.0.1:{server.port}"},
                "activesync": {"quarantine_mail": mail | {"smtp": f"127.0.0.1:{free_port()}"}},
                "admin_listen": "127.0.0.1:1",
                "public_url": f"http://127.0.0.1:{free_port()}",
            }
            config = write_config(tmp_path, f"http://127.0.0.1:{free_port()}", settings)
            await (await Store.open(f"sqlite:///{tmp_path}/mailgate.db")).close()
            told = await doctor(config, SECRET=secret)
    assert told.code == 1
    assert told.failed == {
        *("webmail", "issuer gone.example", "issuer html.example", "connector jamf", "mail server"),
        *("gate", "public URL"),
    }
    assert "status 404" in told["issuer gone.example"]["found"]
    assert "malformed" in told["issuer html.example"]["found"]
    assert "refuses our password" in told["connector jamf"]["found"]
    servers = [each["found"] for each in told.findings if each["check"] == "mail server"]
    assert ["`notices`" in servers[0], "SMTPConnectError" in servers[1]] == [True, True]
    assert all(each["next"] for each in told.findings if each["state"] != "ok")
    assert secret not in json.dumps(told.findings)


@pytest.mark.parametrize("ahead", [0, 40])
async def test_a_clock_is_compared_with_the_one_of_postgresql(
    postgres: str, migrated: str, tmp_path: Path, ahead: int
) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9", {"store": postgres.format(migrated)})
    said = await checked(config, "store", ahead)
    assert [(each.check, each.state) for each in said] == [
        ("store", "ok"),
        ("clock", "failed" if ahead else "ok"),
    ]
    assert f"{ahead} s ahead of the database's" in said[1].found or not ahead


async def test_a_postgresql_that_is_away_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", f"postgresql://mailgate:hunter2@127.0.0.1:{free_port()}/mailgate")
    config = write_config(tmp_path, "http://127.0.0.1:9", {"store": {"env": "STORE"}})
    (said,) = await checked(config, "store")
    assert (said.state, "hunter2" in said.found) == ("failed", False)
    assert "start the database" in said.next


async def checked(config: Path, name: str, ahead: int = 0) -> list[Diagnosis]:
    """What one check finds, by a clock that is ahead by so many seconds."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    settings, bundle, _ = read_files(config, now())
    async with with_its_store(Examined(config, now, settings, bundle)) as gate:
        return await examine(gate, lambda _done, _of: None, tuple(each for each in CHECKS if each.name == name))  # fmt: skip
