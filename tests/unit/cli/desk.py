"""A store in which a rule keeps one phone out, settings that send mails to a folder, and the command to run."""

from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import in_store
from tests.unit.mail.examples import APP, OPEN, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force

from mailgate.store import Store

SETTINGS = "notices: {outbox: out, sender: it-help@example.com, domain: example.com, rate: 100000}\n"

run = partial(call, "notices", config=True)


@pytest.fixture
def folder(config: Path) -> Path:
    async def fill(store: Store) -> None:
        files = rules(policy(APP, OPEN))
        await put_in_force(store, rules(policy(OPEN)))
        await put_in_force(store, files)
        await people.know(
            store, files.policy, [people.phone(1, "tiktok", owner="ada"), people.phone(2, owner="lin")]
        )

    in_store(fill)
    config.write_text(config.read_text() + SETTINGS)
    return config.parent


def mails(folder: Path) -> int:
    return len(list((folder / "out").glob("*.eml")))
