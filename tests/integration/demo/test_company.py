"""``mailgate demo --people`` as a process, on both databases, looked at with the commands that its tour names."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.demos import RunningDemo, running_demo
from tests.integration.commands import begin
from tests.servers import require_or_skip

PEOPLE = 150
LISTED, MORE = {"tiktok", "tiktok-lite"}, {"capcut", "deepseek"}


@dataclass(frozen=True)
class Made:
    demo: RunningDemo
    commands: dict[str, str]

    @property
    def directory(self) -> Path:
        return self.demo.directory

    def run(self, words: str) -> str:
        """What the command of the start page that begins so prints, as JSON."""
        (line,) = [line for line in self.commands.values() if f"mailgate {words} " in line]
        _, _, command = line.partition(" mailgate ")
        done = begin([*shlex.split(command), "--json"], self.directory, {}).ended()
        done.check_returncode()
        return done.stdout


def options(store: str) -> list[str]:
    return ["--people", str(PEOPLE), "--directory", "here", *(["--store", store] if store else [])]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    require_or_skip("curl")
    store = ""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres")
        with psycopg.connect(address.format("postgres"), autocommit=True) as server:
            server.execute("CREATE DATABASE company")
        store = address.format("company")
    with running_demo(tmp_path_factory.mktemp("company"), *options(store)) as demo:
        yield Made(demo, demo.commands())


@pytest.fixture(scope="module")
def devices(made: Made) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(made.run("devices list"))
    return found


def test_the_counts_of_devices_by_kind_and_state_are_right(made: Made, devices: list[dict[str, Any]]) -> None:
    of_personas = [each for each in devices if each["owner"].startswith("demo.")]
    assert of_personas == []  # nobody has played one yet
    assert len({each["owner"] for each in devices}) <= PEOPLE < len(devices)
    assert {each["kind"] for each in devices} == {"laptop", "phone", "tablet"}
    assert {"clean", "listed", "partial", "stale", "missing"} <= {each["state"] for each in devices}


def test_a_recount_confirms_the_plan(made: Made, devices: list[dict[str, Any]]) -> None:
    plan = json.loads(made.run("policy plan"))
    moved = [
        each
        for each in devices
        if each["kind"] in ("phone", "tablet")
        and each["state"] in ("clean", "listed")
        and not each["lost_at"]
        and MORE & set(each["apps"])
        and not LISTED & set(each["apps"])
    ]
    assert plan["cases"]["failed"] == []
    assert plan["totals"]["devices"] == len(devices)
    assert plan["newly"]["block"]["devices"] == len(moved) > 0
    assert plan["newly"]["block"]["people"] == len({each["owner"] for each in moved})


def test_the_log_of_its_history_is_whole(made: Made) -> None:
    verified = begin(["audit", "verify", "--config", "here/mailgate.yaml"], made.directory, {}).ended()
    assert (verified.returncode, verified.stdout.partition(":")[0]) == (0, "intact")
    assert "Sent in error" in made.run("policy history")


def test_a_second_demo_in_the_folder_is_refused(made: Made) -> None:
    again = begin(["demo", *options("")], made.directory, {}).ended()
    assert again.returncode == 1
    assert "a demo runs in here already" in again.stderr
