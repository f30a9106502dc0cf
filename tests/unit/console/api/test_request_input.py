"""Requests as they come in: strict, and with every mistake told at once."""

import json
import threading
from io import BytesIO
from typing import Any

import pytest
from tests.unit.console.api.calling import PROBLEM, Caller

from mailgate.console.api import request_input
from mailgate.console.api.request_input import MAX_NAMES, MAX_PARAMETERS

TYPED = {"Content-Type": "application/json"}


async def test_every_mistake_of_a_body_is_told_with_its_place(ada: Caller) -> None:
    told = await ada.post("/exemptions", {"rule": 1, "wy": "x", "until": "tomorrow", "person": " "})
    assert (told.status, told.headers["Content-Type"]) == (422, PROBLEM)
    assert told.body["type"] == "urn:mailgate:problem:invalid"
    assert set(told.wrong) == {"#/rule", "#/wy", "#/why", "#/until", "#/person"}
    assert told.wrong["#/why"] == "it is missing; add it here"
    assert told.wrong["#/wy"].startswith("it is not known here; did you mean `why`?")
    assert "not a time with its zone" in told.wrong["#/until"]


async def test_every_mistake_of_an_address_and_a_body_is_told_together(ada: Caller) -> None:
    told = await ada.ask("POST", "/policy/rollbacks?force=1", json={"to": "1"})
    assert set(told.wrong) == {"force", "#/note", "#/to"}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=1_0", "limit"), ("limit=+5", "limit"), ("limit=", "limit"),
        ("state=odd", "state"), ("kind=", "kind"), ("after=zz", "after"), ("after=ABCDEF012345", "after"),
        ("name=", "name"), ("name=a%00b", "name"), ("name=%0aa", "name"), ("nme=a", "nme"), ("limit=5&limit=6", "limit"),
    ],
)  # fmt: skip
async def test_an_address_is_held_to_its_description(vic: Caller, query: str, wrong: str) -> None:
    told = await vic.get(f"/devices?{query}")
    assert (told.status, list(told.wrong)) == (422, [wrong])


@pytest.mark.parametrize("path", ["/exemptions/0/end", "/exemptions/2147483648/end", "/exemptions/x/end"])
async def test_a_name_that_nothing_can_have_is_not_found(ada: Caller, path: str) -> None:
    told = await ada.post(path, {"why": "x"})
    assert (told.status, list(told.wrong)) == (404, ["number"])


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"uses": 1, "uses": 2}', "a name stands twice in one object"),
        (b'{"uses": NaN}', "NaN is no JSON"),
        (b"\xff", "it is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
async def test_a_body_without_strict_json_is_refused(ada: Caller, body: bytes, detail: str) -> None:
    told = await ada.ask("POST", "/enrolment/tokens", data=body, headers=TYPED)
    assert (told.status, told.body["type"]) == (400, "urn:mailgate:problem:not-json")
    assert detail in told.body["detail"]


@pytest.mark.parametrize("body", [[], "x", 1, None])
async def test_a_body_is_an_object(ada: Caller, body: Any) -> None:
    told = await ada.ask("POST", "/enrolment/tokens", data=json.dumps(body), headers=TYPED)
    assert (told.status, list(told.wrong)) == (422, ["#"])


async def test_a_whole_number_may_be_written_with_a_point(ada: Caller) -> None:
    assert (await ada.post("/enrolment/tokens", {"uses": 2.0})).status == 201


@pytest.mark.parametrize("wrong", ["2", 2.5, True])
async def test_anything_but_a_whole_number_is_refused(ada: Caller, wrong: object) -> None:
    assert (await ada.post("/enrolment/tokens", {"uses": wrong})).status == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_a_body_of_another_type_is_refused(ada: Caller, kind: str) -> None:
    told = await ada.ask("POST", "/enrolment/tokens", data=b"{}", headers={"Content-Type": kind})
    assert (told.status, told.headers["Accept"]) == (415, "application/json")


async def test_a_charset_and_capitals_do_not_matter(ada: Caller) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}
    assert (await ada.ask("POST", "/enrolment/tokens", data=b"{}", headers=headers)).status == 201


async def test_a_body_that_is_too_long_is_refused(ada: Caller) -> None:
    """Only the text of a policy may be long."""
    for path, most in {
        "/enrolment/tokens": 128 * 1024,
        "/explain": 128 * 1024,
        "/plans": 4 * 1024 * 1024,
    }.items():
        for length, is_refused in ((most, False), (most + 1, True)):
            body = BytesIO(b'{"odd": ""}'.ljust(length))
            told = await ada.ask("POST", path, data=body, headers=TYPED)
            assert (told.status == 413) is is_refused, path


@pytest.mark.parametrize("inside", ["", "headers"])
async def test_an_object_of_too_many_names_is_refused_as_a_whole(vic: Caller, inside: str) -> None:
    names = {f"k{number}": 1 for number in range(MAX_NAMES + 1)}
    body = json.dumps({inside: names} if inside else names)
    told = await vic.ask("POST", "/explain", data=body, headers=TYPED)
    assert (told.status, told.wrong) == (400, {})
    assert f"more than {MAX_NAMES} names" in told.body["detail"]


async def test_an_address_of_too_many_names_is_refused_by_the_first_extra_one(vic: Caller) -> None:
    query = "&".join(f"k{number}=v" for number in range(MAX_PARAMETERS + 1))
    told = await vic.get(f"/devices?{query}")
    assert (told.status, list(told.wrong)) == (422, [f"k{MAX_PARAMETERS}"])


async def test_the_mistakes_of_a_body_are_worded_beside_the_loop(
    vic: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()

    def words(*_: object) -> str:
        threads.add(threading.get_ident())
        return "wrong"

    monkeypatch.setattr(request_input, "_words", words)
    told = await vic.post("/explain", {"wrong": 1})
    assert told.wrong == {"#/wrong": "wrong"}
    assert threads
    assert threading.get_ident() not in threads


async def test_a_body_where_none_belongs_is_refused(ada: Caller) -> None:
    told = await ada.ask("GET", "/me", data=b"{}", headers=TYPED)
    assert (told.status, told.wrong) == (422, {"#": "a body was sent; leave it out"})


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200), ("*/*", 200), ("application/*;q=0.1", 200), ("text/html, */*;q=0.8", 200),
        ("text/html", 406), ("application/json;q=0", 406), ("application/json;q=0.0, text/html", 406),
    ],
)  # fmt: skip
async def test_only_json_can_be_asked_for(vic: Caller, accept: str, status: int) -> None:
    assert (await vic.get("/me", Accept=accept)).status == status


async def test_a_sheet_is_no_json(vic: Caller) -> None:
    assert (await vic.get("/audit/export.csv", Accept="application/json")).status == 406
    assert (await vic.get("/audit/export.csv", Accept="text/*")).status == 200
