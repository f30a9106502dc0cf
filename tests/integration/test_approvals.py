"""Two gates on one store: what goes beyond the guard takes two persons, and nothing changes in a freeze."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.admins import admins, token
from tests.integration.commands import RunningCommand, begin_beside
from tests.integration.gate import Gate, wait_for, write_config
from tests.integration.test_reload import OPEN, SHUT
from tests.integration.test_versions import blocks, of_any_store, ready
from tests.integration.test_versions import start as start
from tests.integration.test_versions import url as url

WHO = admins(ada="operator", joe="operator", lin="approver", kim="approver")
GUARD = {"max_newly_blocked": 0, "approvals": 2}


def settled(folder: Path, url: str, guard: dict[str, Any]) -> Path:
    """Settings with admins and this guard, in the folder of a gate."""
    folder.mkdir(exist_ok=True)
    return write_config(folder, "http://127.0.0.1:9", {"store": url, "guard": guard, "admins": WHO}, OPEN)


def begun(folder: Path, who: str, *arguments: str) -> RunningCommand:
    """A command that runs on the files in this folder as this admin."""
    return begin_beside(folder / "mailgate.yaml", *arguments, MAILGATE_ADMIN_TOKEN=token(who))


def ended(command: RunningCommand) -> tuple[int, str]:
    """Its exit code, and what it said."""
    done = command.ended()
    return done.returncode, done.stdout + done.stderr


def command(folder: Path, who: str, *arguments: str) -> tuple[int, str]:
    return ended(begun(folder, who, *arguments))


def held(gate: Gate) -> str:
    return str(ready(gate)["rules"]["held"])


def acts(folder: Path) -> list[tuple[str, str]]:
    """What the audit log says, oldest first: who did what."""
    _, said = command(folder, "ada", "audit", "list", "--json")
    return [(entry["what"], entry["who"]) for entry in json.loads(said)]


def test_a_held_change_takes_two_other_persons_whoever_comes_at_once(
    start: Callable[[str], Gate], url: str, tmp_path: Path
) -> None:
    folder, beside = tmp_path / "one", tmp_path / "other"
    for each in (folder, beside):
        settled(each, url, GUARD)
    one, other = start("one"), start("other")
    assert not blocks(one)  # and is counted in the plan
    assert wait_for(one.has_written)
    (folder / "policy.yaml").write_text(json.dumps(SHUT))
    assert wait_for(lambda: "more than 0 needs approval" in held(one))
    digest = held(one).partition("(plan ")[2].partition(")")[0]

    refused, why = command(folder, "ada", "policy", "apply", digest, "--note", "now")
    assert refused == 1
    assert "it needs 2 more approvals" in why

    approve = ["policy", "approve", digest, "--note", "agreed"]
    given = [ended(each) for each in [begun(beside, who, *approve) for who in ("lin", "lin", "kim")]]
    assert sorted(code for code, _ in given) == [0, 0, 1]
    assert "you have approved this plan already" in "".join(said for _, said in given)
    assert not blocks(one)

    apply = ["policy", "apply", digest, "--note", "now", "--json"]
    done = [ended(each) for each in [begun(folder, "ada", *apply), begun(beside, "joe", *apply)]]
    assert {(code, json.loads(said)["serial"]) for code, said in done} == {(0, 2)}
    assert wait_for(lambda: blocks(one) and blocks(other))
    assert held(one) == ""

    told = acts(folder)
    assert [what for what, _ in told].count("policy-activated") == 2  # the first start, and this
    assert sorted(who for what, who in told if what == "policy-approved") == ["kim", "lin"]
    assert command(folder, "ada", "audit", "verify")[0] == 0
    assert not any("argon2" in line or "secret of" in line for line in (*one.log, *other.log))


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


@of_any_store
def test_in_a_freeze_files_wait_and_a_roll_back_does_not(
    start: Callable[[str], Gate], url: str, tmp_path: Path
) -> None:
    folder, now = tmp_path / "one", datetime.now(UTC)
    freeze = f"{written(now - timedelta(hours=1))} - {written(now + timedelta(days=2))} UTC"
    wide = {"max_newly_blocked": 9}  # whoever is kept out twice within the window counts twice
    config = settled(folder, url, wide)
    one = start("one")
    (folder / "policy.yaml").write_text(json.dumps(SHUT))
    assert wait_for(lambda: blocks(one))

    config.write_text(json.dumps(json.loads(config.read_text()) | {"guard": wide | {"freeze": [freeze]}}))
    assert wait_for(lambda: [line for line in one.records() if line.get("event") == "config-applied"][1:])
    assert command(folder, "ada", "policy", "rollback", "--note", "sent in error")[0] == 0
    assert wait_for(lambda: not blocks(one))

    changed = {"rules": [{**SHUT["rules"][0], "id": "anew"}]}
    (folder / "policy.yaml").write_text(json.dumps(changed))
    assert wait_for(lambda: "changes are frozen until" in held(one))
    assert not blocks(one)
    assert any(
        "frozen" in line.get("why", "") for line in one.records() if line.get("event") == "policy-held"
    )
    _, said = command(folder, "ada", "policy", "plan", "--json")
    digest = json.loads(said)["digest"]
    refused, why = command(folder, "ada", "policy", "apply", digest, "--note", "now")
    assert refused == 1
    assert "changes are frozen until" in why

    config.write_text(json.dumps(json.loads(config.read_text()) | {"guard": wide}))
    assert wait_for(lambda: blocks(one))
    assert wait_for(lambda: held(one) == "")
