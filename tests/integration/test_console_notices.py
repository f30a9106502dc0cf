"""Mails about a rule from the console of a real gate: counted, confirmed, and written by the gate itself."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import aiohttp
from tests.admins import admins
from tests.integration.conftest import Guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_console import becomes, form, logged_in

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
        await form(session, f"{one}/count?rule=prohibited-app")
        await becomes(session, f"{one}?rule=prohibited-app", COUNTED.replace(r"\d+", "1"))
        assert "Write to 1 person?" in await form(session, f"{one}/send?rule=prohibited-app")
        await form(session, f"{one}/send?rule=prohibited-app", confirmed="yes")
        await becomes(session, f"{one}?rule=prohibited-app&state=sent", "alice<wbr>@example[.]com")
    (file,) = (guarded.directory / "out").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "alice@example.com"
    assert "TikTok" in str(mail.get_body(("plain",)))
