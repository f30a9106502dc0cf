"""Each mistake that keeps people from their mail is named, with what ends it, and what was not seen is never called good."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import pki
from tests.unit.cli.gate_files import in_store

from mailgate import __version__
from mailgate.app.doctor import checks, machine, services, serving
from mailgate.app.doctor.checks import CHECKS, examine, read_files, with_its_store
from mailgate.app.doctor.diagnosis import Check, Diagnosis, Examined, State, diagnosis_by
from mailgate.config.files import ExposedFile
from mailgate.connectors import setup
from mailgate.console.now import readiness
from mailgate.errors import SourceError, Trouble
from mailgate.gateway.remote_keys import JwksAnswer, JwksError
from mailgate.mail.transport import MailRefused, MailServer
from mailgate.model import SourceState
from mailgate.store import StoreError, StoreUnavailableError
from mailgate.wire import ApiRequest, ApiResponse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SETTINGS = """\
listen: 127.0.0.1:8080
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:8081
store: sqlite:///{store}
"""
TLS = "tls: {certificate: gate.pem, key: gate.key}\n"
UPSTREAM, PUBLIC = "http://127.0.0.1:9080/", "https://mail.example.com/.mailgate/healthz"
READYZ, METRICS = "http://127.0.0.1:8081/readyz", "http://127.0.0.1:8081/metrics"
HERE, PROXY, CLIENT = "198.51.100.7", "10.0.0.5", "203.0.113.9"
PEM = pki.root(now=NOW)


@dataclass
class Web:
    """What answers, by its URL without the query; everything else cannot be reached."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[ApiRequest] = field(default_factory=list)

    async def ask(self, question: ApiRequest) -> ApiResponse:
        self.asked.append(question)
        answer = self.answers.get(question.url.partition("?")[0], Trouble.UNREACHABLE)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Trouble):
            raise SourceError(answer)
        return answer if isinstance(answer, ApiResponse) else ApiResponse(200, {}, answer)

    async def close(self) -> None:
        pass


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def gate(tmp_path: Path, web: Web, new_store: bytes) -> Callable[..., Examined]:
    """The gate of these settings at noon, with a new store, before everything in ``web``."""
    (tmp_path / "mailgate.db").write_bytes(new_store)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\n")
    (tmp_path / "policy.yaml").write_text("rules: [{id: all, when: 'true', effect: block}]\n")
    (tmp_path / "gate.pem").write_bytes(PEM.pem)
    (tmp_path / "gate.key").write_bytes(PEM.key_pem)
    (tmp_path / "gate.key").chmod(0o600)

    def made(more: str = "", now: datetime = NOW, **changed: Any) -> Examined:
        path = tmp_path / "mailgate.yaml"
        path.write_text(SETTINGS.format(store=tmp_path / "mailgate.db") + more)
        settings, bundle, mistakes = read_files(path, now)
        own = {"own_addresses": lambda _host: frozenset({HERE}), "wire": lambda _authorities: web}
        return Examined(path, lambda: now, settings, bundle, tuple(mistakes), **(own | changed))

    return made


def findings(gate: Examined, *names: str, checks: tuple[Check, ...] = CHECKS) -> list[Diagnosis]:
    """What the checks of these names find, with the store open."""

    async def run() -> list[Diagnosis]:
        chosen = tuple(each for each in checks if each.name in names)
        assert len(chosen) == len(names)
        async with with_its_store(gate) as opened:
            return await examine(opened, lambda _done, _of: None, chosen)

    return asyncio.run(run())


def fails(gate: Examined, name: str, found: str, helps: str, state: State = State.FAILED) -> None:
    """The check says exactly this, once."""
    said = [each for each in findings(gate, name) if each.state is not State.OK]
    assert [each.state for each in said] == [state], said
    assert found in said[0].found
    assert helps in said[0].next


