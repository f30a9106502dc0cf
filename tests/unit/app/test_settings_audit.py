"""A change of the settings stands in the audit log."""

import json
from pathlib import Path

from structlog.testing import capture_logs
from tests.unit.config.test_admins import loaded
from tests.unit.store.examples import NOW

from mailgate.app.settings_audit import SettingsAudit
from mailgate.config import Settings
from mailgate.store import Store


class Gate:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def watched(self, store: Store) -> SettingsAudit:
        return SettingsAudit(store.audit, lambda: self.settings, "gate-1", lambda: NOW)


async def written(store: Store) -> list[tuple[str, str, list[str]]]:
    return [
        (entry.what, entry.why, json.loads(entry.details)["changed"]) for entry in await store.audit.page()
    ]


async def test_settings_are_noted_once_and_changes_by_name_also_over_a_restart(
    store: Store, tmp_path: Path
) -> None:
    gate = Gate(loaded(tmp_path, {}, posture={"max_age": "1h"}))
    watch = gate.watched(store)
    for _ in range(2):
        await watch.poll()
    await gate.watched(store).poll()
    assert await written(store) == [("settings-noted", "", [])]
    gate.settings = loaded(tmp_path, {}, posture={"max_age": "2h"}, stages={"warn_again": "1h"})
    with capture_logs() as logs:
        await watch.poll()
    assert [line["changed"] for line in logs] == [["posture", "stages"]]
    assert (await written(store))[1:] == [("settings-changed", "posture, stages", ["posture", "stages"])]
    gate.settings = loaded(tmp_path, {}, posture={"max_age": "2h"})
    await gate.watched(store).poll()  # changed while the gate was down
    assert (await written(store))[2:] == [("settings-changed", "stages", ["stages"])]
