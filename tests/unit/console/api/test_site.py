"""The addresses of the API, and what every answer has."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from tests.unit.console.api.calling import PROBLEM, Caller
from tests.unit.console.browsing import NOW, Company

from mailgate.console.api.description import description
from mailgate.console.api.operation import Operation
from mailgate.console.api.site import OPERATIONS, api_app
from mailgate.store import AuditEntry, StoreUnavailableError


async def test_every_answer_may_not_be_kept_or_framed(vic: Caller, nobody: Caller) -> None:
    for told in (await vic.get("/me"), await nobody.get("/me"), await nobody.get("/api/none")):
        assert told.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in told.headers["Content-Security-Policy"]
        assert told.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/none", "/api/v2/me", "/api/v1/devices/a/b"])
async def test_an_unknown_address_is_a_problem(vic: Caller, path: str) -> None:
    told = await vic.get(path)
    assert (told.status, told.headers["Content-Type"]) == (404, PROBLEM)
    assert told.body["type"] == "urn:mailgate:problem:not-found"


async def test_an_unknown_method_is_a_problem_that_names_the_others(vic: Caller) -> None:
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
    async def breaks_off() -> AsyncIterator[list[AuditEntry]]:
        yield await firm.store.audit.page()
        raise StoreUnavailableError("away")

    monkeypatch.setattr(firm.store.audit, "pages", breaks_off)
    with pytest.raises(aiohttp.ClientPayloadError):
        await vic.get("/audit/export.jsonl")


async def test_an_unavailable_store_is_said(
    vic: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("its address and password")

    monkeypatch.setattr(firm.store.audit, "search", away)
    told = await vic.get("/audit")
    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert "password" not in str(told.body)


async def test_an_error_is_told_without_its_text(
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


def some(operation: Operation) -> str:
    """An address of the operation."""
    return re.sub(r"\{\w+\}", "1234567", operation.path)


UNKNOWN = {
    **dict.fromkeys(("version", "number", "sighting"), "99999"),
    "digest": "f" * 64,
    "thumbprint": "f" * 43,
    "device": "f" * 32,
    "mail": "f" * 32,
    **dict.fromkeys(("connector", "name", "rule", "login"), "nobody"),
}
"""Ids of nothing, each in the form of one."""
SENT = {"why": "a new phone", "note": "tested", "what": "retry", "answer": "Hello", "state": "sent"}
SENT |= {"until": (NOW + timedelta(days=1)).isoformat()}


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if "{" in each.path], ids=lambda each: each.name
)
async def test_an_id_of_nothing_is_not_found_by_any_operation(
    lin: Caller, firm: Company, operation: Operation
) -> None:
    kind = "machine" if "shut-out" in operation.path else "enforced"
    query, body = (
        {name: SENT[name] for name in model.model_fields if name in SENT} if model else None
        for model in (operation.query_model, operation.body_model)
    )
    before = await firm.acts()
    path = operation.path.format(**UNKNOWN, kind=kind)
    told = await lin.ask(operation.method, path, params=query, json=body)
    assert (told.status, told.body["errors"]) == (404, [])
    assert await firm.acts() == before


async def test_nobody_may_without_a_token(nobody: Caller, firm: Company) -> None:
    before = await firm.acts()
    for each in OPERATIONS:
        told = await nobody.ask(each.method, some(each), json={})
        assert (told.status, told.headers["Content-Type"]) == (401, PROBLEM), each.name
        assert told.headers["WWW-Authenticate"] == 'Bearer realm="mailgate"'
    assert await firm.acts() == before


async def test_only_the_role_allows_an_operation(
    vic: Caller, ada: Caller, lin: Caller, firm: Company
) -> None:
    before = await firm.acts()
    for each in OPERATIONS:
        for caller, roles in ((vic, {"viewer"}), (ada, {"operator"}), (lin, {"operator", "approver"})):
            # what cannot be read is refused only after who calls was looked at
            told = await caller.ask(each.method, some(each) + "?unknown=1", json={"unknown": 1})
            refused = bool(each.roles) and roles.isdisjoint(each.roles)
            assert (told.status == 403) == refused, (each.name, caller.token)
            assert told.status != 403 or "it takes the role" in told.body["detail"]
    assert await firm.acts() == before


async def test_operations_without_a_role_change_nothing(vic: Caller, firm: Company) -> None:
    before = await firm.acts()
    for each in OPERATIONS:
        if not each.roles:
            assert each.method == "GET" or each.name == "explain_request"
            told = await vic.ask(each.method, some(each), json={} if each.body_model else None)
            assert told.status in (200, 404, 422), each.name
    assert await firm.acts() == before


def test_each_route_is_described_and_each_description_served(firm: Company) -> None:
    told = json.loads(description(OPERATIONS))
    described = {(path, method.upper()) for path, each in told["paths"].items() for method in each}
    routes = api_app(firm.context).router.routes()
    served = {(_path(route).removeprefix("/v1"), route.method) for route in routes if route.method != "HEAD"}
    assert served - {("/openapi.json", "GET")} == described
    assert len(described) == len(OPERATIONS)


def test_each_has_a_name_of_its_own_and_says_what_it_does() -> None:
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)
    for each in OPERATIONS:
        summary, _ = each.about
        assert summary.endswith("."), each.name


def test_each_that_changes_something_takes_a_role() -> None:
    assert [each.name for each in OPERATIONS if each.method != "GET" and not each.roles] == [
        "explain_request"
    ]


def _path(route: web.AbstractRoute) -> str:
    assert route.resource
    return route.resource.canonical
