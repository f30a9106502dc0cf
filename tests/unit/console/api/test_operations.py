"""Every operation: who may call it, and that it is described exactly as it is served."""

import json
import re

from aiohttp import web
from tests.unit.console.api.calling import PROBLEM, Caller
from tests.unit.console.browsing import Company

from mailgate.console.api import OPERATIONS, description
from mailgate.console.api.operation import Operation
from mailgate.console.api.site import api_app


def some(operation: Operation) -> str:
    """An address of the operation."""
    return re.sub(r"\{\w+\}", "1234567", operation.path)


async def test_nobody_may_without_a_token(nobody: Caller, firm: Company) -> None:
    before = await firm.acts()
    for each in OPERATIONS:
        told = await nobody.ask(each.method, some(each), json={})
        assert (told.status, told.headers["Content-Type"]) == (401, PROBLEM), each.name
        assert told.headers["WWW-Authenticate"] == 'Bearer realm="mailgate"'
    assert await firm.acts() == before


async def test_only_they_may_who_have_the_role(vic: Caller, ada: Caller, lin: Caller, firm: Company) -> None:
    before = await firm.acts()
    for each in OPERATIONS:
        for caller, roles in ((vic, {"viewer"}), (ada, {"operator"}), (lin, {"operator", "approver"})):
            # what cannot be read is refused only after who calls was looked at
            told = await caller.ask(each.method, some(each) + "?unknown=1", json={"unknown": 1})
            refused = bool(each.roles) and roles.isdisjoint(each.roles)
            assert (told.status == 403) == refused, (each.name, caller.token)
            assert told.status != 403 or "it takes the role" in told.body["detail"]
    assert await firm.acts() == before


async def test_what_takes_no_role_changes_nothing(vic: Caller, firm: Company) -> None:
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
