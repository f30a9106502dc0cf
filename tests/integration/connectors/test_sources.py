"""Every source over real connections, answered in the shapes that its API documents, and when it is in trouble."""

import json

import pytest
from aiohttp import web
from tests.exchanges import MARKER
from tests.integration.connectors.api import api
from tests.integration.connectors.cases import CASES, LISTED, connected, found, read
from tests.unit.connectors.around import SOURCES, Waits, tools

from mailgate.config.sources.every_source import ApiSourceSettings
from mailgate.connectors.http import ATTEMPTS
from mailgate.errors import SourceError, Trouble


def test_every_source_that_is_asked_is_here():
    called = {"apple-mdm"}  # test_calls.py
    asked = {name for name, source in SOURCES.items() if issubclass(source, ApiSourceSettings)}
    assert set(CASES) == asked - called


@pytest.mark.parametrize("source", CASES)
async def test_a_full_run_finds_the_expected_devices(source):
    records = []
    async with api(source) as (origin, _):
        await read(connected(CASES[source], origin, tools()), records)
    assert found(records) == CASES[source].expected
    assert MARKER not in repr(records)


def refusing(count, status, after=0, headers=None):
    """So many questions (no logins) are refused, after so many that were answered."""
    asked = 0

    def instead(request):
        nonlocal asked
        if request.method != "GET":
            return None
        asked += 1
        refused = after < asked <= after + count
        return web.Response(status=status, headers=headers, text="<html>") if refused else None

    return instead


@pytest.mark.parametrize("source", CASES)
async def test_a_source_that_has_no_time_is_asked_again_when_it_says(source):
    records, waits = [], Waits()
    async with api(source, refusing(1, 429, headers={"Retry-After": "7"})) as (origin, _):
        await read(connected(CASES[source], origin, tools(waits)), records)
    assert found(records) == CASES[source].expected
    assert waits.seconds[0] == 7.0


@pytest.mark.parametrize("source", CASES)
async def test_a_login_that_ran_out_is_made_anew(source):
    records = []
    async with api(source, refusing(1, 401, after=1)) as (origin, _):
        await read(connected(CASES[source], origin, tools()), records)
    assert found(records) == CASES[source].expected


@pytest.mark.parametrize(
    ("status", "trouble"), [(401, Trouble.LOGIN), (403, Trouble.RIGHT), (404, Trouble.STATUS)]
)
@pytest.mark.parametrize("source", CASES)
async def test_a_source_that_refuses_says_so(source, status, trouble):
    records = []
    async with api(source, refusing(100, status)) as (origin, _):
        with pytest.raises(SourceError) as caught:
            await read(connected(CASES[source], origin, tools()), records)
    assert (records, caught.value.trouble) == ([], trouble)


@pytest.mark.parametrize("source", LISTED)
async def test_records_before_an_error_count(source):
    records, case = [], CASES[source]
    async with api(source, refusing(2 * ATTEMPTS, 502, after=case.first_page)) as (origin, _):
        with pytest.raises(SourceError) as caught:
            await read(connected(case, origin, tools()), records)
    assert caught.value.trouble is Trouble.STATUS
    assert 0 < len(records) < len(case.expected)
    assert found(records).items() <= case.expected.items()


@pytest.mark.parametrize("source", CASES)
async def test_an_answer_that_is_not_json_is_no_empty_list(source):
    records = []
    async with api(source, refusing(100, 200)) as (origin, _):
        with pytest.raises(SourceError) as caught:
            await read(connected(CASES[source], origin, tools()), records)
    assert (records, caught.value.trouble) == ([], Trouble.SHAPE)


@pytest.mark.parametrize("source", LISTED)
async def test_a_device_without_a_name_is_counted_and_the_others_count(source):
    case, records, around = CASES[source], [], tools()

    def changed(body):
        said = json.loads(body)
        for row in said.get(case.items, [])[:1] if isinstance(said, dict) else []:
            del row[case.name]
        return json.dumps(said).encode()

    async with api(source, changed=changed) as (origin, _):
        await read(connected(case, origin, around), records)
    assert around.tally.unreadable == 2, "one on each of two pages"
    assert found(records).items() < case.expected.items()


@pytest.mark.parametrize("source", LISTED)
async def test_a_source_without_devices_brings_none(source):
    case, records = CASES[source], []

    def changed(body):
        said = json.loads(body)
        if case.items in said or case.total in said:
            said = {key: 0 if key == case.total else [] for key in said if key in (case.items, case.total)}
        return json.dumps(said).encode()

    async with api(source, changed=changed) as (origin, _):
        await read(connected(case, origin, tools()), records)
    assert records == []


@pytest.mark.parametrize("source", LISTED)
@pytest.mark.parametrize("row", [7, None, [], "x"])
async def test_a_row_that_is_no_object_ends_the_run(source, row):
    case, records = CASES[source], []

    def changed(body):
        said = json.loads(body)
        return json.dumps(said | ({case.items: [row]} if case.items in said else {})).encode()

    async with api(source, changed=changed) as (origin, _):
        with pytest.raises(SourceError) as caught:
            await read(connected(case, origin, tools()), records)
    assert (records, caught.value.trouble) == ([], Trouble.SHAPE)
