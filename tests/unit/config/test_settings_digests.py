"""That a setting was changed is told, and nothing of what it says."""

import subprocess
import sys
from pathlib import Path

from tests.unit.config.test_admins import loaded

from mailgate.config.settings_digests import digests_of

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
        "from mailgate.config.settings_digests import digests_of; print(digests_of(load_settings(Path(sys.argv[1]))))"
    )
    path = str(tmp_path / "mailgate.yaml")
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", code, path],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == str(here)