def test_a_part_that_cannot_be_loaded_is_named_once_and_an_extra_that_is_not_there_is_not(
    gate: Callable[..., Examined], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each.state for each in findings(gate(), "program")] == [State.OK]
    lacks = {
        "mailgate.console.render": "jinja2",
        "mailgate.console.site": "jinja2",
        "mailgate.store.postgresql": "psycopg",
    }

    def load(name: str) -> None:
        if name in lacks:
            raise ModuleNotFoundError(f"No module named {lacks[name]!r}", name=lacks[name])

    monkeypatch.setattr(machine, "import_module", load)
    found = "mailgate.console.render cannot be loaded: ModuleNotFoundError: No module named 'jinja2'"
    fails(gate(), "program", found, "install Mailgate")


# the files


@pytest.mark.parametrize(
    ("file", "text", "found", "helps"),
    [
        ("mailgate.yaml", "upstraem: http://x\n", "upstraem", "did you mean `upstream`?"),
        ("policy.yaml", "rules: [{id: all, when: client.knd, effect: block}]\n", "policy.yaml:1:", ""),
        ("policy.tests.yaml", "tests: [{name: in, request: {user_agent: x}, expect: {effect: allow}}]\n", "the case `in` fails", "mend the rules or the case"),
        ("gate.key", "nothing", "gate.key holds no key that can be read", "use one in PEM"),
        ("gate.key", pki.root("Another", NOW).key_pem.decode(), "gate.key is not the key of", "use that one"),
        ("gate.key", PEM.pem.decode(), "gate.key holds no key", "use one in PEM"),
        ("gate.pem", PEM.key_pem.decode(), "gate.pem holds no certificate", "use the gate's certificate"),
    ],
    ids=["misspelt", "condition", "case", "no key", "another's key", "a certificate as key", "a key as certificate"],
)  # fmt: skip
def test_a_mistake_in_a_file_is_said_at_its_place(gate, tmp_path, file, text, found, helps) -> None:
    gate(TLS)
    (tmp_path / file).write_text(text)
    examined = gate(TLS + (text if file == "mailgate.yaml" else ""))
    said = [each for each in findings(examined, "settings") if each.state is State.FAILED]
    assert said
    assert all(each.next for each in said)
    assert any(found in each.found and helps in each.next for each in said)


def test_files_without_a_mistake_are_good(gate) -> None:
    (good,) = findings(gate(TLS), "settings")
    assert (good.state, good.next) == (State.OK, "")
    assert "1 rules, 0 cases hold" in good.found


def test_groups_that_no_file_has_are_named_as_by_check(gate, tmp_path) -> None:
    gate()
    (tmp_path / "policy.yaml").write_text("rules: [{id: a, when: client.handheld, groups: [staff], effect: block}]\n")  # fmt: skip
    fails(gate(), "settings", "`a` name groups", "write groups.yaml", State.WARNING)


def test_checks_that_need_a_broken_file_are_not_tried(gate, tmp_path) -> None:
    gate()
    (tmp_path / "policy.yaml").write_text("rules: 5\n")
    said = findings(gate("connectors: {mdm: {type: file, path: x}}\n"), "permissions", "connectors", "disk")
    assert {each.check: each.state for each in said} == {
        "permissions": State.UNKNOWN, "connectors": State.UNKNOWN, "disk": State.OK,
    }  # fmt: skip
    broken = findings(
        gate("listen: 5\n"), *(each.name for each in CHECKS if each.name not in ("program", "settings"))
    )
    assert {each.state for each in broken} == {State.UNKNOWN}


@pytest.mark.parametrize(
    ("exposed", "state", "helps"),
    [
        (ExposedFile(Path("store.url"), "read", secret=True), State.FAILED, "use `chmod o-r` there"),
        (ExposedFile(Path("policy.yaml"), "change", secret=False), State.WARNING, "use `chmod o-w` there"),
    ],
    ids=["a secret", "rules"],
)  # fmt: skip
def test_a_file_that_others_may_read_or_change_is_named(gate, monkeypatch, exposed, state, helps) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    examined = gate()
    monkeypatch.setattr(type(examined.bundle), "exposed_files", lambda _self: (exposed,))
    fails(examined, "permissions", str(exposed.path), helps, state)


