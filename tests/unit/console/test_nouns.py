"""Every page and every operation is in a file of a noun."""

from importlib import import_module
from pathlib import Path

import pytest

import mailgate.console
from mailgate.console import nouns
from mailgate.console.api.operation import Operation
from mailgate.console.nouns import MenuPage, current_page, menu, of_every_noun

CONSOLE = Path(mailgate.console.__file__).parent
LISTS = {"ROUTES": "page", "OPERATIONS": "api"}


def files_with(name: str) -> list[Path]:
    return [each for each in CONSOLE.glob("*/*.py") if f"\n{name} = " in each.read_text("utf-8")]


@pytest.mark.parametrize(("name", "ending"), LISTS.items())
def test_a_file_with_pages_or_operations_says_so_by_its_name(name: str, ending: str) -> None:
    found = files_with(name)
    assert [each for each in found if not each.stem.endswith(ending)] == []
    listed = [
        getattr(import_module(f"mailgate.console.{each.parent.name}.{each.stem}"), name) for each in found
    ]
    assert {id(item) for items in listed for item in items} == set(map(id, of_every_noun(ending, name)))


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
    assert [len(entries) for _, entries in menu()] == [3, 3, 2]


def test_the_page_of_an_operation_stands_after_those_of_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_apps() -> None: ...

    new = Operation("GET /new", list_apps, page="apps.html", menu=("source", "New"))
    monkeypatch.setattr(nouns, "of_every_noun", lambda *_: [new])
    (sources,) = (entry for _, entries in menu.__wrapped__() for entry in entries if entry.icon == "source")
    assert sources.pages[-1] == MenuPage("new", "New")


def test_an_operation_in_the_menu_names_an_entry() -> None:
    icons = {entry.icon for _, entries in menu() for entry in entries}
    assert {each.menu[0] for each in of_every_noun("api", "OPERATIONS")} <= icons | {""}


def test_a_folder_imports_nothing_so_that_every_file_in_it_imports_alone() -> None:
    assert [each for each in CONSOLE.glob("*/__init__.py") if "import " in each.read_text("utf-8")] == []
