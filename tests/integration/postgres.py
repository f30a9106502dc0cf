"""A real PostgreSQL for one test session, in a temporary folder that is deleted afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from tests.servers import PATIENCE, unavailable

from mailgate.store.address import store_url
from mailgate.store.migrate import migrate

_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30
"""Bytes that have to be free there: a few databases at a time, and what else is running."""


def _programs() -> Path | None:
    """The folder of the newest installed version."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((each.parent for each in versions), key=lambda folder: float(folder.parent.name), default=None)


def _unprivileged() -> dict[str, object]:
    """The user to run as, since PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server as SQLAlchemy spells it, with ``{}`` for the name of a database."""
    with postgres_server() as folder:
        yield f"postgresql://mailgate@/{{}}?host={folder}"


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a database with every table and no row: copies of it cost less than migrations."""
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE migrated")
    migrate(store_url(postgres.format("migrated")))
    return "migrated"


def _place() -> Path | None:
    """A folder in memory if there is enough: hundreds of databases are made and dropped, each with hundreds of
    files."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


@contextmanager
def postgres_server(port: int | None = None) -> Iterator[Path]:
    """A server on a Unix socket and, if given, a loopback port. Yields the folder of the socket."""
    programs = _programs()
    if programs is None:
        unavailable("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)")
    folder = Path(
        tempfile.mkdtemp(prefix="mailgate-pg-", dir=_place())
    )  # short: a socket's path has 107 bytes
    account = _unprivileged()
    if account:
        os.chown(folder, int(str(account["user"])), int(str(account["group"])))
    data = folder / "data"
    listen = ["-c", "listen_addresses=127.0.0.1", "-p", str(port)] if port else ["-c", "listen_addresses="]
    server = None
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "mailgate", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **account,  # type: ignore[call-overload]
        )
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, "-c", "fsync=off", *listen],
                stderr=log,
                cwd=folder,
                **account,  # type: ignore[call-overload]
            )
        _wait_until_ready(programs, folder, port, server)
        yield folder
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast shutdown": ends open sessions
            server.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(
    programs: Path, folder: Path, port: int | None, server: "subprocess.Popen[bytes]"
) -> None:
    deadline = time.monotonic() + PATIENCE
    asked = [programs / "pg_isready", "-q", "-h", folder, *(["-p", str(port)] if port else [])]
    while subprocess.run(asked, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