def test_root_sees_not_what_the_gate_may(gate, monkeypatch) -> None:
    examined = gate()
    monkeypatch.setattr(type(examined.bundle), "exposed_files", lambda _self: ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    fails(examined, "permissions", "runs as root", "as the user of the gate", State.UNKNOWN)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert [each.state for each in findings(examined, "permissions")] == [State.OK]


@pytest.mark.parametrize(
    ("days", "life", "state"),
    [(5, 90, State.FAILED), (20, 90, State.OK), (5, 6, State.OK), (0.5, 6, State.FAILED)],
)
def test_a_certificate_ends_soon_by_its_own_life(gate, tmp_path, days, life, state) -> None:
    """What renews one begins at a third of its life, also where that is only days."""
    span = timedelta(days=days - life), timedelta(days=days)
    issued = PEM.sign(pki.name("mail.example.com"), span=span)
    (tmp_path / "gate.pem").write_bytes(issued.pem)
    (tmp_path / "gate.key").write_bytes(issued.key_pem)
    (said,) = findings(gate(TLS), "certificate")
    assert (said.state, f"in {int(days)} days" in said.found, bool(said.next)) == (state, True, state is State.FAILED)  # fmt: skip


@pytest.mark.parametrize(("free", "state"), [(0, State.FAILED), (machine.ROOM, State.OK)])
def test_a_full_disk_is_named(gate, monkeypatch, free, state) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    said = findings(gate(), "disk")
    assert [(each.state, bool(each.next)) for each in said] == [(state, state is State.FAILED)]


@pytest.mark.parametrize(
    ("files", "state", "found"),
    [
        ("mailgate.crx update.xml mailgate.xpi updates.json", State.OK, "mailgate.crx, mailgate.xpi, update.xml"),
        ("mailgate.xpi updates.json", State.OK, "browsers find mailgate.xpi, updates.json"),
        ("mailgate.crx mailgate.xpi updates.json", State.FAILED, "no update.xml"),
        ("updates.json", State.FAILED, "no mailgate.xpi"),
        ("mailgate-chromium.zip key.pem", State.FAILED, "no package"),
    ],
)  # fmt: skip
def test_a_package_that_browsers_do_not_find_is_named(gate, tmp_path, files, state, found) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in files.split():
        (folder / name).touch()
    (said,) = findings(gate("extension: {packages: packages}\n"), "extension")
    assert (said.state, found in said.found, bool(said.next)) == (state, True, state is State.FAILED)


def test_a_gate_without_packages_is_told_nothing_of_them(gate) -> None:
    assert findings(gate(), "extension") == []


def test_a_spool_that_cannot_be_written_is_a_mistake_of_the_files(gate, tmp_path) -> None:
    """Also the one beside an SQLite file, which no setting names."""
    (tmp_path / "mailgate.db.spool").write_text("")
    fails(gate(), "settings", "mailgate.db.spool is no folder", "or name another by `spool`")


# what it asks


def test_a_store_of_this_version_is_good(gate) -> None:
    (said,) = findings(gate(), "store")
    assert (said.state, said.next) == (State.OK, "")


@pytest.mark.parametrize(
    ("schema", "found", "helps"),
    [("0000", "written by a newer Mailgate", "start the version that wrote it"), ("", "is no store", "start a gate")],
)  # fmt: skip
def test_a_store_of_another_version_is_named(gate, tmp_path, schema, found, helps) -> None:
    place = tmp_path / "mailgate.db"
    if schema:
        with sqlite3.connect(place) as store:
            store.execute("UPDATE alembic_version SET version_num = ?", (schema,))
    else:
        place.unlink()
    fails(gate(), "store", found if schema else "there is no store at", helps)


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (services.OlderStoreError("its schema is old"), "start a gate of this version"),
        (services.DamagedStoreError("table x is missing"), "docs/recover.md"),
        (StoreUnavailableError("connection refused"), "start the database"),
        (StoreError("it is newer"), "start the version that wrote it"),
    ],
    ids=["old", "damaged", "away", "new"],
)
def test_each_way_in_which_a_store_fails_has_its_own_step(gate, error, helps) -> None:
    (said,) = asyncio.run(_all(services.store(replace(gate(), store=error))))
    assert (said.state, said.found) == (State.FAILED, str(error))
    assert helps in said.next


