"""Every form and every address of a real gate's console, found by walking it: a new one is covered by itself."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from tests.admins import admins
from tests.integration.conftest import LAPTOP, Guard, Guarded
from tests.integration.console_crawler import Form, names, walk
from tests.integration.gate import APPS, PHONE_RULES
from tests.integration.test_api import mails
from tests.integration.test_console import becomes, form, logged_in, text
from tests.integration.test_console_notices import COUNTED, NOTICES
from tests.unit.store.examples import BLOCK, access

from mailgate.console.site import ROUTES
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.policy.edits import ListEdit
from mailgate.rollout.person import Person
from mailgate.rollout.stored_rules import make_draft
from mailgate.store import HelpRequest, Store

STAFF = admins(ada="operator approver", lin="operator approver", vic="viewer")
TRAILING = {"id": "others", "when": 'client.kind == "tool"', "effect": "block"}
FOR_EVERYBODY = {"/console/explain", "/console/language", "/console/logout"}
"""What a viewer may send: a question, in which language they read, and that they go."""


async def furnished(guarded: Guarded, ada: aiohttp.ClientSession, client: aiohttp.ClientSession) -> None:
    """Let there be something of everything: a phone, a plan, two versions, a token, who is shut out, mails, who is exempt, a rule
    that is off."""
    async with client.get(guarded.url, headers=guarded.report(apps=("tiktok",))) as answer:
        assert answer.status == 403
    console = f"{guarded.admin}/console"
    rules = PHONE_RULES["rules"]
    plan = await planned(ada, console, json.dumps({"rules": [*rules, TRAILING]}))
    await form(ada, f"{plan}/apply", confirmed="yes", note="longer")
    await becomes(ada, f"{console}/policy", r"\A(?!(?s:.*)takes it within a second)")
    await planned(ada, console, json.dumps({"rules": rules[:2]}))
    await written_about(guarded, ada, f"{console}/notices/2/enforced?rule=prohibited-app")
    await form(
        ada, f"{console}/exemptions", whom="alice", what="person", rule="all", days="7", why="a journey"
    )
    off = {"rule": "unproven-handheld", "confirmed": "yes", "note": "too many", "hours": "4"}
    await form(ada, f"{console}/exemptions/rule-off", **off)
    await form(ada, f"{console}/enrolment", uses="2", days="7", note="for a phone")
    await form(ada, f"{console}/enrolment/revoke", what="machine", name="LT-1", confirmed="yes")
    await becomes(ada, f"{console}/devices", "/console/devices/")


async def written_about(guarded: Guarded, ada: aiohttp.ClientSession, notice: str) -> None:
    """Mails that went, or not, and somebody who was counted and not written to."""
    store, now = Store.beside(f"sqlite:///{guarded.directory}/mailgate.db"), datetime.now(UTC)
    apps = AppsReport(frozenset({"tiktok"}), True, now)
    await store.devices.ingest([report_by("mdm", "1", "bob", kind=Kind.PHONE, os="ios", apps=apps)], now)
    await mails(store, version=2)
    asked = HelpRequest("prohibited-app", "bob", "bob", "", "prohibited-app", "REF", "p", True, 1, now, now)
    active = await store.policies.active()
    assert active is not None
    store.ledger.record(access(user="bob", now=now), replace(BLOCK, policy_version=active.policy), "REF")
    await store.ledger.flush()
    await store.help_requests.note(asked)
    await store.help_requests.note(
        replace(asked, subject="client:1", person="", reference="REF2", known=False)
    )
    # one that nobody has planned: the console begins to plan what is drafted there
    edit = ListEdit(change="leave-list", app="tiktok", list="prohibited")
    await make_draft(store, edit, Person("ada", "desk"), now)
    await store.close()
    await form(ada, notice.replace("?", "/count?"))
    await becomes(ada, notice, COUNTED)


async def planned(ada: aiohttp.ClientSession, console: str, rules: str) -> str:
    """The address of a plan of these rules."""
    plans, ready = f"{console}/policy/plans", r'is ready: <a href="/console/policy/plans/([0-9a-f]+)"'
    await form(ada, plans, days="14", file=rules, **{"from": "upload"})
    found = re.search(ready, await becomes(ada, plans, rf"\A(?!(?s:.*)Planning for)(?s:.*){ready}"))
    assert found
    return f"{plans}/{found[1]}"


async def token_of(session: aiohttp.ClientSession, console: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', await text(session, f"{console}/policy"))
    assert found
    return found[1]


async def sent(session: aiohttp.ClientSession, form: Form, csrf: str | None, **headers: str) -> int:
    """Send a form with another token of the session, or none: the status of the answer."""
    fields = {name: value for name, value in form.fields.items() if name != "csrf"}
    fields |= {"confirmed": "yes", "note": "why", **({} if csrf is None else {"csrf": csrf})}
    async with session.post(form.action, data=fields, headers=headers, allow_redirects=False) as answer:
        return answer.status


def unreached(found: set[str]) -> set[str]:
    """What takes forms and was found on no page."""
    taking = {route.path for route in ROUTES if route.method == "POST"}
    return {
        path
        for path in taking
        if not any(re.fullmatch("/console" + re.sub(r"{[^}]+}", "[^/]+", path), each) for each in found)
    }


async def entries(session: aiohttp.ClientSession, console: str) -> int:
    """How many the audit log has."""
    found = re.search(
        r"It is intact: ([\d,]+) entries",
        re.sub("<[^>]+>", "", await text(session, f"{console}/audit/verify")),
    )
    assert found
    return int(found[1].replace(",", ""))


async def test_every_form_needs_the_role_and_the_token_of_the_session(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connectors = {"devices": {"type": "file", "path": "devices.csv"}}
    (tmp_path / "devices.csv").write_text("")
    monkeypatch.setitem(
        APPS["apps"], "wechat", {"name": "WeChat", "android": ["com.tencent.mm"]}
    )  # not prohibited
    guarded = guard(PHONE_RULES, admins=STAFF, connectors=connectors, notices=NOTICES)
    console = f"{guarded.admin}/console"
    ada, lin, vic = [await logged_in(guarded, who) for who in ("ada", "lin", "vic")]
    async with ada, lin, vic:
        await furnished(guarded, ada, client)
        pages, forms = await walk(lin, f"{console}/")
        assert unreached(names(forms) | {"/console/login"}) == set()
        _, shown = await walk(vic, f"{console}/")
        assert names(shown) == FOR_EVERYBODY

        before = await entries(ada, console)
        theirs, viewers, own = [await token_of(each, console) for each in (ada, vic, lin)]
        for each in forms:
            if urlsplit(each.action).path == "/console/language":
                continue  # it only sets a cookie of whoever asks, before a login too
            told = {
                "no token": await sent(lin, each, None),
                "an empty one": await sent(lin, each, ""),
                "that of another session": await sent(lin, each, theirs),
                "from another site": await sent(lin, each, own, **{"Sec-Fetch-Site": "cross-site"}),
                "from another origin": await sent(lin, each, own, Origin="http://evil.example.com"),
            }
            if urlsplit(each.action).path not in FOR_EVERYBODY:
                told["by a viewer"] = await sent(vic, each, viewers)
            assert set(told.values()) == {403}, (each.action, told)
            assert await sent(client, each, own) == 401, each.action
        assert await entries(ada, console) == before

        for address in pages:
            path = urlsplit(address).path
            async with client.get(guarded.url + path, headers={"User-Agent": LAPTOP}) as answer:
                assert await answer.text() == f"mail for GET {path}\n"
