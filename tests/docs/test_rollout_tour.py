"""The way of a rule that docs/rollout.md tells, word for word: each command is run, on dates that are still to come."""

import asyncio
import json
import re
import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.admins import admins, token
from tests.docs.reading import FENCE, ROOT
from tests.integration.commands import begin
from tests.integration.gate import start_gate, write_config
from tests.integration.test_notices import OPEN, files, phone

from mailgate.store import Store

TOUR = (ROOT / "docs" / "rollout.md").read_text("utf-8").split("\n## ")[1]
DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
FIRST = min(date.fromisoformat(found) for found in DAY.findall(TOUR))


def ahead(text: str) -> str:
    """The same with the first of its dates a week from now."""
    later = datetime.now(UTC).date() + timedelta(days=7) - FIRST
    return DAY.sub(lambda found: str(date.fromisoformat(found[0]) + later), text)


def blocks(language: str) -> list[str]:
    return [ahead(block) for _, found, block in FENCE.findall(TOUR) if found == language]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As it is when the tour begins: a gate was started, and two phones have reported."""
    settings = YAML(typ="safe").load(blocks("yaml")[0])
    who = admins(ada="operator", grace="approver")
    for name in who:
        (tmp_path / f"{name}.token").write_text(token(name))
    config = write_config(tmp_path, "http://127.0.0.1:9", settings | {"admins": who}, OPEN)
    (tmp_path / "draft.yaml").write_text(blocks("yaml")[1])
    assert start_gate(config).stop() == 0

    async def report() -> None:
        store = await Store.open(json.loads(config.read_text())["store"])
        await store.devices.ingest([phone("lin", "tiktok"), phone("joe")], datetime.now(UTC))
        await store.close()

    asyncio.run(report())
    return tmp_path


def run(folder: Path, line: str) -> tuple[int, str]:
    arguments = shlex.split(line, comments=True)[1:]
    settings = [] if arguments[:2] == ["admin", "add"] else ["--config", "mailgate.yaml"]
    done = begin([*arguments, *settings], folder, {}).ended()
    return done.returncode, done.stdout + done.stderr


def test_every_command_does_what_stands_beside_it(folder: Path) -> None:
    plan, said = "", ""
    told = {}
    for line in "".join(blocks("sh")).splitlines():
        command, _, beside = line.replace("PLAN", plan).partition("  # ")
        code, said = run(folder, command)
        told[" ".join(shlex.split(command)[1:3])] = said
        assert code == (1 if beside.startswith("refused") else 0), (command, said)
        found = re.search(r"mailgate policy apply ([0-9a-f]{12})", said)
        plan = plan or (found[1] if found else "")
    assert "lin: phone ios" in told["policy plan"]
    assert "joe" not in told["policy plan"]
    assert "TikTok" in told["notices preview"]
    assert files(folder / "outbox") == ["lin@example.com"] * 2, "a notice and its correction"
    assert said.startswith("intact: ")
