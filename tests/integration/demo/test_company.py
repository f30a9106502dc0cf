"""``mailgate demo --people`` as a process, on both databases, looked at with the commands that its tour names, and its console."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import psycopg
import pytest
from tests.demos import RunningDemo, running_demo
from tests.integration.commands import begin
from tests.servers import PATIENCE, require_or_skip

PEOPLE = 150
LISTED, MORE = {"tiktok", "tiktok-lite"}, {"capcut", "deepseek"}
NEAR = timedelta(days=300)
"""Nothing in the demo is further from today than this; the longest term in it is the 90 days for which a device is kept."""
_A_KIND = 3
"""How many pages of one kind are opened: they differ in what they are about."""
_DAY = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b")
_BAD_PLURAL = re.compile(
    r"\b1 (?:days|hours|minutes|people|devices|requests|phones|laptops|tablets)\b.{0,20}"
)


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


def asked(port: int, method: str, path: str, **headers: str) -> tuple[HTTPResponse, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as there:
        there.request(method, path, headers={"Host": f"localhost:{port}"} | headers)
        answer = there.getresponse()
        return answer, answer.read().decode()


def pages(demo: RunningDemo) -> Iterator[tuple[str, str]]:
    """The address and the text of the console's pages that a link leads to, a few of each kind."""
    answer, _ = asked(demo.start_port, "POST", "/console/grace", **{"Sec-Fetch-Site": "same-origin"})
    cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
    found, kinds = ["/console/"], Counter[object]()
    for address in found:
        answer, page = asked(demo.admin_port, "GET", address, Cookie=cookie)
        if answer.status == 200 and answer.headers.get_content_type() == "text/html":
            yield address, page
            for link in re.findall(r'href="([^"]+)"', page):
                there = urljoin(address, unescape(link).partition("#")[0])
                if there not in found and there.startswith("/console/") and kinds[_kind(there)] < _A_KIND:
                    kinds[_kind(there)] += 1
                    found.append(there)


def _kind(address: str) -> object:
    """Pages of one kind differ in the name of what they show, or in the value of one parameter."""
    parts = urlsplit(address)
    names = sorted(parse_qs(parts.query))
    return re.sub(r"/[^/]*\d[^/]*|/\w{4}(-\w{4})+", "/x", parts.path), tuple(names[:1])


@pytest.mark.parametrize("made", ["sqlite"], indirect=True)
def test_no_date_on_any_page_of_the_console_is_far_away(made: Made) -> None:
    """No page of a new demo tells of years ago, or of a read in a year."""
    now, wrong, seen = datetime.now(UTC), [], Counter[str]()
    for address, page in pages(made.demo):
        seen[address.split("?")[0].split("/")[2]] += 1
        told = [datetime.fromisoformat(each) for each in re.findall(r'datetime="([^"]+)"', page)]
        text = re.sub(r"<pre.*?</pre>|<[^>]+>", " ", page, flags=re.DOTALL)
        told += [datetime.fromisoformat(each) for each in _DAY.findall(text)]
        moments = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in told]
        wrong += [(address, each.isoformat()) for each in moments if abs(each - now) > NEAR]
        wrong += [(address, each) for each in _BAD_PLURAL.findall(text)]
    assert wrong == []
    assert {"connectors", "devices", "people", "policy", "notices", "help", "audit", "exemptions"} <= set(
        seen
    ), seen