async def _all(found: AsyncIterator[Diagnosis]) -> list[Diagnosis]:
    return [each async for each in found]


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(40, "40 s ahead of the database's"), (-40, "40 s behind the database's"), (9, "agrees")],
)
def test_a_clock_is_compared_with_the_databases(gate, seconds, found) -> None:
    class Opened(services_store()):  # type: ignore[misc]
        async def ping(self) -> None:
            pass

        async def now(self, own: datetime) -> datetime:
            return own - timedelta(seconds=seconds)

    examined = gate()
    settings = examined.settings.model_copy(update={"store": SimpleNamespace(get_secret_value=lambda: "postgresql://a:hidden@db/m")})  # fmt: skip
    _, said = asyncio.run(_all(services.store(replace(examined, settings=settings, store=Opened()))))
    assert said.check == "clock"
    assert found in said.found
    assert bool(said.next) is (abs(seconds) > 10)


def services_store() -> type:
    """The class of a store, without one."""
    return type("Store", (checks.Store,), {"__init__": lambda _self: None})


def page(body: bytes = b"", status: int = 200, **fields: str) -> ApiResponse:
    return ApiResponse(status, {"date": format_datetime(NOW, usegmt=True), **fields}, body)


ROUNDCUBE = page(b"<input name='_user' id='rcmloginuser'>", **{"set-cookie": "roundcube_sessid=x"})
SOGO = page(b'<link href="/SOGo.woa/WebServerResources/css/styles.css">')
OWA = page(status=302, location="https://mail.example.com/owa/auth/logon.aspx", **{"x-owa-version": "15.2"})


@pytest.mark.parametrize(
    ("answers", "found", "helps"),
    [
        ({UPSTREAM: ROUNDCUBE}, "it is Roundcube", "`proxy_whitelist`"),
        ({UPSTREAM: page(status=302, location="/SOGo"), UPSTREAM + "SOGo": SOGO}, "it is SOGo", "#sogo"),
        ({UPSTREAM: OWA}, "it is Outlook on the web", "#exchange"),
        ({UPSTREAM: page(**{"set-cookie": "nc_sameSiteCookielax=true"})}, "it is Nextcloud", "#nextcloud"),
        ({UPSTREAM: page(b"<h1>mail</h1>")}, "answers with 200", ""),
        ({UPSTREAM: page(status=302, location="https://elsewhere.example/")}, "answers with 302", ""),
    ],
    ids=["roundcube", "sogo", "owa", "nextcloud", "another", "elsewhere"],
)
def test_a_webmail_is_told_by_its_answer(gate, web, answers, found, helps) -> None:
    web.answers = answers
    said, clock = findings(gate(), "webmail")
    assert (said.state, clock.state) == (State.OK, State.OK)
    assert said.found.endswith(found)
    assert helps in said.next
    assert web.asked[0].headers["Host"] == "mail.example.com"
    assert all(each.url.startswith(UPSTREAM) for each in web.asked)


@pytest.mark.parametrize(
    ("answer", "found", "helps"),
    [
        (Trouble.UNREACHABLE, "cannot be reached", "mend `upstream`"),
        (Trouble.TIMEOUT, "does not answer in time", "mend `upstream`"),
        (Trouble.CERTIFICATE, "shows a certificate that is not trusted", "`upstream_ca`"),
        (ApiResponse(503), "with 503", "own log"),
    ],
)
def test_a_webmail_that_serves_nobody_is_named(gate, web, answer, found, helps) -> None:
    web.answers = {UPSTREAM: answer}
    fails(gate(), "webmail", found, helps)


