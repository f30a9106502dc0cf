"""Two gates on one store decide by one version of the rules, whoever changed it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from tests.integration.commands import output_of
from tests.integration.conftest import LAPTOP
from tests.integration.gate import Gate, start_gate, wait_for, write_config
from tests.integration.test_reload import OPEN, SHUT

of_any_store = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""What is counted and read alike on both databases: ``store/test_same_on_postgresql.py`` asks the same of the store, and some tests of each
file run on either."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    server, migrated = (request.getfixturevalue(name) for name in ("postgres", "migrated"))
    name = f"versions_{request.node.name[:12]}_{abs(hash(request.node.name))}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    return str(server.format(name))


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Callable[[str], Gate]]:
    """Starts a gate with files of its own in the folder of this name."""
    gates = []

    def started(name: str) -> Gate:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            write_config(folder, "http://127.0.0.1:9", {"store": url}, OPEN)
        gates.append(start_gate(folder / "mailgate.yaml"))
        return gates[-1]

    yield started
    for gate in gates:
        if gate.process.poll() is None:
            gate.stop()


def ready(gate: Gate) -> dict[str, Any]:
    with urlopen(f"http://{gate.admin[0]}:{gate.admin[1]}/readyz") as response:
        return dict(json.load(response))


def blocks(gate: Gate) -> bool:
    """Whether a laptop is kept out; the webmail behind is not there."""
    try:
        urlopen(Request(f"http://{gate.public[0]}:{gate.public[1]}/", headers={"User-Agent": LAPTOP}))
    except HTTPError as error:
        with error:
            return error.code == 403
    raise AssertionError("no webmail is there")


@of_any_store
def test_a_change_counts_at_both_gates_and_old_files_are_held(
    start: Callable[[str], Gate], tmp_path: Path
) -> None:
    one, other = start("one"), start("other")
    assert (ready(one)["rules"]["serial"], blocks(one), blocks(other)) == (1, False, False)

    (tmp_path / "one" / "policy.yaml").write_text(json.dumps(SHUT))
    assert wait_for(lambda: blocks(one) and blocks(other))
    assert [ready(gate)["rules"]["serial"] for gate in (one, other)] == [2, 2]
    assert [bool(ready(gate)["rules"]["held"]) for gate in (one, other)] == [False, True]

    other.stop()
    other = start("other")
    assert blocks(other)
    assert "number 2, which runs" in ready(other)["rules"]["held"]
    assert any(record.get("event") == "policy-held" for record in other.records())

    (tmp_path / "other" / "policy.yaml").write_text(json.dumps(SHUT))
    assert wait_for(lambda: not ready(other)["rules"]["held"])
    assert ready(one)["rules"]["serial"] == 2


def command(folder: Path, *arguments: str) -> str:
    """What a command about the rules says that is run on the files in this folder."""
    return output_of(folder / "mailgate.yaml", "policy", *arguments)


def test_a_change_beyond_the_guard_is_held_started_and_rolled_back_everywhere(
    start: Callable[[str], Gate], url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    write_config(folder, "http://127.0.0.1:9", {"store": url, "guard": {"max_newly_blocked": 0}}, OPEN)
    one, other = start("one"), start("other")
    assert not blocks(one)  # and is counted in the plan
    assert wait_for(one.has_written)

    (folder / "policy.yaml").write_text(json.dumps(SHUT))
    assert wait_for(lambda: "more than 0 needs approval" in ready(one)["rules"]["held"])
    assert not blocks(one)
    digest = ready(one)["rules"]["held"].partition("(plan ")[2].partition(")")[0]

    command(folder, "apply", digest, "--note", "agreed", "--override")
    assert wait_for(lambda: blocks(one) and blocks(other))
    assert not ready(one)["rules"]["held"]

    command(tmp_path / "other", "retract", "--note", "sent in error")
    assert wait_for(lambda: not blocks(one) and not blocks(other))
    assert "number 1, which runs" in ready(one)["rules"]["held"]
    for gate in (one, other):
        assert (ready(gate)["rules"]["number"], ready(gate)["rules"]["serial"]) == (1, 3)
    assert not ready(other)["rules"]["held"]

    one.stop()
    one = start("one")  # its files are still those that were taken back
    assert not blocks(one)
    assert "number 1, which runs" in ready(one)["rules"]["held"]
    assert ready(one)["rules"]["serial"] == 3
