"""``docs/api.md``: its commands are run at a gate and print what stands under them, its tables are those of the code."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path

import pytest
from tests.admins import admins, token
from tests.docs.reading import ROOT, Run, runs, table
from tests.integration.gate import PHONE_RULES, start_gate, write_config
from tests.integration.test_notices import phone
from tests.servers import PATIENCE, require_or_skip

from mailgate.console.api.problems import KINDS
from mailgate.store import Store

PAGE = ROOT / "docs" / "api.md"
TEXT = PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with a token, and the admin port of a gate that knows the phones of two people."""
    require_or_skip("curl", "jq", "bash")
    folder = tmp_path_factory.mktemp("api")
    config = write_config(folder, "http://127.0.0.1:9", {"admins": admins(ada="operator")}, PHONE_RULES)
    assert start_gate(config).stop() == 0  # makes the store

    async def report() -> None:
        store = await Store.open(json.loads(config.read_text())["store"])
        for owner in ("lin", "joe"):
            await store.devices.ingest([phone(owner, "tiktok")], datetime.now(UTC))
        await store.close()

    asyncio.run(report())
    (folder / "token.header").write_text(f"Authorization: Bearer {token('ada')}\n")
    gate = start_gate(config)
    yield folder, "{}:{}".format(*gate.admin)
    assert gate.stop() == 0


def test_every_command_prints_what_stands_under_it(place: tuple[Path, str]) -> None:
    folder, admin = place
    found = []
    for run in runs(TEXT):
        command = run.command.replace("127.0.0.1:8081", admin)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        found.append(Run(run.command, done.stdout + done.stderr))
    shown = [run._replace(prints=run.prints.rstrip("\n")) for run in runs(TEXT)]
    assert [run._replace(prints=run.prints.rstrip("\n")) for run in found] == shown


def test_the_table_of_operations_is_up_to_date() -> None:
    script = run_path(str(ROOT / "docs" / "make_operation_table.py"))
    assert "| every admin | GET | `/apps`, `/audit`," in TEXT
    assert script["with_table"](TEXT) == TEXT, "run: PYTHONPATH=proxy python docs/make_operation_table.py"


def test_every_kind_of_problem_is_told() -> None:
    told = {}
    for row in table(TEXT, "status"):
        words = [word.strip("` ") for word in row["type ends with"].split(",")]
        told |= dict(zip(map(int, row["status"].split(",")), words, strict=True))
    assert told == {status: word for status, (word, _) in KINDS.items()}
