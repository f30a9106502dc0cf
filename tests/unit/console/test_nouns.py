"""Every page and every operation is the file of a noun, or is listed beside them."""

from pathlib import Path

import mailgate.console
from mailgate.console.api import OPERATIONS
from mailgate.console.devices import device_page
from mailgate.console.login import oidc_page
from mailgate.console.login import page as login_page
from mailgate.console.nouns import NOUNS
from mailgate.console.plans import outcome_page
from mailgate.console.policy import retract_page
from mailgate.console.site import ROUTES

CONSOLE = Path(mailgate.console.__file__).parent
BEGINNINGS = [noun.beside or f"{noun.name}." for noun in NOUNS]
BESIDE = (device_page, login_page, oidc_page, outcome_page, retract_page)


def modules_with(name: str) -> set[str]:
    """The modules of folders that list pages or operations, as below the console."""
    files = CONSOLE.glob("*/*.py")
    return {f"{each.parent.name}.{each.stem}" for each in files if f"\n{name} = " in each.read_text("utf-8")}


def of_nouns(file: str) -> set[str]:
    return {beginning + file for beginning in BEGINNINGS}


def test_every_file_with_pages_is_served() -> None:
    beside = {each.__name__.removeprefix("mailgate.console.") for each in BESIDE}
    assert modules_with("ROUTES") - of_nouns("page") == beside


def test_every_file_with_operations_is_served_and_every_noun_has_a_file() -> None:
    operations, pages = modules_with("OPERATIONS"), modules_with("ROUTES")
    assert operations <= of_nouns("api")
    assert all({beginning + "api", beginning + "page"} & (operations | pages) for beginning in BEGINNINGS)


def test_pages_and_operations_are_in_the_order_of_the_nouns() -> None:
    found = [
        each.answer.__module__.removeprefix("mailgate.console.").removesuffix("api") for each in OPERATIONS
    ]
    assert list(dict.fromkeys(found)) == [beginning for beginning in BEGINNINGS if beginning in found]
    assert len(ROUTES) > len(NOUNS)
