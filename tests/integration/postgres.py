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
from tests.servers import PATIENCE, in_memory, unavailable

from mailgate.store.migrate import migrate, store_url

_SETTINGS = (
    "autovacuum=off",
    "fsync=off",
    "full_page_writes=off",
    "max_wal_senders=0",
    "synchronous_commit=off",
    "wal_level=minimal",
)
_QUICK = [word for each in _SETTINGS for word in ("-c", each)]
"""Nothing of a server outlives its session, and its tables have some hundred rows."""
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


class Server:
    """A server in a folder, on a Unix socket there and, if given, a loopback port. It may be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, port: int | None) -> None:
        self.folder, self._programs, self._port = folder, programs, port
        self._account = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        if self._account:
            os.chown(folder, int(str(self._account["user"])), int(str(self._account["group"])))
        options = ["-U", "mailgate", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **self._account,  # type: ignore[call-overload]
        )

    def start(self) -> None:
        port = self._port
        listen = (
            ["-c", "listen_addresses=127.0.0.1", "-p", str(port)] if port else ["-c", "listen_addresses="]
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    "-D",
                    self.folder / "data",
                    "-k",
                    self.folder,
                    *_QUICK,
                    *listen,
                ],
                stderr=log,
                cwd=self.folder,
                **self._account,  # type: ignore[call-overload]
            )
        _wait_until_ready(self._programs, self.folder, port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast shutdown": ends open sessions
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def own_server(port: int | None = None) -> Iterator[Server]:
    """A server that a test may stop and start again."""
    programs = _programs()
    if programs is None:
        unavailable("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)")
    folder = Path(
        tempfile.mkdtemp(prefix="mailgate-pg-", dir=in_memory(_ROOM))
    )  # short: a socket's path has 107 bytes
    server = None
    try:
        server = Server(programs, folder, port)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server(port: int | None = None) -> Iterator[Path]:
    """A server on a Unix socket and, if given, a loopback port. Yields the folder of the socket."""
    with own_server(port) as server:
        yield server.folder


def _wait_until_ready(
    programs: Path, folder: Path, port: int | None, server: "subprocess.Popen[bytes]"
) -> None:
    deadline = time.monotonic() + PATIENCE
    asked = [programs / "pg_isready", "-q", "-h", folder, *(["-p", str(port)] if port else [])]
    while subprocess.run(asked, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
