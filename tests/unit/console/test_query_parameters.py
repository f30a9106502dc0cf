"""What cannot be meant in the address of a page is said, and nothing else is shown instead."""

import re
from datetime import UTC, datetime

import pytest
from aiohttp import web
from tests.unit.console.browsing import Browser
from tests.unit.rollout.plans import LABELS, NEWLY, hit, plan_of

from mailgate.console.access import OPEN
from mailgate.console.address_values import read_address
from mailgate.console.query_parameters import (
    READERS,
    filter_in,
    parameters_in,
    position_in,
    position_values,
    values_of,
)
from mailgate.console.site import ROUTES
from mailgate.store import RowPosition
from mailgate.store.plan_movers import MoverFilter

DIGEST = "0123456789ab"
SAMPLES = {"kind": "csv", "key": "tiktok", "serial": "1"}
GETS = sorted(
    re.sub(r"\{(\w+)(?:[^{}]|\{[^}]*\})*\}", lambda part: SAMPLES.get(part[1], DIGEST), route.path)
    for route in ROUTES
    if isinstance(route, web.RouteDef) and route.method == "GET" and route.kwargs.get("name") not in OPEN
)


@pytest.mark.parametrize("path", GETS)
async def test_no_page_passes_over_a_parameter_that_it_does_not_know(ada: Browser, path: str) -> None:
    page = await ada.get(f"/console{path}?colour=red")
    assert page.status == 422
    assert "colour=red" in page.words
    assert "there is no such parameter" in page.words


@pytest.mark.parametrize(
    "asked",
    [
        "?range=2h", "now/stream?range=2h",
        "sightings?effect=shut", "sightings?reason=none", "sightings?kind=toaster", "sightings?at=noon",
        "audit?before=x", "exemptions?over=-1", "exemptions?before=9999999999", "enrolment?at=2026-12-01",
        "help?which=some", "find?q=" + "a" * 257, "explain?reference=a&reference=b",
        f"policy/plans/{DIGEST}?sort=secret", f"policy/plans/{DIGEST}/people.csv?label=none",
        "notices/1/warning?state=lost", "notices/1/warning?language=xx", "policy/diff?old=" + "1" * 65,
    ],
)  # fmt: skip
async def test_an_unknown_value_in_an_address_is_refused(ada: Browser, asked: str) -> None:
    assert (await ada.get(f"/console/{asked}")).status == 422


async def test_an_unknown_value_can_be_removed_with_one_click(ada: Browser) -> None:
    page = await ada.get("/console/sightings?effect=block&kind=toaster&user=")
    assert "kind=toaster : it is not known here" in page.words
    assert 'href="/console/sightings?effect=block"' in page.text
    assert (await ada.get("/console/sightings?effect=&kind=")).status == 200, "untouched fields of a form"


async def test_a_form_that_is_posted_obeys_the_same(ada: Browser) -> None:
    assert (await ada.post("/console/help/done?all=yes")).status == 422


def test_a_place_comes_back_as_it_was() -> None:
    place = RowPosition(datetime(2026, 12, 1, 12, 0, 1, 250, tzinfo=UTC), "abc")
    assert position_in(position_values(place)) == place
    assert position_values(None) == {}


@pytest.mark.parametrize("at", ["", "yesterday", "2026-12-01", "2026-12-01T12:00:00"])
def test_a_position_without_a_zoned_time_is_the_beginning(at: str) -> None:
    assert position_in({"at": at, "after": "abc"}) is None


def test_an_address_says_it_all() -> None:
    query = {"name": " bo ", "label": "block", "rule": "r", "group": "g", "at": "2", "sort": "-person"}
    assert filter_in(parameters_in(query)) == MoverFilter(
        name="bo", label="block", rule="r", group="g", at=2, sort="person", descending=True
    )


@pytest.mark.parametrize("at", ["x", "-1", "99999", "²"])
def test_an_unknown_value_is_a_mistake(at: str) -> None:
    wrong = {"at": at, "sort": "secret", "label": "none", "kind": "toaster"}
    said, mistakes = read_address(wrong.items(), READERS)
    assert ([each.name for each in mistakes], said) == (list(wrong), {})


def test_every_value_of_a_mover_can_be_chosen() -> None:
    by = NEWLY["by"] | {"kind": [{"value": "phone", "people": 1, "devices": 1}]}
    later = [
        {
            "at": "2026-12-08T00:00:00+00:00",
            "newly": dict.fromkeys(LABELS, NEWLY) | {"warn": hit(1, 1, by=by)},
        }
    ]
    assert values_of(plan_of(later=later), "kind") == ["phone"]
    assert values_of(plan_of(), "kind") == []
