"""What a gate does not need before it serves is imported later, or never."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import takewhile
from threading import Timer
from typing import IO

import pytest
from tests.integration.gate import PROXY, as_record, write_config
from tests.servers import PATIENCE

from mailgate.store.address import store_url
from mailgate.store.migrate import migrate

AT_NEED = {
    "alembic": "a store that lacks a step of its schema",
    "authlib": "a token of a login",
    "mako": "a store that lacks a step of its schema",
    "mailgate.app.console": "a gate that serves",
    "mailgate.cli.policy": "its command",
    "mailgate.connectors.jamf": "a source in the settings",
    "mailgate.console.api.site": "a gate that serves",
    "mailgate.console.site": "a gate that serves",
    "mailgate.demo": "its command",
    "mailgate.store.postgresql": "a store of PostgreSQL",
}
"""Modules and what they wait for."""


def imported(lines: Iterable[bytes]) -> Iterator[str]:
    """The modules that ``python -v`` tells of."""
    return (line.split(b"'")[1].decode() for line in lines if line.startswith(b"import '"))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[set[str], IO[bytes]]]:
    """What a gate has imported when it serves, and what it says then."""
    folder = tmp_path_factory.mktemp("gate")
    config = write_config(folder, "http://127.0.0.1:9", {})
    migrate(store_url(f"sqlite:///{folder}/mailgate.db"))
    with subprocess.Popen(
        [sys.executable, "-v", "-m", "mailgate", "run", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(PROXY)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        late = Timer(PATIENCE, process.kill)
        late.start()
        try:
            assert process.stderr is not None
            start = takewhile(
                lambda line: as_record(line.decode()).get("event") != "listening", process.stderr
            )
            yield set(imported(start)), process.stderr
        finally:
            late.cancel()
            process.kill()


@pytest.mark.parametrize("name", AT_NEED)
def test_a_gate_serves_without_what_it_does_not_need(name: str, serving: tuple[set[str], IO[bytes]]) -> None:
    before, _ = serving
    assert "mailgate.app.serve" in before
    assert [each for each in before if f"{each}.".startswith(f"{name}.")] == []


def test_the_console_is_imported_when_the_gate_serves(serving: tuple[set[str], IO[bytes]]) -> None:
    before, told = serving
    assert "mailgate.app.console" not in before
    assert "mailgate.app.console" in imported(told)