@pytest.mark.parametrize(("ahead", "way"), [(90, "behind"), (-90, "ahead of")])
def test_a_webmail_with_another_time_is_named(gate, web, ahead, way) -> None:
    date = format_datetime(NOW + timedelta(seconds=ahead), usegmt=True)
    web.answers = {UPSTREAM: ApiResponse(200, {"date": date})}
    said = findings(gate(), "webmail")[1]
    assert (said.check, said.state) == ("clock", State.FAILED)
    assert f"s {way} the webmail's" in said.found
    assert "NTP" in said.next


ISSUER = (
    "attestation: {issuers: [{issuer: 'https://mdm.example.com', jwks: 'https://mdm.example.com/jwks'}]}\n"
)


@pytest.mark.parametrize(
    ("answer", "found", "helps"),
    [
        (JwksError("status", 404), "gives no keys: status 404", "mend `jwks`"),
        (JwksAnswer("<html>", "", timedelta()), "gives no keys: malformed", "mend `jwks`"),
        (JwksError("tls"), "gives no keys: tls", "`jwks_ca`"),
        (JwksError("redirect", 301), "gives no keys: redirect 301", "redirects are not followed"),
        (JwksError("unreachable"), "gives no keys: unreachable", "mend `jwks`"),
    ],
    ids=["404", "no json", "certificate", "redirect", "away"],
)
def test_an_issuer_without_keys_is_named(gate, monkeypatch, answer, found, helps) -> None:
    async def ask(_etag: str) -> JwksAnswer:
        if isinstance(answer, JwksError):
            raise answer
        return answer

    monkeypatch.setattr(services, "asking", lambda _issuer: ask)
    (said,) = findings(gate(ISSUER), "issuers")
    assert (said.check, said.state) == ("issuer mdm.example.com", State.FAILED)
    assert found in said.found
    assert helps in said.next


JAMF = "connectors: {mdm: {type: jamf, base_url: 'https://jamf.example.com', client_id: a, client_secret: {env: SECRET}}}\n"


@pytest.mark.parametrize(("status", "found"), [(401, "refuses our password"), (503, "answers with an error")])
def test_a_source_that_cannot_be_read_is_named_and_not_asked_again(gate, monkeypatch, status, found) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    asked = []

    class Refusing:
        async def ask(self, question: ApiRequest) -> ApiResponse:
            asked.append(question)
            return ApiResponse(status)

        async def close(self) -> None:
            pass

    monkeypatch.setattr(setup, "HttpsWire", lambda *_: Refusing())
    (said,) = findings(gate(JAMF), "connectors")
    assert (said.check, said.state) == ("connector mdm", State.FAILED)
    assert found in said.found
    assert "`mailgate connectors check mdm`" in said.next
    assert len(asked) <= 2, "a source that is busy is left alone"


def test_a_source_that_can_be_read_is_good_and_one_that_posts_is_told_by_its_last_time(
    gate, tmp_path
) -> None:
    (tmp_path / "hr.jsonl").write_text("")
    more = "connectors: {hr: {type: file, path: hr.jsonl}, push: {type: post, api_key: {file: key}}}\n"
    (tmp_path / "key").write_text("hunter2-of-the-inventory")
    read, posted = findings(gate(more), "connectors")
    assert (read.check, read.state, posted.state) == ("connector hr", State.OK, State.UNKNOWN)

    async def note(store) -> None:
        await store.connectors.note(SourceState("push", last_success=NOW))

    in_store(note, f"sqlite:///{tmp_path}/mailgate.db")
    _, posted = findings(gate(more), "connectors")
    assert (posted.state, "last at 2026-11-24 12:00 UTC" in posted.found) == (State.OK, True)


MAIL = "notices: {smtp: 'smtp.example.com:587', sender: it@example.com, domain: example.com, username: gate, password: {env: SECRET}}\n"


