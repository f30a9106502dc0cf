"""``docs/console.md`` names the pages of the menu, and those that show numbers alone."""

import re

from tests.docs.reading import ROOT, table

from mailgate.console.looks import may_open
from mailgate.console.nouns import menu

TEXT = (ROOT / "docs" / "console.md").read_text("utf-8")
PAGES = [page for _, entries in menu() for entry in entries for page in entry.pages]


def test_the_table_of_pages_names_each_of_the_menu() -> None:
    told = " ".join(f"{row['page']} {row['shows']}" for row in table(TEXT, "page")).lower()
    assert [page.words for page in PAGES if page.words.lower() not in told] == []


def test_the_pages_that_an_analyst_may_open_are_named() -> None:
    said = re.search(r"An `analyst` sees (.*), without names", TEXT)
    assert said
    assert set(re.findall(r"\*(.+?)\*", said[1])) == {
        page.words for page in PAGES if may_open(page.name, ["analyst"])
    }
