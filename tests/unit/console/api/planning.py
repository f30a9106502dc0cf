"""Plans by the API, in a company whose guard lets no change newly keep anybody out."""

import json
from typing import Any

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.phones import has, record

from mailgate.config import load_bundle

NOBODY = json.dumps({"rules": [{"id": "nobody", "when": "true", "effect": "block"}]})


@pytest.fixture(autouse=True)
async def guarded(firm: Company) -> None:
    """Two people with phones, and a guard that lets no change newly keep anybody out."""
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    settings = json.loads((firm.folder / "mailgate.yaml").read_text()) | {"guard": {"max_newly_blocked": 0}}
    (firm.folder / "mailgate.yaml").write_text(json.dumps(settings))
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml")


async def planned(caller: Caller, firm: Company, **body: Any) -> str:
    """Make a plan of these rules. Returns its digest."""
    told = await caller.post("/plans", {"policy": NOBODY} | body)
    assert (told.status, told.headers["Location"], told.body["runs"]) == (202, "/api/v1/plans/making", True)
    assert firm.context.planning._task
    await firm.context.planning._task
    made = (await caller.get("/plans/making")).body
    assert (made["runs"], made["wrong"]) == (False, "")
    return str(made["digest"])