@pytest.mark.parametrize("why", ["", "ConnectionRefusedError", "SMTPAuthenticationError 535"])
def test_a_mail_server_that_takes_nothing_is_named_without_the_password(gate, monkeypatch, why) -> None:
    monkeypatch.setenv("SECRET", "hidden")

    async def greet(self: MailServer) -> None:
        assert (self.username, self.password) == ("gate", "hidden")
        if why:
            raise MailRefused(why)

    monkeypatch.setattr(MailServer, "greet", greet)
    (said,) = findings(gate(MAIL), "mail server")
    assert (said.state, "smtp.example.com:587" in said.found, why in said.found) == (
        State.FAILED if why else State.OK, True, True,
    )  # fmt: skip
    assert "hidden" not in said.found + said.next


# what runs


def ready(**changed: Any) -> bytes:
    """``/readyz`` of a gate that is well, with these changes."""
    state = readiness.Readiness(
        ready=True,
        version=__version__,
        workers=readiness.OwnWorkers(wanted=2, answering=2, missing=[]),
        gates={"ok": 1},
        policy="p",
        rules=readiness.RulesNow(number=7, serial=7, held="", off=[], exemptions=0, only_report=[]),
        config=readiness.FilesState(state="ok", mistakes=[]),
        clock=readiness.ClockState(state="ok", offset_seconds=0),
        store="ok",
        issuers=[],
        connectors={},
        ledger=readiness.SightingQueue(
            written=0, spooled=0, dropped=0, strangers_not_recorded=0, waiting=0, refused_since=None, error=""
        ),
        reports=readiness.WaitingWrites(waiting=0, refused_since=None, error=""),
        writes=readiness.Writes(refused_since=None, error=""),
    )
    return json.dumps(state.model_dump(mode="json") | changed).encode()


@pytest.mark.parametrize(
    ("answer", "state", "found", "helps"),
    [
        (Trouble.UNREACHABLE, State.FAILED, "no gate answers at 127.0.0.1:8081", "systemctl"),
        (b"<html>", State.FAILED, "is no gate of this version", "`admin_listen`"),
        (ApiResponse(503, {}, ready(ready=False)), State.FAILED, "it is stopping", "start it again"),
        (ready(version="0.0.1"), State.WARNING, "version 0.0.1 runs", "restart"),
        (ready(store="unavailable"), State.FAILED, "The database does not answer", "#when-things-break"),
        (ready(workers={"wanted": 2, "answering": 1, "missing": [1]}), State.FAILED, "1 of 2 workers", "docs/operate.md"),
        (ready(config={"state": "rejected", "mistakes": ["policy.yaml:1:1: x"]}), State.FAILED, "policy.yaml:1:1: x", "`mailgate check`"),
        (ready(clock={"state": "off", "offset_seconds": 75.0}), State.FAILED, "75 seconds off", "docs/operate.md"),
    ],
    ids=["not running", "no gate", "stopping", "old", "no store", "workers", "files", "clock"],
)  # fmt: skip
def test_readyz_is_put_into_words(gate, web, answer, state, found, helps) -> None:
    web.answers = {READYZ: answer}
    fails(gate(), "gate", found, helps, state)


def test_a_gate_that_is_well_is_good(gate, web) -> None:
    web.answers = {READYZ: ready()}
    (said,) = findings(gate(), "gate")
    assert (said.state, said.found) == (State.OK, "it is ready; workers: 2, rules of version 7")


def limits(most: int, opened: int) -> bytes:
    return (
        f'process_max_fds{{worker="0"}} 65536\nprocess_open_fds{{worker="0"}} 9\n'
        f'process_max_fds{{worker="1"}} {most}\nprocess_open_fds{{worker="1"}} {opened}\n'
    ).encode()


