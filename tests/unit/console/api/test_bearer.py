"""Who calls: an admin by a token, checked once in a while and worth nothing as soon as the settings say so."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from tests.admins import token
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company, browsing

from mailgate.console.api import bearer
from mailgate.console.api.bearer import CACHE_TIME
from mailgate.rollout.person import proven

Calling = Callable[[str], Caller]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tokens that were checked by their hash, for as much as that costs."""
    found: list[str] = []

    def check(known: Any, shown: str) -> str | None:
        found.append(shown)
        return proven(known, shown)

    monkeypatch.setattr(bearer, "proven", check)
    return found


async def test_a_caller_is_told_name_and_roles(ada: Caller) -> None:
    assert (await ada.get("/me")).body == {"name": "ada", "roles": ["operator"]}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRhOng=",
        "Bearer none",
        "Bearer ADA:x",
        "Bearer ada:",
        "ada:x",
        "Bearer ada:\xff",
    ],
)
async def test_a_header_without_a_token_is_refused_at_no_cost(
    nobody: Caller, checked: list[str], header: str
) -> None:
    for _ in range(100):
        told = await nobody.ask("GET", "/me", headers={"Authorization": header})
        assert told.status == 401
        assert told.headers["WWW-Authenticate"].startswith('Bearer realm="mailgate"')
    assert checked == []


async def test_a_wrong_token_and_an_unknown_name_are_answered_alike(
    calling: Calling, checked: list[str]
) -> None:
    wrong, unknown = [await calling(shown).get("/me") for shown in ("ada:wrong", "eve:wrong")]
    assert (wrong.status, wrong.body) == (unknown.status, unknown.body) == (401, wrong.body)
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="mailgate", error="invalid_token"'
    assert checked == ["ada:wrong", "eve:wrong"]


async def test_two_headers_are_no_proof(nobody: Caller) -> None:
    both = [("Authorization", f"Bearer {token('ada')}"), ("Authorization", f"Bearer {token('vic')}")]
    async with nobody.session.get("http://console.example.com/api/v1/me", headers=both) as answer:
        assert answer.status == 401


async def test_a_token_is_checked_once_for_many_calls_and_anew_after_a_while(
    ada: Caller, firm: Company, checked: list[str]
) -> None:
    await asyncio.gather(*(ada.get("/me") for _ in range(40)))
    assert len(checked) == 1
    firm.clock.now += CACHE_TIME
    assert (await ada.get("/me")).status == 200
    assert len(checked) == 2


async def test_a_removed_admin_or_token_is_refused_at_once(ada: Caller, firm: Company) -> None:
    assert (await ada.get("/me")).status == 200
    before = firm.bundle
    firm.roles(lin="operator")
    assert (await ada.get("/me")).status == 401
    firm.bundle = before
    assert (await ada.get("/me")).status == 200
    other = before.settings.admins["vic"].token_hash
    changed = before.settings.admins["ada"].model_copy(update={"token_hash": other})
    known = {**before.settings.admins, "ada": changed}
    firm.bundle = replace(before, settings=before.settings.model_copy(update={"admins": known}))
    assert (await ada.get("/me")).status == 401


async def test_a_role_that_is_taken_away_is_gone_at_once(ada: Caller, firm: Company) -> None:
    assert (await ada.post("/enrolment/tokens", {})).status == 201
    firm.roles(ada="viewer")
    assert (await ada.post("/enrolment/tokens", {})).status == 403


async def test_failures_are_limited_and_end_nobody_who_was_known(
    calling: Calling, ada: Caller, firm: Company, checked: list[str]
) -> None:
    assert (await ada.get("/me")).status == 200
    told = [await calling(f"ada:wrong{each}").get("/me") for each in range(12)]
    assert [each.status for each in told] == [401] * 9 + [429] * 3
    assert told[-1].headers["Retry-After"] == "300"
    assert len(checked) == 10
    assert (await ada.get("/me")).status == 200, "remembered"
    assert (await calling(token("vic")).get("/me")).status == 200, "another name"
    firm.clock.now += timedelta(minutes=5)
    assert (await ada.get("/me")).status == 200


async def test_names_that_are_tried_one_after_the_other_are_limited_too(
    calling: Calling, firm: Company
) -> None:
    told = [await calling(f"eve{each}:wrong").get("/me") for each in range(62)]
    assert [each.status for each in told] == [401] * 60 + [429] * 2


async def test_behind_a_proxy_wrong_tokens_of_one_address_end_nobody_at_another(
    calling: Calling, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", "127.0.0.1")
    console = firm.bundle.settings.console.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1"),)})
    firm.bundle = replace(firm.bundle, settings=firm.bundle.settings.model_copy(update={"console": console}))
    told = [
        await calling(f"eve{each}:wrong").get("/me", **{"X-Forwarded-For": f"2001:db8:0:1::{each:x}"})
        for each in range(61)
    ]
    assert told[-1].status == 429, "a network of IPv6 is one caller"
    elsewhere = {"X-Forwarded-For": "2001:db8:0:2::1"}
    assert (await calling(token("vic")).get("/me", **elsewhere)).status == 200


async def test_without_admins_nobody_may(ada: Caller, firm: Company) -> None:
    firm.roles()
    assert (await ada.get("/me")).status == 401


async def test_a_session_of_the_console_is_worth_nothing_here(ada: Caller, firm: Company) -> None:
    connector = ada.session.connector
    assert connector
    async with browsing(str(firm.folder / "console.sock")) as browser:
        assert (await browser.log_in("ada")).status == 200
        page = await browser.get("/api/v1/me")
        assert page.status == 401
        sent = await browser.send("/api/v1/policy/rollbacks", note="by a page of elsewhere")
        assert sent.status == 401
