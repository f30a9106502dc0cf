"""Every page and every operation is in a file of a noun."""

from pathlib import Path

import pytest

import mailgate.console
from mailgate.console.nouns import NOUNS

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


def test_a_folder_imports_nothing_so_that_every_file_in_it_imports_alone() -> None:
    assert [each for each in CONSOLE.glob("*/__init__.py") if "import " in each.read_text("utf-8")] == []
