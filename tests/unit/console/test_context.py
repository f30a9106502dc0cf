"""Who is logged in, by the settings of now."""

from tests.unit.console.browsing import Browser, Company


async def test_an_act_names_the_admin_and_the_place(ada: Browser, firm: Company) -> None:
    await ada.post("/console/connectors/jamf-file/sync")
    (entry,) = [each for each in await firm.store.audit.page() if each.what == "connector-read"]
    assert (entry.who, entry.origin, entry.about) == ("ada", "console at gate-1", "connector jamf-file")
