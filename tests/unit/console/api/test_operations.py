"""Every operation: who may call it, and that it is described exactly as it is served."""

import json
import re

import pytest
from aiohttp import web
from tests.unit.console.api.calling import PROBLEM, Caller
from tests.unit.console.browsing import Company

from mailgate.console.api import OPERATIONS, description
from mailgate.console.api.operation import Operation
from mailgate.console.api.site import api_app

EVERY = [pytest.param(each, id=each.name) for each in OPERATIONS]
RESTRICTED = [pytest.param(each, id=each.name) for each in OPERATIONS if each.roles]


def some(operation: Operation) -> str:
    """An address of the operation."""
    return re.sub(r"\{\w+\}", "1234567", operation.path)


@pytest.mark.parametrize("operation", EVERY)
async def test_nobody_may_without_a_token(nobody: Caller, operation: Operation) -> None:
    told = await nobody.ask(operation.method, some(operation), json={})
    assert (told.status, told.headers["Content-Type"]) == (401, PROBLEM)
    assert told.headers["WWW-Authenticate"] == 'Bearer realm="mailgate"'


@pytest.mark.parametrize("operation", RESTRICTED)
async def test_only_they_may_who_have_the_role(
    vic: Caller, ada: Caller, lin: Caller, firm: Company, operation: Operation
) -> None:
    before = await firm.acts()
    for caller, roles in ((vic, {"viewer"}), (ada, {"operator"}), (lin, {"operator", "approver"})):
        # what cannot be read is refused only after who calls was looked at
        told = await caller.ask(operation.method, some(operation) + "?unknown=1", json={"unknown": 1})
        assert (told.status == 403) == roles.isdisjoint(operation.roles), caller.token
        if told.status == 403:
            assert "it takes the role" in told.body["detail"]
    assert await firm.acts() == before


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if not each.roles], ids=lambda each: each.name
)
async def test_what_changes_nothing_every_admin_may(vic: Caller, firm: Company, operation: Operation) -> None:
    assert operation.method == "GET" or operation.name == "explain_request"
    before = await firm.acts()
    told = await vic.ask(operation.method, some(operation), json={} if operation.body_model else None)
    assert told.status in (200, 404, 422)
    assert await firm.acts() == before


def test_each_route_is_described_and_each_description_served(firm: Company) -> None:
    told = json.loads(description(OPERATIONS))
    described = {(path, method.upper()) for path, each in told["paths"].items() for method in each}
    routes = api_app(firm.desk).router.routes()
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
