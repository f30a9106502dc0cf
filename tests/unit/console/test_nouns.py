"""Every page and every operation is the file of a noun, or is listed beside them."""

from pathlib import Path

import mailgate.console
from mailgate.console.api import OPERATIONS
from mailgate.console.nouns import NOUNS
from mailgate.console.pages import ROUTES, assets, device, language, login, oidc, plan_outcome, retract

CONSOLE = Path(mailgate.console.__file__).parent
NAMES = {noun.name for noun in NOUNS}


def files_with(folder: str, name: str) -> set[str]:
    files = (CONSOLE / folder).glob("*.py")
    return {each.stem for each in files if f"\n{name} = " in each.read_text("utf-8")}


BESIDE = (assets, device, language, login, oidc, plan_outcome, retract)


def test_every_file_with_pages_is_served() -> None:
    beside = {each.__name__.rpartition(".")[2] for each in BESIDE}
    assert files_with("pages", "ROUTES") - NAMES == beside


def test_every_file_with_operations_is_served_and_every_noun_has_a_file() -> None:
    operations = files_with("api", "OPERATIONS")
    assert operations <= NAMES <= operations | files_with("pages", "ROUTES")


def test_pages_and_operations_are_in_the_order_of_the_nouns() -> None:
    order = [each.answer.__module__.rpartition(".")[2] for each in OPERATIONS]
    assert list(dict.fromkeys(order)) == [noun.name for noun in NOUNS if noun.name in order]
    assert len(ROUTES) > len(NOUNS)
