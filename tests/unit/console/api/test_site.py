"""The addresses of the API, and what every answer has."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from tests.unit.console.api.calling import PROBLEM, Caller
from tests.unit.console.browsing import NOW, Company

from mailgate.store import Entry, StoreUnavailableError


async def test_every_answer_may_not_be_kept_or_framed(vic: Caller, nobody: Caller) -> None:
    for told in (await vic.get("/me"), await nobody.get("/me"), await nobody.get("/api/none")):
        assert told.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in told.headers["Content-Security-Policy"]
        assert told.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/none", "/api/v2/me", "/api/v1/devices/a/b"])
async def test_an_address_that_there_is_not_is_a_problem(vic: Caller, path: str) -> None:
    told = await vic.get(path)
    assert (told.status, told.headers["Content-Type"]) == (404, PROBLEM)
    assert told.body["type"] == "urn:mailgate:problem:not-found"


async def test_a_method_that_there_is_not_is_a_problem_that_names_those_that_are(vic: Caller) -> None:
    told = await vic.ask("PATCH", "/devices/abcd")
    assert (told.status, told.headers["Allow"]) == (405, "DELETE,GET,HEAD")
    assert told.body["type"] == "urn:mailgate:problem:method-not-allowed"
    assert (await vic.ask("OPTIONS", "/me")).status == 405


async def test_heads_can_be_asked_for(vic: Caller) -> None:
    told = await vic.ask("HEAD", "/me")
    assert (told.status, told.body, told.headers["Content-Type"]) == (200, None, "application/json")
    told = await vic.ask("HEAD", "/audit/export.csv")
    assert (told.status, told.body, told.headers["Content-Type"]) == (200, "", "text/csv; charset=utf-8")


async def test_an_export_that_breaks_off_is_not_taken_for_a_whole_one(
    vic: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_off() -> AsyncIterator[list[Entry]]:
        yield await firm.store.audit.page()
        raise StoreUnavailableError("away")

    monkeypatch.setattr(firm.store.audit, "pages", breaks_off)
    with pytest.raises(aiohttp.ClientPayloadError):
        await vic.get("/audit/export.jsonl")


async def test_while_the_store_is_away_that_is_said(
    vic: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("its address and password")

    monkeypatch.setattr(firm.store.audit, "search", away)
    told = await vic.get("/audit")
    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert "password" not in str(told.body)


async def test_what_fails_is_told_without_what_it_quotes(
    vic: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("somebody@example.com")

    monkeypatch.setattr(firm.store.audit, "search", broken)
    told = await vic.get("/audit")
    assert (told.status, told.headers["Content-Type"]) == (500, PROBLEM)
    assert "somebody" not in str(told.body)


async def test_the_console_is_where_it_was(nobody: Caller) -> None:
    async with nobody.session.get("http://console.example.com/console/login") as answer:
        assert answer.status == 200


async def test_a_call_sees_what_the_one_before_it_did(ada: Caller, firm: Company) -> None:
    until = (NOW + timedelta(days=1)).isoformat()
    body = {"rule": "prohibited-app", "person": "alice", "why": "a new phone", "until": until}
    assert not firm.bundle.policy.reliefs.every
    assert (await ada.post("/exemptions", body)).status == 201
    await ada.get("/exemptions")
    assert [each.person for each in firm.bundle.policy.reliefs.every] == ["alice"]
