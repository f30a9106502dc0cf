"""Two gates on one PostgreSQL are upgraded one after the other: the old one serves while the new one changes the schema, and none goes back.

The next step is made up (``next_version.py``), so that this stands ready for the first real one.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import next_version
from tests.integration.commands import begin, run
from tests.integration.conftest import LAPTOP, Guarded
from tests.integration.gate import PHONE_RULES, start_gate, wait_for, write_config
from tests.integration.test_phone import EAS
from tests.integration.test_two_gates import MAIL_APP
from tests.integration.test_versions import url as url
from tests.servers import PATIENCE, free_port

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files
from mailgate.store import migrate
from mailgate.store.migrate import store_url
from mailgate.store.schema import metadata

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
Start = Callable[..., Guarded]


@pytest.fixture
def start(webmail: TestServer, tmp_path: Path, url: str) -> Iterator[Start]:
    """Start the gate of this name, in this version or the next; each is asked at its own port, for one public address."""
    keys, public = key_files(secrets.token_bytes(32), secrets.token_bytes(32)), f"127.0.0.1:{free_port()}"
    with ExitStack() as stopping:

        def started(name: str, store: str = url, **environment: str) -> Guarded:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            (folder / JWKS_FILE).write_text(keys[JWKS_FILE])
            settings = {
                "store": store,
                "public_url": f"http://{public}",
                "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
            }
            config = write_config(folder, str(webmail.make_url("")), settings, PHONE_RULES)
            gate = start_gate(config, environment)
            stopping.callback(lambda: gate.process.poll() is None and gate.stop())
            return Guarded(gate, folder, f"http://{public}", keys)

        yield started


async def asked(client: aiohttp.ClientSession, gate: Guarded, path: str, headers: dict[str, str]) -> int:
    where = "http://{}:{}".format(*gate.gate.public)
    public = gate.url.removeprefix("http://")
    method = "POST" if path == EAS else "GET"
    async with client.request(method, where + path, headers={"Host": public, **headers}) as response:
        await response.read()
        return response.status


async def reports(client: aiohttp.ClientSession, gate: Guarded, *apps: str) -> int:
    """What a phone gets that says what it has."""
    path = "/inbox"
    return await asked(client, gate, path, gate.report(path, apps=apps, eas_ids=("applc39x8fakeid",)))


async def another_reports(client: aiohttp.ClientSession, gate: Guarded) -> int:
    """What one gets that has TikTok."""
    own = gate.with_key_of("phone-2")
    return await asked(client, gate, "/inbox", own.report("/inbox", subject="phone-2", apps=("tiktok",)))


async def gets(client: aiohttp.ClientSession, gate: Guarded, status: int) -> None:
    """The mail app of that phone gets this, soon."""
    async with asyncio.timeout(PATIENCE):
        while await asked(client, gate, EAS, MAIL_APP) != status:
            await asyncio.sleep(0.05)


async def meanwhile(what: Callable[[], Awaitable[None]], upgrading: "asyncio.Future[Guarded]") -> int:
    """Do this again and again until the other gate has started; how often."""
    times = 0
    while not upgrading.done():
        await what()
        times += 1
    return times


async def test_the_old_gate_serves_while_the_new_one_changes_the_schema(
    client: aiohttp.ClientSession, start: Start, tmp_path: Path, url: str
) -> None:
    old = start("old")
    assert await reports(client, old) == 200
    await gets(client, old, 200)

    async def day() -> None:
        assert await asked(client, old, "/", {"User-Agent": LAPTOP}) == 200
        assert await asked(client, old, EAS, MAIL_APP) == 200
        # a proof that cannot be noted as spent is asked for once more
        assert await reports(client, old) in (200, 401)
        assert await another_reports(client, old) in (401, 403)

    upgrading = asyncio.get_running_loop().run_in_executor(
        None, lambda: start("new", **next_version.steps(tmp_path))
    )
    assert await meanwhile(day, upgrading) >= 2
    new = await upgrading
    with psycopg.connect(url) as server:
        assert server.execute("SELECT DISTINCT of_the_next FROM devices").fetchall() == [("x",)]

    for one, other in ((old, new), (new, old)):
        assert await reports(client, one, "tiktok") == 403
        await gets(client, other, 403)
        assert await reports(client, one) == 200
        await gets(client, other, 200)
    assert "Traceback" not in "\n".join([*old.gate.log, *new.gate.log])
    assert (old.gate.stop(), new.gate.stop()) == (0, 0)


def test_an_upgrade_that_meets_a_deadlock_takes_its_tables_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    migrate.migrate(store_url(url))
    monkeypatch.setattr(migrate, "_STEPS", Path(next_version.steps(tmp_path)[next_version.STEPS]))
    first, *_, last = (name for name in metadata.tables if name not in ("audit", "audit_head"))
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    with psycopg.connect(url) as serving, psycopg.connect(url, autocommit=True) as looking:
        serving.execute("SET deadlock_timeout = '1min'")  # so that the upgrade is the one that is ended
        serving.execute(f"SELECT * FROM {last}")
        with ThreadPoolExecutor() as pool:
            upgrading = pool.submit(migrate.migrate, store_url(url))
            wait_for(lambda: looking.execute(waits, (last,)).fetchone() == (1,))
            serving.execute(f"SELECT * FROM {first}")
            assert not upgrading.done()
            serving.rollback()
            upgrading.result(PATIENCE)
        assert looking.execute("SELECT count(*) FROM only_the_next").fetchone() == (0,)


async def test_an_old_gate_and_old_commands_refuse_what_the_next_version_has_written(
    start: Start, tmp_path: Path, url: str
) -> None:
    old = start("old")
    backup = tmp_path / "backup.db"
    assert run(old.directory / "mailgate.yaml", "store", "backup", str(backup)).returncode == 0
    new = start("new", **next_version.steps(tmp_path))
    config = old.directory / "mailgate.yaml"
    old.gate.stop()
    refused = f"was written by a newer Mailgate (its schema is {int(next_version.KNOWN) + 1:04}, this version knows up to {next_version.KNOWN})"
    for arguments in (["run"], ["devices", "list"], ["store", "check"]):
        done = run(config, *arguments)
        assert (done.returncode in (1, 2), refused in done.stdout + done.stderr) == (True, True), done
        assert "Traceback" not in done.stderr
    with psycopg.connect(url) as server:  # and leave it as it is
        assert server.execute("SELECT count(*) FROM only_the_next").fetchone() == (0,)
    assert new.gate.stop() == 0

    restored = f"sqlite:///{tmp_path}/restored.db"
    copied = begin(["store", "copy", f"sqlite:///{backup}", restored], tmp_path, dict(os.environ)).ended()
    assert copied.returncode == 0, copied.stderr
    assert start("again", restored).gate.stop() == 0
