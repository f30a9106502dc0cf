"""The console's addresses."""

import pytest
from tests.unit.console.browsing import Browser


@pytest.mark.parametrize("path", ["/", "/console"])
async def test_the_root_of_the_admin_port_leads_to_the_console(ada: Browser, path: str) -> None:
    assert (await ada.get(path)).path == "/console/"


async def test_nothing_that_a_page_names_is_elsewhere(ada: Browser) -> None:
    page = await ada.get("/console/")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert "onclick" not in page.text
