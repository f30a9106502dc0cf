"""A PostgreSQL that hangs: it takes connections and answers nothing, as one on a machine that is out of memory."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.gate import PROXY, write_config
from tests.servers import descendants
from tests.unit.store.examples import BLOCK, CATALOG, NOW, TERMS, access, mail_app

from mailgate.model import PostureState
from mailgate.store import Store, StoreUnavailableError, postgresql
from mailgate.store.bulk_rows import count_change
from mailgate.store.database import Database
from mailgate.store.migrate import store_url

BOUND = 60.0
"""Seconds: far more than it takes, and far less than what a driver waits by itself."""


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Stop the server and every process of it; go on afterwards."""
    folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    processes = [server, *descendants(server)]
    _tell(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(processes, signal.SIGCONT)


def _tell(processes: Sequence[int], sign: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):  # one for a connection ends with it
            os.kill(pid, sign)


async def answered(store: Store) -> bool:
    try:
        await store.ping()
    except StoreUnavailableError:
        return False
    return True


async def test_one_waits_for_it_and_all_others_are_told_at_once(url: str, store: Store) -> None:
    await store.ping()
    with frozen(url):
        with pytest.raises(StoreUnavailableError, match="TimeoutError"):
            await store.ping()
        for _ in range(100):
            with pytest.raises(StoreUnavailableError, match="just now"):
                await store.ping()
        with pytest.raises(StoreUnavailableError):
            await store.spent.spend(b"ticket", NOW + timedelta(minutes=5), NOW)


async def test_decisions_go_on_and_what_was_recorded_is_written_afterwards(url: str, store: Store) -> None:
    postures = store.postures(CATALOG, TERMS)
    store.ledger.record(access(), BLOCK)
    with frozen(url):
        assert (await postures.current(mail_app("x1"), None, NOW)).state is PostureState.UNAVAILABLE
        await store.ledger.flush()
        assert store.ledger.counts.spooled == 1
    while not await answered(store):
        pass
    await store.ledger.flush()
    (row,) = await store.sightings.latest()
    assert row.tally.times == 1


def test_a_command_ends_with_a_word_on_the_store(url: str, tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9", {"store": url})
    command = [sys.executable, "-m", "mailgate", "enroll", "revoke", "phone-1", "--config", str(config)]
    environment = os.environ | {"PYTHONPATH": str(PROXY)}
    with frozen(url):
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=BOUND, check=False
        )
    assert ended.returncode == 1
    assert "cannot be opened" in ended.stderr


async def test_a_gate_that_is_frozen_in_a_transaction_does_not_stop_the_others(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "IDLE_SECONDS", 1)
    stuck, other = Database(store_url(url)), Database(store_url(url))

    async def stand_still() -> None:
        async with stuck.writing() as connection:
            first = await count_change(connection)
            async with other.writing(timeout_seconds=BOUND) as another:
                assert await count_change(another) == first

    with pytest.raises(StoreUnavailableError):
        await stand_still()
    await stuck.close()
    await other.close()
