"""Every page and every operation is in a file of a noun, and is served in the order of the nouns."""

import subprocess
import sys
from pathlib import Path

import pytest

import mailgate.console
from mailgate.console.api.site import OPERATIONS
from mailgate.console.nouns import NOUNS
from mailgate.console.site import ROUTES

CONSOLE = Path(mailgate.console.__file__).parent
LISTS = {"ROUTES": "page", "OPERATIONS": "api"}


def files_with(name: str) -> list[Path]:
    return [each for each in CONSOLE.glob("*/*.py") if f"\n{name} = " in each.read_text("utf-8")]


@pytest.mark.parametrize(("name", "ending"), LISTS.items())
def test_a_file_with_pages_or_operations_is_one_of_a_noun_and_says_so_by_its_name(
    name: str, ending: str
) -> None:
    found = files_with(name)
    assert {each.parent.name for each in found} <= {noun.name for noun in NOUNS}
    assert [each for each in found if not each.stem.endswith(ending)] == []


def test_every_noun_has_pages_or_operations() -> None:
    found = {each.parent.name for name in LISTS for each in files_with(name)}
    assert found == {noun.name for noun in NOUNS}


def test_operations_are_in_the_order_of_the_nouns() -> None:
    found = [each.answer.__module__.split(".")[2] for each in OPERATIONS]
    assert list(dict.fromkeys(found)) == [noun.name for noun in NOUNS if noun.name in found]


def test_every_entry_of_the_menu_opens_a_page() -> None:
    assert {noun.entry for noun in NOUNS if noun.menu} <= {each.kwargs.get("name") for each in ROUTES}  # type: ignore[attr-defined]


def test_every_file_with_operations_imports_alone() -> None:
    modules = [f"mailgate.console.{each.parent.name}.{each.stem}" for each in files_with("OPERATIONS")]
    script = "import importlib, sys\nfor each in sys.argv[1:]:\n    for known in [*sys.modules]:\n        if known.startswith('mailgate.console'): del sys.modules[known]\n    importlib.import_module(each)"
    subprocess.run([sys.executable, "-c", script, *modules], check=True)
