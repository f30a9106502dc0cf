"""Today's gate takes over the store of the version before, as ``docs/release.md`` tells to upgrade: the last release, or the last commit while there is none."""

import asyncio
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import create_engine, text
from tests.golden.test_schema import CHANGELOG, is_released
from tests.integration.commands import run
from tests.integration.conftest import LAPTOP, Guarded
from tests.integration.gate import PHONE_RULES, Gate, start_gate, wait_for, write_config
from tests.integration.installed import ROOT, build, install
from tests.integration.test_upgrade import another_reports, asked, gets, reports
from tests.servers import free_port, require_or_skip

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files
from mailgate.store.migrate import store_url

KEPT = ("activations", "audit", "devices", "policies", "reports", "sightings")
"""Tables whose rows no gate changes or deletes by starting."""


def git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True)


def version_before() -> str:
    """The commit of the last release, else the last commit. Skips if this clone does not hold it."""
    require_or_skip("git")
    released = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD")
    found = git("rev-parse", "--verify", released.stdout.decode().strip() or "HEAD~1")
    if found.returncode:
        pytest.skip("this clone holds no commit before the last one")
    commit = found.stdout.decode().strip()
    changed = git("diff", "--quiet", commit, "--", "tests/golden/schema").returncode
    if changed and not is_released(CHANGELOG.read_text("utf-8")):
        pytest.skip("until 0.1.0 is released the first step of a store may change, and it has")
    return commit


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of the version before, installed from its wheel."""
    folder = tmp_path_factory.mktemp("before")
    archive = git("archive", version_before())
    source = folder / "source"
    source.mkdir()
    subprocess.run(["tar", "--extract", "--directory", source], input=archive.stdout, check=True)
    return install(build(source, folder / "dist", "wheel").wheel, folder / "venv") / "mailgate"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that is not made yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/before.db"
    server = request.getfixturevalue("postgres")
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE version_before")
    return str(server.format("version_before"))


@pytest.fixture
def files(webmail: TestServer, tmp_path: Path, url: str) -> Guarded:
    """The settings of a gate that does not run yet."""
    keys, public = key_files(secrets.token_bytes(32), secrets.token_bytes(32)), f"127.0.0.1:{free_port()}"
    (tmp_path / JWKS_FILE).write_text(keys[JWKS_FILE])
    settings = {
        "store": url,
        "public_url": f"http://{public}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
    }
    write_config(tmp_path, str(webmail.make_url("")), settings, PHONE_RULES)
    return Guarded(None, tmp_path, f"http://{public}", keys)  # type: ignore[arg-type]


@pytest.fixture
def before(program: Path, files: Guarded) -> Iterator[Guarded]:
    """The version before, started with them."""
    command = [program, "run", "--config", files.directory / "mailgate.yaml"]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=own, cwd=files.directory) as process:
        gate = Gate(process)  # type: ignore[arg-type]
        threading.Thread(target=gate.follow, args=(process.stderr,), daemon=True).start()
        gate.wait_until_ready()
        yield Guarded(gate, files.directory, files.url, files.keys)
        process.kill()


def rows(url: str) -> dict[str, list[dict[str, str]]]:
    """The rows of these tables, each by its columns."""
    engine = create_engine(store_url(url))
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SELECT * FROM {name}")).mappings().all() for name in KEPT}
    engine.dispose()
    return {name: [{key: repr(each[key]) for key in each} for each in some] for name, some in found.items()}


async def test_rows_are_kept_and_requests_are_answered(
    client: aiohttp.ClientSession, before: Guarded, url: str
) -> None:
    assert await reports(client, before) == 200
    assert await another_reports(client, before) == 403
    await gets(client, before, 200)
    assert await asyncio.to_thread(wait_for, lambda: before.gate.has_written() and all(rows(url).values()))
    assert before.gate.stop() == 0
    there = rows(url)

    config = before.directory / "mailgate.yaml"
    gate = start_gate(config)
    today = Guarded(gate, before.directory, before.url, before.keys)
    now = rows(url)  # before another request counts in a row of the same day
    for name, some in there.items():  # a new version may have more columns
        assert [row for row in some if not any(row.items() <= each.items() for each in now[name])] == []
    await gets(client, today, 200)  # by what was reported to the version before
    assert await asked(client, today, "/", {"User-Agent": LAPTOP}) == 200
    assert await another_reports(client, today) == 403
    assert all(len(some) >= len(there[name]) for name, some in rows(url).items())
    for command in (("audit", "verify"), ("store", "check")):
        done = run(config, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert gate.stop() == 0
