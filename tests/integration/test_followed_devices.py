"""Two gates on one store: what one of them has in memory of a phone is believed, and never for longer than it is true."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer
from tests.integration.fleet import PUBLIC, Fleet, Phone, fleet, get
from tests.integration.test_phone import EAS
from tests.integration.test_replay import ISSUER_KEY, MDM, believing
from tests.integration.test_replay import store as store
from tests.servers import patiently
from tests.unit.store.examples import CATALOG, TERMS, mail_app

from mailgate.app.changes import POLL_SECONDS
from mailgate.attest import mint
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, PostureState
from mailgate.store import Store

MAIL_APP = {"User-Agent": "Apple-iPhone15C2/2107.102"}
SOON = 1.0
OLD = 5.5
"""Seconds after which the store's word alone would count no longer."""
APP = mail_app("ApplC39X8FAKEID")


@pytest.fixture
async def gates(webmail: TestServer, tmp_path: Path, store: str) -> AsyncIterator[Fleet]:
    with fleet(tmp_path, str(webmail.make_url("")), store, **believing(tmp_path)) as running:
        yield running


def reporting(*apps: str) -> dict[str, str]:
    """The headers of a phone that reports these apps."""
    phone = Phone(mint.make_key(b"device" * 8, ""))
    issue = mint.Issue(MDM, PUBLIC, uuid4().hex, datetime.now(UTC))
    described = mint.AttestedDevice("phone-1", apps=apps, eas_ids=("applc39x8fakeid",))
    phone.token = mint.sign_token(mint.claims(described, issue, phone.key), ISSUER_KEY)
    return phone.headers()


async def becomes(met: Callable[[], Awaitable[bool]]) -> bool:
    """Whether something is so, once it is."""
    for _ in patiently():
        if await met():
            return True
        await asyncio.sleep(0.02)
    return False


async def answers(client: aiohttp.ClientSession, gates: Fleet, status: int) -> bool:
    """Whether the mail app gets this status at the other gate."""
    async with client.post(gates.url(1) + EAS, headers=MAIL_APP) as answer:
        return answer.status == status


async def test_a_report_at_one_gate_ends_what_the_other_has_in_memory(
    client: aiohttp.ClientSession, gates: Fleet
) -> None:
    assert (await get(client, gates.url(0), reporting()))[0] == 200
    assert await becomes(lambda: answers(client, gates, 200))
    await asyncio.sleep(OLD)
    assert await answers(client, gates, 200)
    for apps, status in ((("tiktok",), 403), ((), 200)):
        await get(client, gates.url(0), reporting(*apps))
        assert await becomes(lambda status=status: answers(client, gates, status))  # type: ignore[misc]


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
async def test_a_gate_that_lost_its_connections_asks_for_devices_again(
    client: aiohttp.ClientSession, gates: Fleet, store: str
) -> None:
    await get(client, gates.url(0), reporting())
    assert await becomes(lambda: answers(client, gates, 200))
    await get(client, gates.url(0), reporting("tiktok"))
    with psycopg.connect(store, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'replay' AND pid <> pg_backend_pid()"
        )
    assert await becomes(lambda: answers(client, gates, 403))


async def test_without_news_of_changes_the_store_is_asked(tmp_path: Path, store: str) -> None:
    """The gate's look at the changes has ended, and its connection for questions has not."""
    one, other = await Store.open(store, spool=tmp_path / "1"), await Store.open(store, spool=tmp_path / "2")
    postures = other.postures(CATALOG, TERMS)

    def now() -> datetime:
        return datetime.now(UTC)

    async def report(*apps: str) -> None:
        told = AppsReport(frozenset(apps), True, now())
        await one.devices.ingest([report_by("intune", "7", apps=told, eas_ids=(APP.eas_id,))], now())

    async def is_now(state: PostureState) -> bool:
        return (await postures.current(APP, None, now())).state is state

    async def follow() -> None:
        while not ended.is_set():
            await postures.catch_up(now())
            await asyncio.sleep(POLL_SECONDS)

    ended = asyncio.Event()
    following = asyncio.ensure_future(follow())
    await asyncio.sleep(POLL_SECONDS)
    await report()
    await asyncio.sleep(2 * POLL_SECONDS)
    assert await is_now(PostureState.CLEAN)
    await asyncio.sleep(OLD)
    assert await is_now(PostureState.CLEAN)
    ended.set()
    await following
    await report("tiktok")
    assert await becomes(lambda: is_now(PostureState.LISTED))
    await one.close()
    await other.close()
