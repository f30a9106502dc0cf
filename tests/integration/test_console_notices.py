"""Mails about a rule from the console of a real gate: counted, confirmed, and written by the gate itself."""

import asyncio
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy

import aiohttp
from tests.admins import admins
from tests.integration.conftest import Guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_console import form, logged_in, text
from tests.servers import patiently

from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.store import Store

NOTICES = {"outbox": "out", "sender": "it-help@example.com", "domain": "example.com"}
COUNTED = r"<strong>(\d+)</strong> newly affected by this version"


async def test_everybody_who_was_counted_gets_the_mail(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(PHONE_RULES, admins=admins(ada="operator"), notices=NOTICES)
    store = Store.beside(f"sqlite:///{guarded.directory}/mailgate.db")
    now = datetime.now(UTC)
    apps = AppsReport(frozenset({"tiktok"}), True, now)
    phone = report_by("mdm", "1", owner="alice", kind=Kind.PHONE, os="ios", apps=apps)
    await store.devices.ingest([phone], now)
    await store.close()
    one = f"{guarded.admin}/console/notices/1/enforced"
    session = await logged_in(guarded)
    async with session:
        shown = await form(session, f"{one}/count?rule=prohibited-app")
        for _ in patiently():
            if re.search(COUNTED, shown):
                break
            await asyncio.sleep(0.1)
            shown = await text(session, f"{one}?rule=prohibited-app")
        found = re.search(COUNTED, shown)
        assert found
        assert found[1] == "1"
        assert "Write to 1 person?" in await form(session, f"{one}/send?rule=prohibited-app")
        await form(session, f"{one}/send?rule=prohibited-app", confirmed="yes")
        for _ in patiently():
            if "alice@example.com" in await text(session, f"{one}?rule=prohibited-app&state=sent"):
                break
            await asyncio.sleep(0.1)
    (file,) = (guarded.directory / "out").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "alice@example.com"
    assert "TikTok" in str(mail.get_body(("plain",)))
