"""Killed at any point, a change of the rules is in force as a whole or not at all, and the audit log says it once."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration import killed_at_statement
from tests.integration.forked import fork
from tests.integration.gate import start_gate, wait_for, write_config
from tests.integration.test_reload import OPEN, SHUT
from tests.servers import PATIENCE

from mailgate.config import load_bundle
from mailgate.model.device import PostureTerms
from mailgate.rollout import rule_texts_of
from mailgate.rollout.kept_plans import keep_plan
from mailgate.rollout.person import Person
from mailgate.rollout.planning import Scope, make_plan
from mailgate.store import Act, Store

LIMIT = 400
"""Points after which a test gives up: no command says so much."""
ADA = Person("ada", "desk")


@dataclass
class Ground:
    """A store that can be put back to how it was prepared, and the files of a gate on it."""

    folder: Path
    url: str
    prepared: Callable[[], None]
    reset: Callable[[], None]
    said: str = ""
    """By the last command."""

    @property
    def config(self) -> Path:
        return self.folder / "mailgate.yaml"

    def run(self, *arguments: str, point: int = 0, behind: str = "") -> int:
        """The exit code of a command, which is killed at this point; 0: it is not."""
        environment = dict(os.environ)
        if point:
            environment |= {killed_at_statement.POINT: str(point), killed_at_statement.BEHIND: behind}
        process = fork([*arguments, "--config", str(self.config)], self.folder, environment)
        with process.stderr:
            self.said = process.stderr.read().decode()
        return process.wait(PATIENCE)

    def look(self) -> tuple[list[int], list[str]]:
        """The versions that were put in force, the oldest first, and what the audit log has of it, which has to hold."""

        async def looked() -> tuple[list[int], list[str]]:
            store = Store.beside(self.url)
            try:
                history = [each.number for each in reversed(await store.policies.history())]
                entries = [entry async for entry in store.audit.all()]
                assert await store.audit.verify() == []
                taken_back = [each.what for each in entries].count("policy-rolled-back")
                assert len(await store.retractions.open()) == taken_back, (
                    "whoever is to be corrected is known"
                )
                of_rules = [each.what for each in entries if each.what.startswith("policy-")]
                return history, [what for what in of_rules if what != "policy-planned"]
            finally:
                await store.close()

        return asyncio.run(looked())


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    if request.param == "sqlite":
        path, copy = tmp_path / "mailgate.db", tmp_path / "prepared.db"

        def reset() -> None:
            for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                each.unlink(missing_ok=True)
            shutil.copy(copy, path)

        made = Ground(tmp_path, f"sqlite:///{path}", lambda: shutil.copy(path, copy) and None, reset)
    else:
        server = request.getfixturevalue("postgres")

        def say(*statements: str) -> None:
            with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
                for each in statements:
                    connection.execute(each)

        say("DROP DATABASE IF EXISTS killed", "DROP DATABASE IF EXISTS prepared", "CREATE DATABASE killed")
        made = Ground(
            tmp_path,
            server.format("killed"),
            lambda: say("CREATE DATABASE prepared TEMPLATE killed"),
            lambda: say("DROP DATABASE killed WITH (FORCE)", "CREATE DATABASE killed TEMPLATE prepared"),
        )
    write_config(tmp_path, "http://127.0.0.1:9", {"store": made.url}, SHUT)
    return made


def prepare(ground: Ground, *, applied: bool = False) -> str:
    """Put rules in force that let everybody in, plan others, and perhaps apply those; the plan's digest."""

    async def prepared() -> str:
        now, shut = datetime.now(UTC), load_bundle(ground.config).rules
        store = await Store.open(ground.url)
        try:
            write_config(ground.folder, "http://127.0.0.1:9", {"store": ground.url}, OPEN)
            draft = rule_texts_of(load_bundle(ground.config).rules)
            active = await store.policies.activate(draft, Act(now, "file", "policy-activated"))
            scope = Scope(now, 14, PostureTerms(timedelta(hours=24)))
            plan = await make_plan(store, ground.url, active, shut, scope, 1, lambda *_: None)
            await keep_plan(store, plan, shut, ADA, now)
            if applied:
                await store.policies.activate(rule_texts_of(shut), Act(now, "ada", "policy-activated"))
            return plan.digest
        finally:
            await store.close()
            write_config(ground.folder, "http://127.0.0.1:9", {"store": ground.url}, SHUT)

    digest = asyncio.run(prepared())
    ground.prepared()
    return digest


def kill_everywhere(
    ground: Ground, *command: str, before: tuple[list[int], list[str]], after: tuple[list[int], list[str]]
) -> set[bool]:
    """Kill the command at each of its points in turn; whether it was done, at some point or other. Until it is, an attempt begins with what
    the killed one has left; from then on it is repeated, and the store put back."""
    seen = set()
    for point in range(1, LIMIT):
        if True in seen:
            ground.reset()
        code = ground.run(*command, point=point, behind="activations")
        found = ground.look()
        assert found in (before, after), f"at point {point}"
        seen.add(found == after)
        if code == 0:
            assert point > 10
            assert found == after
            return seen
        assert code == -signal.SIGKILL, f"at point {point}"
        if found == before:
            continue
        assert ground.run(*command) == 0, f"after point {point}: {ground.said}"
        assert ground.look() == after, f"after point {point}"
    raise AssertionError("the command never came to its end")


def test_a_killed_apply_is_done_whole_or_not_at_all(ground: Ground) -> None:
    digest = prepare(ground)
    before = ([1], ["policy-activated"])
    after = ([1, 2], ["policy-activated", "policy-activated"])
    command = ("policy", "apply", digest, "--note", "agreed")
    assert kill_everywhere(ground, *command, before=before, after=after) == {False, True}


def test_a_killed_roll_back_is_done_whole_or_not_at_all(ground: Ground) -> None:
    prepare(ground, applied=True)
    before = ([1, 2], ["policy-activated"] * 2)
    after = ([1, 2, 1], ["policy-activated"] * 2 + ["policy-rolled-back"])
    command = ("policy", "rollback", "--note", "sent in error")
    assert kill_everywhere(ground, *command, before=before, after=after) == {False, True}


def test_a_gate_killed_at_a_change_of_files_does_it_whole_or_not_at_all(ground: Ground) -> None:
    """It dies while it puts them in force; the gate that starts after it does the rest. It never ends by itself."""
    prepare(ground)
    before, after = ([1], ["policy-activated"]), ([1, 2], ["policy-activated"] * 2)
    seen: list[bool] = []
    for point in range(1, LIMIT):
        if True in seen:
            ground.reset()
        assert ground.run("run", point=point, behind="audit_head") == -signal.SIGKILL
        found = ground.look()
        assert found in (before, after), f"at point {point}"
        seen.append(found == after)
        if found == before:
            continue
        gate = start_gate(ground.config)
        try:
            assert wait_for(lambda: ground.look() == after), f"after point {point}"
        finally:
            assert gate.stop() == 0
        if seen[-2:] == [True, True]:
            break
    assert seen.count(False) > 5
    assert sorted(seen) == seen
