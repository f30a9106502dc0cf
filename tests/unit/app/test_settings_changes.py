"""What changed files change in a gate that runs, and what waits for its next start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.config.test_admins import loaded
from tests.unit.store.examples import NOW

from mailgate.app.settings_changes import READ_AT_START, SettingsAudit, digests_of, needs_restart
from mailgate.config.settings import Settings
from mailgate.store import Store

TAKEN_BY_A_RELOAD = {
    "trusted_proxies", "login_domains", "login_tokens", "authz", "attestation", "enrolment", "probe", "probe_lifetime", "dovecot", "guard", "admins", "posture", "retention", "files",
    "connectors", "console", "hosts", "notices", "stages", "witness", "log", "events", "reporter", "extension",
}  # fmt: skip
SWITCHED_BY_A_START = {"tls", "client_certificates", "authz_listeners"}
"""On or off, and where; what the files hold, and how a port is asked, is taken by a reload."""


def test_every_setting_takes_effect_by_reload_or_is_named():
    assert len(READ_AT_START) == len(set(READ_AT_START))
    assert set(Settings.model_fields) == set(READ_AT_START) | TAKEN_BY_A_RELOAD | SWITCHED_BY_A_START
    assert not TAKEN_BY_A_RELOAD & set(READ_AT_START)


@pytest.mark.parametrize(("dialect", "waits"), [("nginx", []), ("envoy-grpc", ["authz_listeners"])])
def test_a_port_learns_another_dialect_at_once_and_grpc_by_a_start(bundle, dialect, waits):
    asked = "http://127.0.0.1:9080\ntrusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{{listen: '127.0.0.1:8082', dialect: {}}}]"
    before, after = (bundle(asked.format(each)).settings for each in ("envoy", dialect))
    assert needs_restart(before, after) == waits


ADMINS = {
    "ada": {"token_hash": "$argon2id$v=19$m=65536,t=3,p=4$qenBR8b8/rjxf6+KZYjoFw$i3TGcM+1zHPpRiWU/dIo8Q7XvWxSmUZ/RHKOywEDoJk", "roles": ["operator", "approver"]}
}  # fmt: skip


def test_only_what_was_changed_has_another_digest(tmp_path: Path) -> None:
    before = digests_of(loaded(tmp_path, ADMINS, posture={"max_age": "1h"}, guard={"max_newly_blocked": 1}))
    assert {"posture", "guard", "admins"} <= set(before)
    assert "client_certificates" not in before
    assert (
        digests_of(loaded(tmp_path, ADMINS, posture={"max_age": "1h"}, guard={"max_newly_blocked": 1}))
        == before
    )
    after = digests_of(
        loaded(
            tmp_path,
            ADMINS,
            posture={"max_age": "2h"},
            guard={"max_newly_blocked": 1},
            stages={"warn_again": "1h"},
        )
    )
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {
        "posture",
        "stages",
    }


def test_another_process_has_the_same_digests(tmp_path: Path) -> None:
    here = digests_of(loaded(tmp_path, ADMINS))
    code = (
        "import sys; from pathlib import Path; from mailgate.config.bundle import load_settings;"
        "from mailgate.app.settings_changes import digests_of; print(digests_of(load_settings(Path(sys.argv[1]))))"
    )
    path = str(tmp_path / "mailgate.yaml")
    told = subprocess.run(
        [sys.executable, "-c", code, path],
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(here)


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
