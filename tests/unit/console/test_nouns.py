"""Every page and every operation is in a file of a noun."""

from pathlib import Path

import pytest

import mailgate.console
from mailgate.console.nouns import MENU, NOUNS, current_page

CONSOLE = Path(mailgate.console.__file__).parent
LISTS = {"ROUTES": "page", "OPERATIONS": "api"}


def files_with(name: str) -> list[Path]:
    return [each for each in CONSOLE.glob("*/*.py") if f"\n{name} = " in each.read_text("utf-8")]


@pytest.mark.parametrize(("name", "ending"), LISTS.items())
def test_a_file_with_pages_or_operations_is_one_of_a_noun_and_says_so_by_its_name(
    name: str, ending: str
) -> None:
    found = files_with(name)
    assert {each.parent.name for each in found} <= set(NOUNS)
    assert [each for each in found if not each.stem.endswith(ending)] == []


def test_every_noun_has_pages_or_operations() -> None:
    found = {each.parent.name for name in LISTS for each in files_with(name)}
    assert found == set(NOUNS)


@pytest.mark.parametrize(
    ("route", "address", "words"),
    [
        ("now", "/console/", "Overview"),
        ("devices", "/console/devices", "Devices"),
        ("devices", "/console/devices?state=lost", "Lost"),
        ("devices-one", "/console/devices/a", "Devices"),
        ("people", "/console/people?login=alice", "Devices"),
        ("find", "/console/find?q=a", "Devices"),
        ("extension-people", "/console/extension/people", "Browsers"),
        ("policy-rule", "/console/policy/rules/a", "Rules"),
        ("policy-plan-watch", "/console/policy/plans/a/watch", "Plans"),
        ("policy-plans", "/console/policy/plans", "Plans"),
        ("policy-draft", "/console/policy/drafts/a", "Drafts"),
        ("policy-version", "/console/policy/versions/1", "Versions"),
        ("audit-verify", "/console/audit/verify", "Audit log"),
        ("login", "/console/login", None),
    ],
)
def test_a_page_belongs_to_one_page_of_the_menu(route: str, address: str, words: str | None) -> None:
    page = current_page(route, address)
    assert (page.words if page else None) == words


def test_the_menu_has_eight_entries_in_three_groups() -> None:
    assert [len(entries) for _, entries in MENU] == [3, 3, 2]


def test_a_folder_imports_nothing_so_that_every_file_in_it_imports_alone() -> None:
    assert [each for each in CONSOLE.glob("*/__init__.py") if "import " in each.read_text("utf-8")] == []