@pytest.mark.parametrize(
    ("most", "opened", "state"),
    [(1024, 40, State.FAILED), (65536, 60000, State.FAILED), (65536, 40, State.OK)],
)
def test_too_few_open_files_are_named_by_the_process_that_has_the_least(
    gate, web, most, opened, state
) -> None:
    web.answers = {METRICS: limits(most, opened)}
    (said,) = findings(gate(), "open files")
    assert (said.state, "LimitNOFILE=" in said.next) == (state, state is State.FAILED)
    assert f"{opened} of {most} are open" in said.found


def test_the_limit_of_a_gate_that_does_not_run_is_unknown(gate) -> None:
    fails(gate(), "open files", "is known while it runs", "start it", State.UNKNOWN)


def arrived(
    peer: str = PROXY, remote: str = HERE, *, by_proxy: bool = True, told: tuple[str, ...] = ("x-forwarded-for",), **more: Any
) -> bytes:  # fmt: skip
    usual = {"scheme": "https", "host": "mail.example.com"}
    return json.dumps({"peer": peer, "remote": remote, "by_proxy": by_proxy, "told": told} | usual | more).encode()  # fmt: skip


BY_PROXY = "trusted_proxies: [10.0.0.0/24]\n"
DIRECT = arrived(HERE, HERE, by_proxy=False, told=())


@pytest.mark.parametrize(
    ("more", "body", "state", "found", "helps"),
    [
        (BY_PROXY, arrived(), State.OK, f"counts as from {HERE}, which is this machine", ""),
        ("", DIRECT, State.OK, f"counts as from {HERE}", ""),
        ("", arrived(PROXY, PROXY, by_proxy=False), State.FAILED, f"a proxy at {PROXY} hands requests on and is not trusted", f"`trusted_proxies`: {PROXY}/32"),
        (BY_PROXY, arrived(PROXY, PROXY, told=()), State.FAILED, "does not say whose requests", "`X-Forwarded-For`"),
        (BY_PROXY, arrived(scheme="http"), State.FAILED, "by https for one by http", "`X-Forwarded-Proto`"),
        (BY_PROXY, arrived(host="gate:8080"), State.FAILED, "asked for the host gate:8080", "`hosts`"),
        (BY_PROXY, arrived(PROXY, "10.0.0.6"), State.FAILED, "counts as from the proxy at 10.0.0.6", "none replace it"),
        (BY_PROXY, arrived(PROXY, CLIENT), State.UNKNOWN, f"counts as from {CLIENT}", "translated"),
    ],
    ids=["by a proxy", "direct", "not trusted", "tells nothing", "scheme", "host", "two proxies", "translated"],
)  # fmt: skip
def test_proxies_are_judged_by_what_the_gate_made_of_a_request(
    gate, web, tmp_path, more, body, state, found, helps
) -> None:
    web.answers = {PUBLIC: body}
    reached, *said = findings(gate(more), "public URL")
    assert (reached.check, reached.state) == ("public URL", State.OK)
    assert [(each.check, each.state) for each in said] == [("proxies", state)]
    assert found in said[0].found
    assert helps in said[0].next


@pytest.mark.parametrize(
    ("answer", "found", "helps"),
    [
        (Trouble.UNREACHABLE, "cannot be reached", "let its name lead"),
        (Trouble.CERTIFICATE, "a certificate that is not trusted", "SSL_CERT_FILE"),
        (ApiResponse(404, {}, b"no such page"), "something that is no gate, which answers with 404", "`/.mailgate/` to the gate"),
        (ApiResponse(200, {}, b"<h1>parked</h1>"), "no gate, which answers with 200", "let its name lead"),
        (ApiResponse(301, {"location": "https://www.example.com/x?y"}), "leads on to https://www.example.com", "`public_url`"),
        (b"ok\n", "a gate on another store", "name the store"),
    ],
    ids=["away", "certificate", "another host", "parked", "redirect", "another gate"],
)  # fmt: skip
def test_a_public_url_that_leads_elsewhere_is_named(gate, web, tmp_path, answer, found, helps) -> None:
    asyncio.run(_with_keys(tmp_path))
    web.answers = {PUBLIC: answer}
    fails(gate(), "public URL", found, helps)
    assert "?way=" in web.asked[0].url


