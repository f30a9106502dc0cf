"""The tests mirror the source: whoever changes a file knows where its specification stands."""

import re
from pathlib import Path

import pytest

import mailgate

SOURCE = Path(mailgate.__file__).parent
TESTS = Path(__file__).parent

FAMILIES = "a table of names alone: classify/test_table.py proves every row by a labelled user agent"
NOUNS = "nouns alone: the tests of every connector use them"
PROCESSES = "processes and their sockets: tests/integration/test_workers.py starts and kills real ones"
WITHOUT_A_MIRROR = {
    "app/workers/listeners.py": PROCESSES,
    "classify/appliances.py": FAMILIES,
    "classify/desktops.py": FAMILIES,
    "classify/handhelds.py": FAMILIES,
    "classify/programs.py": FAMILIES,
    "connectors/protocol.py": NOUNS,
    "wire.py": "a client: tests/integration/connectors/test_wire.py lets it ask real servers",
    "store/migrations/env.py": "run by alembic alone: store/test_migrate.py upgrades with it",
    "store/schema.py": "tables alone: store/test_migrate.py compares them with what the migrations build",
}


def sources():
    """Every file with something to test, relative to the package."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE)
        if (
            path.stem not in ("__init__", "__main__")
            and "versions" not in name.parts
            and "templates" not in name.parts
        ):
            yield name.as_posix()


def has_a_mirror(source):
    """Whether the file has tests of its own, or its folder has them all in one file."""
    path = Path(source)
    own = TESTS / path.parent / f"test_{path.name}"
    of_its_folder = TESTS / path.parent.parent / f"test_{path.parent.name}.py"
    return own.is_file() or of_its_folder.is_file()


@pytest.mark.parametrize("source", [name for name in sources() if name not in WITHOUT_A_MIRROR])
def test_every_source_file_has_its_test_file(source):
    assert has_a_mirror(source)


@pytest.mark.parametrize("source", WITHOUT_A_MIRROR)
def test_an_exception_is_a_file_that_needs_one(source):
    assert (SOURCE / source).is_file()
    assert not has_a_mirror(source), f"{source} has its test now: take it off the list"


def test_names_of_tests_say_what_holds():
    riddles = re.compile(r"def (test_(?:what|how|it)_\w+)")
    found = {path: riddles.findall(path.read_text("utf-8")) for path in TESTS.parent.rglob("test_*.py")}
    assert {path: names for path, names in found.items() if names} == {}
