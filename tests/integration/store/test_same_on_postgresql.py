"""Everything that is promised of the store on SQLite holds on PostgreSQL: the same tests, another ``url``."""

from datetime import datetime
from importlib import import_module
from inspect import isfunction, signature
from pathlib import Path

import pytest
import tests.unit.store as unit
from tests.stores import stores_have_time as stores_have_time
from tests.unit.store.test_audit import *  # noqa: F403
from tests.unit.store.test_bulk_rows import *  # noqa: F403
from tests.unit.store.test_changes import *  # noqa: F403
from tests.unit.store.test_counts import *  # noqa: F403
from tests.unit.store.test_device_loading import *  # noqa: F403
from tests.unit.store.test_device_rows import *  # noqa: F403
from tests.unit.store.test_devices import *  # noqa: F403
from tests.unit.store.test_enrolments import *  # noqa: F403
from tests.unit.store.test_fleet import *  # noqa: F403
from tests.unit.store.test_folding import *  # noqa: F403
from tests.unit.store.test_gates import *  # noqa: F403
from tests.unit.store.test_help_requests import *  # noqa: F403
from tests.unit.store.test_ingest import *  # noqa: F403
from tests.unit.store.test_kept_out import *  # noqa: F403
from tests.unit.store.test_laptop_readers import *  # noqa: F403
from tests.unit.store.test_ledger import *  # noqa: F403
from tests.unit.store.test_looks import *  # noqa: F403
from tests.unit.store.test_mail import *  # noqa: F403
from tests.unit.store.test_mail_queue import *  # noqa: F403
from tests.unit.store.test_person_records import *  # noqa: F403
from tests.unit.store.test_personal_data import *  # noqa: F403
from tests.unit.store.test_plan_movers import *  # noqa: F403
from tests.unit.store.test_plans import *  # noqa: F403
from tests.unit.store.test_policies import *  # noqa: F403
from tests.unit.store.test_postures import *  # noqa: F403
from tests.unit.store.test_reliefs import *  # noqa: F403
from tests.unit.store.test_retention import *  # noqa: F403
from tests.unit.store.test_retractions import *  # noqa: F403
from tests.unit.store.test_search import *  # noqa: F403
from tests.unit.store.test_shut_enrolments import *  # noqa: F403
from tests.unit.store.test_sightings import *  # noqa: F403
from tests.unit.store.test_spent_proofs import *  # noqa: F403
from tests.unit.store.test_store import *  # noqa: F403
from tests.unit.store.test_stranger_limit import *  # noqa: F403
from tests.unit.store.test_write_queue import *  # noqa: F403

from mailgate.store import gates


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The days of these tests are not those of the database: as on SQLite, what is stamped and what is old goes by the clock of the
    test alone."""

    async def by_the_test(_connection: object, now: datetime) -> datetime:
        return now

    monkeypatch.setattr(gates, "earliest_now", by_the_test)
    monkeypatch.setattr(gates, "shared_now", by_the_test)


OF_SQLITE = {"copying", "database", "migrate", "wal"}
"""What is about SQLite's own files and locks."""


def test_every_test_of_the_store_is_here() -> None:
    """A new file of tests in ``tests/unit/store`` runs on both systems, and no two tests or fixtures have one name, since one would hide the other."""
    here, owners = {each for each in globals().values() if isfunction(each)}, dict[str, str]()
    for path in sorted(Path(unit.__path__[0]).glob("test_*.py")):
        name = path.stem.removeprefix("test_")
        module = import_module(f"{unit.__name__}.{path.stem}")
        tests = [each for key, each in vars(module).items() if key.startswith("test_") and isfunction(each)]
        of_the_store = [each for each in tests if "store" in signature(each).parameters]
        if name in OF_SQLITE:
            continue
        assert all(each in here for each in of_the_store), f"{path.name} is not imported here"
        fixtures = [
            key for key, each in vars(module).items() if type(each).__name__ == "FixtureFunctionDefinition"
        ]
        if of_the_store:
            for each in (*(test.__name__ for test in tests), *fixtures):
                assert owners.setdefault(each, name) == name, each