async def _with_keys(folder: Path) -> None:
    """A store whose gate has run."""
    from mailgate.store import Store

    store = await Store.open(f"sqlite:///{folder}/mailgate.db")
    await store.keys.current(serving.HELP_KEYS, NOW, timedelta(days=30))
    await store.close()


def test_without_the_keys_of_the_store_the_way_is_unknown(gate, web) -> None:
    web.answers = {PUBLIC: b"ok\n"}
    fails(gate(), "public URL", "leads to a gate; which store it is on was not seen", "store", State.UNKNOWN)


@pytest.mark.parametrize(
    ("new", "gates", "state", "found"),
    [
        ({"request-ambiguous": 1}, 1, State.FAILED, "not in the dialect nginx"),
        ({"request-malformed": 1}, 1, State.FAILED, "not in the dialect nginx"),
        ({"not-found": 1}, 1, State.FAILED, "it is not trusted"),
        ({"decided": 1}, 1, State.OK, "asked in the dialect nginx"),
        ({}, 1, State.FAILED, "mail goes by the gate"),
        ({}, 2, State.UNKNOWN, "may have asked another one"),
    ],
)
def test_questions_of_a_front_proxy_are_told_by_counts_of_the_gate(
    gate, web, new, gates, state, found
) -> None:
    def counted(more: Counter[str]) -> bytes:
        lines = [f'mailgate_errors_total{{reason="{name}"}} {5 + count}' for name, count in more.items() if name != "decided"]  # fmt: skip
        lines += [f'mailgate_decisions_total{{effect="allow"}} {90 + more["decided"]}', f'mailgate_gates{{state="ok"}} {gates}', 'mailgate_gates{state="gone"} 1']  # fmt: skip
        return "\n".join(["# TYPE mailgate_errors_total counter", *lines, ""]).encode()

    before = Counter(dict.fromkeys(new, 0))
    web.answers = {
        METRICS: [counted(before), counted(Counter(new))],
        "https://mail.example.com/": page(status=500, server="nginx/1.26"),
    }
    (said,) = findings(gate("trusted_proxies: [10.0.0.0/24]\nauthz: {dialect: nginx}\n"), "forward auth")
    assert said.state is state
    assert found in said.found
    assert "calls itself nginx, " in said.found
    assert said.found.endswith("answered with 500")


def test_nothing_is_said_about_what_is_not_set_up(gate) -> None:
    assert findings(gate(), "issuers", "connectors", "mail server", "forward auth", "certificate") == []


# the checks together


@pytest.mark.parametrize(
    ("look", "state", "found"),
    [("hangs", State.FAILED, "not seen within"), ("breaks", State.UNKNOWN, "an error of this command (KeyError)"), ("store", State.FAILED, "away")],
)  # fmt: skip
def test_a_check_that_hangs_or_breaks_costs_no_other_one(gate, monkeypatch, look, state, found) -> None:
    monkeypatch.setattr(checks, "LIMIT_SECONDS", 0.0)

    async def looks(_gate: Examined) -> AsyncIterator[Diagnosis]:
        yield Diagnosis("x", State.OK, "seen before")
        if look == "hangs":
            await asyncio.Event().wait()
        raise StoreUnavailableError("away") if look == "store" else KeyError("a secret of the source")

    both = (Check("x", looks), Check("disk", machine.disk))
    first, said, disk = findings(gate(), "x", "disk", checks=both)
    assert (first.found, said.state, disk.check) == ("seen before", state, "disk")
    assert found in said.found
    assert "secret" not in said.found


def test_a_message_of_the_house_ends_with_the_next_step() -> None:
    assert diagnosis_by("x", "f:1:2: wrong; use y") == Diagnosis("x", State.FAILED, "f:1:2: wrong", "use y")
    assert diagnosis_by("x", "wrong", otherwise="mend it").next == "mend it"
