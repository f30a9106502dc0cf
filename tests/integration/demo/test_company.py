"""``mailgate demo --people`` as a process, on both databases, looked at with the commands that its tour names."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.integration.commands import begin
from tests.servers import free_port, require, running

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "proxy")}
MAILGATE = [sys.executable, "-m", "mailgate"]
PEOPLE = 150
SIZE = re.compile(r"([\d,]+) people, ([\d,]+) devices, ([\d,]+) requests")
LISTED, MORE = {"tiktok", "tiktok-lite"}, {"capcut", "deepseek"}


@dataclass(frozen=True)
class Made:
    directory: Path
    tour: str

    def run(self, words: str) -> str:
        """What the command of the tour that begins so prints, as JSON."""
        (line,) = [line for line in self.tour.splitlines() if f"mailgate {words} " in line]
        _, _, command = line.partition(" mailgate ")
        done = begin([*shlex.split(command), "--json"], self.directory, {}).ended()
        done.check_returncode()
        return done.stdout


def demo(store: str) -> list[str]:
    arguments = ["demo", "--rules", str(ROOT / "config"), "--port", str(free_port()), "--people", str(PEOPLE)]
    return [*arguments, "--directory", "here", *(["--store", store] if store else [])]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    require("curl")
    store = ""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres")
        with psycopg.connect(address.format("postgres"), autocommit=True) as server:
            server.execute("CREATE DATABASE company")
        store = address.format("company")
    directory = tmp_path_factory.mktemp("company")
    log = directory / "demo.log"
    command = [*MAILGATE, *demo(store)]
    with running(
        command,
        ready=lambda: "Ctrl-C ends" in log.read_text(),
        log=log,
        environment=ENVIRONMENT,
        directory=directory,
    ):
        yield Made(directory, log.read_text())


@pytest.fixture(scope="module")
def devices(made: Made) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(made.run("devices list"))
    return found


def test_there_are_as_many_devices_as_it_says_of_every_kind_and_state(
    made: Made, devices: list[dict[str, Any]]
) -> None:
    found = SIZE.search(made.tour)
    assert found
    assert [int(each.replace(",", "")) for each in found.groups()[:2]] == [PEOPLE, len(devices)]
    assert {each["kind"] for each in devices} == {"laptop", "phone", "tablet"}
    assert {"clean", "listed", "partial", "stale", "missing"} <= {each["state"] for each in devices}


def test_the_plan_counts_whom_a_recount_finds(made: Made, devices: list[dict[str, Any]]) -> None:
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
    assert (verified.returncode, verified.stdout.partition(":")[0]) == (0, "whole")
    assert "Sent in error" in made.run("policy history")


def test_a_second_demo_in_the_folder_is_refused(made: Made) -> None:
    again = begin(demo(""), made.directory, {}).ended()
    assert again.returncode == 1
    assert "a demo runs in here already" in again.stderr
