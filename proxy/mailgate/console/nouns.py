"""The nouns of console and API, and the menu. A noun is a folder here; each of its files whose name ends with ``api`` lists operations, and
each whose name ends with ``page`` lists pages."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import ModuleInfo, iter_modules
from typing import Any, NamedTuple

from mailgate.model.phrase import phrase


class MenuPage(NamedTuple):
    name: str
    """The name of its route."""
    words: str
    more: str = ""
    """The rest of its address: a query, or a place on the page."""
    begins: str = ""
    """How the names of the routes of the pages below it begin, if not like its own."""


class MenuEntry(NamedTuple):
    """An entry of the menu: it opens its first page, and the others stand above each of them."""

    words: str
    icon: str
    pages: tuple[MenuPage, ...]


_MENU: tuple[tuple[str, tuple[MenuEntry, ...]], ...] = (
    (phrase("Support"), (
        MenuEntry(phrase("Overview"), "home", (MenuPage("now", phrase("Overview")),)),
        MenuEntry(phrase("Help requests"), "help", (MenuPage("help_requests", phrase("Help requests")),)),
        MenuEntry(phrase("People"), "people", (
            MenuPage("devices", phrase("Devices")),
            MenuPage("devices", phrase("Lost"), "?state=lost", "devices"),
            MenuPage("exemptions", phrase("Exemptions")),
            MenuPage("extension", phrase("Browsers")),
            MenuPage("sightings", phrase("Requests")),
            MenuPage("explain", phrase("One decision")),
        )),
    )),
    (phrase("Rules"), (
        MenuEntry(phrase("Apps"), "apps", (MenuPage("apps", phrase("Apps")),)),
        MenuEntry(phrase("Rules"), "rules", (
            MenuPage("policy", phrase("Rules")),
            MenuPage("policy-drafts", phrase("Drafts"), begins="policy-draft"),
            MenuPage("policy-plans", phrase("Plans"), begins="policy-plan"),
            MenuPage("policy", phrase("Versions"), "#versions", "policy-version"),
        )),
        MenuEntry(phrase("Notices"), "mail", (MenuPage("notices", phrase("Notices")),)),
    )),
    (phrase("System"), (
        MenuEntry(phrase("Sources"), "source", (
            MenuPage("connectors", phrase("Sources")),
            MenuPage("enrolment", phrase("Enrolment")),
        )),
        MenuEntry(phrase("Audit log"), "log", (
            MenuPage("audit", phrase("Audit log")),
            MenuPage("looks", phrase("Who looked at whom")),
        )),
    )),
)  # fmt: skip
"""The groups of the menu with their entries. The page of an operation that says its entry itself stands after those that are named here."""
_OF_ANOTHER = {"people": "devices", "find": "devices"}
"""The pages of one person and of the search stand with the devices."""


@cache
def menu() -> tuple[tuple[str, tuple[MenuEntry, ...]], ...]:
    """The groups of the menu with their entries."""
    return tuple((words, tuple(map(_with_pages_of_operations, entries))) for words, entries in _MENU)


def _with_pages_of_operations(entry: MenuEntry) -> MenuEntry:
    said = (each for each in of_every_noun("api", "OPERATIONS") if each.menu and each.menu[0] == entry.icon)
    return entry._replace(pages=(*entry.pages, *(MenuPage(each.page_name, each.menu[1]) for each in said)))


def current_page(route: str, address: str) -> MenuPage | None:
    """The page of the menu to which a page belongs, by the name of its route and its address."""
    route = _OF_ANOTHER.get(route.partition("-")[0], route)
    found = [
        page
        for _, entries in menu()
        for entry in entries
        for page in entry.pages
        if route.startswith(page.begins or page.name)
        if not page.more.startswith("?") or address.endswith(page.more)
    ]
    return max(found, key=lambda page: (len(page.begins or page.name), page.more), default=None)


def of_every_noun(ending: str, name: str) -> Iterator[Any]:
    """The items that the files of each noun list under ``name``, of files whose name ends with ``ending``."""
    for noun in _inside(__package__):
        for module in _inside(noun.name) if noun.ispkg else ():
            if module.name.endswith(ending):
                yield from getattr(import_module(module.name), name)


def _inside(package: str) -> Iterator[ModuleInfo]:
    """What is in a package, in the order of the alphabet."""
    return iter_modules(import_module(package).__path__, f"{package}.")
