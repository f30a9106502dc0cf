"""Connectors."""

import asyncio

from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic

from mailgate.console.connectors.reading import SourceReading


async def test_each_is_told_with_how_it_fares(vic: Caller) -> None:
    (told,) = (await vic.get("/connectors")).body["items"]
    assert (told["name"], told["type"], told["state"], told["polls"], told["reading"]) == (
        "jamf-file",
        "file",
        "ok",
        True,
        None,
    )


async def test_an_operator_reads_one_and_sees_how_far_it_is(ada: Caller, firm: Company) -> None:
    told = await ada.post("/connectors/jamf-file/readings", {"full": True})
    assert (told.status, told.headers["Location"], told.body["who"]) == (202, "/api/v1/connectors", "ada")
    await asyncio.sleep(0)
    assert firm.read == [("jamf-file", True)]
    (item,) = (await ada.get("/connectors")).body["items"]
    assert (item["reading"]["outcome"], item["reading"]["done"]) == ("3 records", 3)
    assert (await firm.acts())[-1] == ("connector-read", "ada", "connector jamf-file")


async def test_one_that_is_being_read_is_not_begun_again(ada: Caller, firm: Company) -> None:
    firm.context.readings.last["jamf-file"] = SourceReading("lin", NOW, 1000, 4000)
    assert (await ada.post("/connectors/jamf-file/readings", {})).status == 409
    assert firm.read == []


async def test_an_unknown_connector_is_not_found(ada: Caller) -> None:
    assert (await ada.post("/connectors/none/readings", {})).status == 404
