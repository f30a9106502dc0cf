"""Changed files take effect by themselves, as a whole or not at all."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.integration.commands import begin
from tests.integration.conftest import LAPTOP, Guard, Guarded
from tests.integration.gate import PROXY, wait_for, write_config
from tests.servers import PATIENCE, patiently

OPEN = {"rules": [{"id": "open", "when": "true", "effect": "allow"}]}
SHUT = {"rules": [{"id": "shut", "when": "true", "effect": "block"}]}


async def until(ask: Callable[[], Awaitable[Any]], wanted: Any) -> Any:
    """Ask until it is so; the last answer."""
    for _ in patiently():
        if (answer := await ask()) == wanted:
            break
        await asyncio.sleep(0.05)
    return answer


async def status(client: aiohttp.ClientSession, guarded: Guarded) -> int:
    async with client.get(guarded.url, headers={"User-Agent": LAPTOP}) as response:
        return response.status


async def ready(client: aiohttp.ClientSession, guarded: Guarded) -> dict[str, Any]:
    async with client.get(f"{guarded.admin}/readyz") as response:
        assert response.status == 200
        return dict(await response.json())


async def config_state(client: aiohttp.ClientSession, guarded: Guarded) -> str:
    return str((await ready(client, guarded))["config"]["state"])


async def test_a_changed_rule_decides_the_next_request(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(OPEN)
    assert await status(client, guarded) == 200
    before = (await ready(client, guarded))["policy"]
    (guarded.directory / "policy.yaml").write_text(json.dumps(SHUT))
    assert await until(lambda: status(client, guarded), 403) == 403
    assert (await ready(client, guarded))["policy"] != before


async def test_a_file_swapped_by_rename_is_read_too(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(OPEN)
    new = guarded.directory / "new.yaml"
    new.write_text(json.dumps(SHUT))
    new.rename(guarded.directory / "policy.yaml")
    assert await until(lambda: status(client, guarded), 403) == 403


async def test_a_reload_refuses_rules_whose_cases_fail(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(OPEN)
    case = {"name": "a laptop gets in", "request": {"user_agent": LAPTOP}, "expect": {"effect": "allow"}}
    (guarded.directory / "policy.tests.yaml").write_text(json.dumps({"tests": [case]}))
    (guarded.directory / "policy.yaml").write_text(json.dumps(SHUT))
    assert await until(lambda: config_state(client, guarded), "rejected") == "rejected"
    assert await status(client, guarded) == 200
    (mistake,) = (await ready(client, guarded))["config"]["mistakes"]
    assert "policy.tests.yaml:1:" in mistake
    assert "the case `a laptop gets in` fails: effect is block, not allow" in mistake
    for command in (["run", "--config"], ["check"]):
        config = str(guarded.directory / "mailgate.yaml")
        done = begin([*command, config], guarded.directory, os.environ).ended()
        assert done.returncode in (1, 2)
        assert "a laptop gets in" in done.stdout + done.stderr
    (guarded.directory / "policy.yaml").write_text(json.dumps(OPEN))
    assert await until(lambda: config_state(client, guarded), "ok") == "ok"
    assert (await ready(client, guarded))["rules"]["held"] == ""
    assert await status(client, guarded) == 200


async def test_a_bad_file_changes_nothing_and_is_shown_until_it_is_good(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(OPEN)
    before = (await ready(client, guarded))["policy"]
    (guarded.directory / "policy.yaml").write_text(
        'rules:\n  - {id: shut, when: client.knd == "x", effect: block}\n'
    )
    assert await until(lambda: config_state(client, guarded), "rejected") == "rejected"

    assert await status(client, guarded) == 200
    state = await ready(client, guarded)
    assert state["policy"] == before
    assert any("policy.yaml:2:" in mistake and "knd" in mistake for mistake in state["config"]["mistakes"])
    rejected = [record for record in guarded.gate.records() if record.get("event") == "config-rejected"]
    assert rejected[-1]["mistakes"] == state["config"]["mistakes"]
    async with client.get(f"{guarded.admin}/metrics") as response:
        metrics = await response.text()
    assert "mailgate_config_ok 0.0" in metrics
    assert 'mailgate_config_reloads_total{result="rejected"}' in metrics

    (guarded.directory / "policy.yaml").write_text(json.dumps(SHUT))
    assert await until(lambda: config_state(client, guarded), "ok") == "ok"
    assert await status(client, guarded) == 403


async def test_cases_that_come_and_go_while_a_gate_runs_are_read(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    """Cases that fail keep the gate from starting again, so a gate that runs says so, as it does of every other file."""
    guarded = guard(SHUT)
    case = {"name": "a laptop gets in", "request": {"user_agent": LAPTOP}, "expect": {"effect": "allow"}}
    (guarded.directory / "policy.tests.yaml").write_text(json.dumps({"tests": [case]}))
    assert await until(lambda: config_state(client, guarded), "rejected") == "rejected"
    (guarded.directory / "policy.tests.yaml").unlink()
    assert await until(lambda: config_state(client, guarded), "ok") == "ok"


async def test_groups_that_come_and_go_while_a_gate_runs_are_read(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(OPEN)
    groups = guarded.directory / "groups.yaml"

    async def serial() -> int:
        return int((await ready(client, guarded))["rules"]["serial"])

    groups.write_text(json.dumps({"groups": {"pilot": ["lin"]}}))
    assert await until(serial, 2) == 2
    groups.unlink()
    assert await until(serial, 3) == 3


async def test_sighup_reads_the_files_at_once(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(OPEN)
    guarded.gate.process.send_signal(signal.SIGHUP)

    async def applied() -> bool:
        return any(record.get("event") == "config-applied" for record in guarded.gate.records())

    assert await until(applied, True)
    assert await status(client, guarded) == 200


async def test_a_newly_listed_app_counts_for_the_next_report(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(
        {
            "rules": [
                {"id": "listed", "when": 'device.state == "listed"', "effect": "block"},
                {"id": "others", "when": "true", "effect": "allow"},
            ]
        }
    )

    async def asked() -> int:
        headers = guarded.report(apps=("com.example.game",), os="android")
        async with client.get(guarded.url, headers=headers) as response:
            return response.status

    assert await asked() == 200
    apps = json.loads((guarded.directory / "apps.yaml").read_text())
    apps["apps"]["game"] = {"name": "Game", "android": ["com.example.game"]}
    apps["lists"]["prohibited"].append("game")
    (guarded.directory / "apps.yaml").write_text(json.dumps(apps))
    assert await until(asked, 403) == 403


@pytest.mark.parametrize(("workers", "heeded"), [(1, "not-replaced"), (2, "replaced-workers")])
def test_signals_that_come_while_the_gate_starts_are_heeded_once_it_has(
    workers: int, heeded: str, tmp_path: Path
) -> None:
    """They would end the gate otherwise, which a service manager takes for an end on purpose."""
    config = write_config(tmp_path, "http://127.0.0.1:9", {"workers": workers})
    log, sent = tmp_path / "log", (signal.SIGHUP, signal.SIGUSR2)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "mailgate", "run", "--config", str(config)],
            env=os.environ | {"PYTHONPATH": str(PROXY)},
            stderr=stream,
        )
    try:
        assert wait_for(lambda: puts_off(process.pid, *sent) or "listening" in log.read_text())
        for each in sent:
            process.send_signal(each)
        for event in ("config-applied", heeded):
            came = wait_for(lambda event=event: f'"{event}"' in log.read_text(), PATIENCE - 1)
            assert came, log.read_text()
    finally:
        process.terminate()
    assert process.wait(PATIENCE) == 0


def puts_off(pid: int, *numbers: int) -> bool:
    """Whether a process lets signals wait."""
    (blocked,) = re.findall(r"^SigBlk:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return all(int(blocked, 16) >> (number - 1) & 1 for number in numbers)
