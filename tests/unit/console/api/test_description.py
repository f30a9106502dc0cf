"""The OpenAPI description."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
from tests.unit.console.api.calling import Caller

from mailgate import __version__
from mailgate.console.api.description import description
from mailgate.console.api.site import OPERATIONS

TOLD = json.loads(description(OPERATIONS))
SCHEMAS = TOLD["components"]["schemas"]


def every(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in it."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from every(each)


async def test_the_description_needs_no_login(nobody: Caller) -> None:
    told = await nobody.get("/api/openapi.json")
    assert (told.status, told.headers["Content-Type"], told.body) == (200, "application/json", TOLD)
    assert told.headers["Cache-Control"] == "no-store"


def test_the_description_tells_its_version_and_server() -> None:
    assert (TOLD["openapi"], TOLD["info"]["version"], TOLD["servers"][0]["url"]) == (
        "3.1.0",
        __version__,
        "/api/v1",
    )


def test_every_reference_of_the_description_resolves() -> None:
    for each in every(TOLD):
        if isinstance(place := each.get("$ref"), str):
            found: Any = TOLD
            for step in place.removeprefix("#/").split("/"):
                found = found[step]
    names = {each.name for each in OPERATIONS}
    links = [link for each in every(TOLD) for link in each.get("links", {}).values() if "links" in each]
    assert links
    assert {link["operationId"] for link in links} <= names


def test_every_field_and_parameter_is_described() -> None:
    for name, schema in SCHEMAS.items():
        for field, each in schema.get("properties", {}).items():
            shape = SCHEMAS.get(each.get("$ref", "").rpartition("/")[2], {})
            assert each.get("description") or shape.get("description"), f"{name}.{field}"
    for each in every(TOLD["paths"]):
        for parameter in each.get("parameters", []) if isinstance(each.get("parameters"), list) else []:
            assert parameter["description"], parameter


def test_no_text_of_the_description_speaks_of_the_code() -> None:
    texts = [each["description"] for each in every(TOLD) if isinstance(each.get("description"), str)]
    assert [each for each in texts if re.search(r"``|[Dd]ecision \d", each)] == []


def test_every_schema_of_the_description_is_valid() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_requests_allow_no_unknown_names_and_answers_do() -> None:
    assert SCHEMAS["ExemptionInput"]["additionalProperties"] is False
    assert "additionalProperties" not in SCHEMAS["DeviceFacts"]
    assert "additionalProperties" not in SCHEMAS["PageOf_DeviceFacts_"]


def test_a_parameter_that_may_be_left_out_is_never_null() -> None:
    (after,) = [each for each in TOLD["paths"]["/devices"]["get"]["parameters"] if each["name"] == "after"]
    assert after["schema"] == {"type": "string", "pattern": "^[0-9a-f]{12}$"}
    assert not after["required"]


def test_names_of_headers_are_held_to_their_form() -> None:
    headers = SCHEMAS["RequestInput"]["properties"]["headers"]
    assert headers["propertyNames"]["pattern"].startswith("^[!#$%&")
    assert headers["additionalProperties"]["maxLength"] == 8192
    assert "patternProperties" not in headers


def test_every_answer_that_is_possible_is_told() -> None:
    told = TOLD["paths"]["/plans/{digest}/apply"]["post"]
    assert list(told["responses"]) == "200 400 401 403 404 406 409 413 415 422 429 500 503".split()
    assert told["description"] == "It takes the role operator."
    assert list(TOLD["paths"]["/me"]["get"]["responses"]) == "200 401 406 422 429 500 503".split()
    made = TOLD["paths"]["/enrolment/tokens"]["post"]["responses"]["201"]
    assert made["headers"]["Location"]["required"]
    gone = TOLD["paths"]["/devices/{device}"]["delete"]["responses"]["204"]
    assert "content" not in gone
