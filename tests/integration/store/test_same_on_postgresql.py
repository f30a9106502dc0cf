"""Everything that is promised of the store on SQLite holds on PostgreSQL: the same tests, another ``url``."""

from tests.unit.store.test_audit import *  # noqa: F403
from tests.unit.store.test_bell import *  # noqa: F403
from tests.unit.store.test_connectors import *  # noqa: F403
from tests.unit.store.test_devices import *  # noqa: F403
from tests.unit.store.test_enrolments import *  # noqa: F403
from tests.unit.store.test_keys import *  # noqa: F403
from tests.unit.store.test_learning import *  # noqa: F403
from tests.unit.store.test_leases import *  # noqa: F403
from tests.unit.store.test_ledger import *  # noqa: F403
from tests.unit.store.test_loading import *  # noqa: F403
from tests.unit.store.test_migrate import *  # noqa: F403
from tests.unit.store.test_outbox import *  # noqa: F403
from tests.unit.store.test_people import *  # noqa: F403
from tests.unit.store.test_personal import *  # noqa: F403
from tests.unit.store.test_plans import *  # noqa: F403
from tests.unit.store.test_policies import *  # noqa: F403
from tests.unit.store.test_postures import *  # noqa: F403
from tests.unit.store.test_reports import *  # noqa: F403
from tests.unit.store.test_retention import *  # noqa: F403
from tests.unit.store.test_sightings import *  # noqa: F403
from tests.unit.store.test_sketches import *  # noqa: F403
from tests.unit.store.test_spent import *  # noqa: F403
from tests.unit.store.test_store import *  # noqa: F403
