"""What a gate tells of its requests: in an access log, and from which level on in the others."""

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest
from tests.integration.conftest import IPHONE, LAPTOP, Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for

QUERY = "/inbox/42?_token=secret-token"


async def visit(client: aiohttp.ClientSession, guarded: Guarded) -> None:
    """A laptop that is let in, a phone that is not, and a page of the gate's own."""
    for agent, path, expected in ((LAPTOP, QUERY, 200), (IPHONE, QUERY, 403), (LAPTOP, "/.mailgate/healthz", 200)):  # fmt: skip
        async with client.get(guarded.url + path, headers={"User-Agent": agent, "Cookie": "s=secret-cookie"}) as answer:  # fmt: skip
            assert answer.status == expected


def told(guarded: Guarded, event: str) -> list[dict[str, Any]]:
    return [each for each in guarded.gate.records() if each.get("event") == event]


def change(guarded: Guarded, **settings: Any) -> None:
    """Reload the gate by other settings."""
    config = guarded.directory / "mailgate.yaml"
    before = applied(guarded)
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))
    assert wait_for(lambda: applied(guarded) > before)


async def written_in(path: Path, count: int) -> list[dict[str, Any]]:
    """The lines of a file, which is written after the request: once there are so many, or after a while."""
    lines = lambda: path.read_text().splitlines() if path.exists() else []  # noqa: E731
    await asyncio.to_thread(wait_for, lambda: len(lines()) >= count)
    return [json.loads(line) for line in lines()]


def applied(guarded: Guarded) -> float:
    """How many settings were applied: a metric, since not every level of the log tells it."""
    with urlopen(f"{guarded.admin}/metrics") as answer:
        found = re.findall(
            r'^mailgate_config_reloads_total{result="applied"} (\S+)$', answer.read().decode(), re.MULTILINE
        )
    return sum(map(float, found))


async def test_each_request_has_one_line_that_tells_nothing_of_who_asked(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(PHONE_RULES, log={"access": {}})
    await visit(client, guarded)
    await visit(client, guarded)
    lines = await asyncio.to_thread(wait_for, lambda: (found := told(guarded, "request"))[5:] and found)
    assert [(line["status"], line["effect"], line["rule"]) for line in lines] == 2 * [
        (200, "allow", "laptop-browser"), (403, "block", "unproven-handheld"), (200, None, None),
    ]  # fmt: skip
    assert [line["upstream_seconds"] is not None for line in lines] == 2 * [True, False, False]
    assert all(line["reference"] for line in lines if line["effect"] == "block")
    text = json.dumps(lines)
    assert [word for word in ("inbox", "secret", "127.0.0.1", "Firefox") if word in text] == []


async def test_an_access_log_needs_the_setting_which_a_reload_reads(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    guarded = guard(PHONE_RULES)
    await visit(client, guarded)
    access = {"file": "access.log", "include": ["path", "address"]}
    await asyncio.to_thread(change, guarded, log={"access": access})
    await visit(client, guarded)
    await asyncio.to_thread(change, guarded, log={})
    await visit(client, guarded)
    lines = await written_in(tmp_path / "access.log", 3)
    assert [(line["path"], line["address"]) for line in lines] == [
        ("/inbox/42", "127.0.0.1"), ("/inbox/42", "127.0.0.1"), ("/.mailgate/healthz", "127.0.0.1"),
    ]  # fmt: skip
    assert told(guarded, "request") == []


async def test_a_file_that_cannot_be_written_is_refused_at_a_reload(guard: Guard, tmp_path: Path) -> None:
    guarded = guard(PHONE_RULES)
    config = tmp_path / "mailgate.yaml"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"log": {"access": {"file": "."}}}))
    rejected = await asyncio.to_thread(wait_for, lambda: told(guarded, "config-rejected"))
    assert "log.access.file" in str(rejected) or "is no file" in str(rejected)


async def test_the_level_of_the_log_is_changed_by_a_reload(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(PHONE_RULES)
    await visit(client, guarded)
    assert [line["effect"] for line in told(guarded, "decided")] == ["block"]
    await asyncio.to_thread(change, guarded, log={"level": "debug"})
    await visit(client, guarded)
    assert [line["effect"] for line in told(guarded, "decided")] == ["block", "allow", "block"]
    await asyncio.to_thread(change, guarded, log={"level": "error"})
    await visit(client, guarded)
    assert len(told(guarded, "decided")) == 3


@pytest.fixture
def siem(tmp_path: Path) -> Iterator[tuple[str, Callable[[], list[dict[str, Any]]]]]:
    """A syslog server at a Unix socket, and the events that it got."""
    with TemporaryDirectory(prefix="mailgate-") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taking:  # fmt: skip
        taking.bind(f"{folder}/log")
        taking.setblocking(False)
        got: list[dict[str, Any]] = []

        def events() -> list[dict[str, Any]]:
            with suppress(BlockingIOError):
                while message := taking.recv(65536).decode():
                    assert message.startswith("<85>mailgate: {")
                    got.append(json.loads(message.partition(": ")[2]))
            return got

        yield f"unix:{folder}/log", events


async def test_a_siem_gets_refusals_and_acts_and_loses_none_while_it_is_away(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path, siem: Any
) -> None:
    where, events = siem
    guarded = guard(PHONE_RULES, events={"syslog": where, "file": "events.jsonl"})
    await visit(client, guarded)
    policy = tmp_path / "policy.yaml"
    rules = json.loads(policy.read_text())
    policy.write_text(json.dumps(rules | {"rules": rules["rules"][:1]}))
    seen = lambda what: [each for each in events() if each["unmapped"].get("what") == what]  # noqa: E731
    assert await asyncio.to_thread(wait_for, lambda: seen("policy-activated"))
    (act,) = seen("policy-activated")
    assert (act["class_uid"], act["activity_id"], act["severity_id"]) == (3004, 10, 1)
    (refusal,) = [each for each in events() if each["class_uid"] == 4002]
    assert (refusal["policy"], refusal["http_response"]) == ({"name": "unproven-handheld"}, {"code": 403})
    reference = told(guarded, "decided")[0]["reference"]
    assert refusal["metadata"]["correlation_uid"] == reference
    await written_in(tmp_path / "events.jsonl", len(events()))
    written = lambda: map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())  # noqa: E731
    same = lambda: sorted(written(), key=str) == sorted(events(), key=str)  # noqa: E731
    assert await asyncio.to_thread(wait_for, same), events()

    path = where.removeprefix("unix:")
    Path(path).rename(f"{path}-away")
    await visit(client, guarded)
    assert await asyncio.to_thread(wait_for, lambda: told(guarded, "lines-not-written"))
    Path(f"{path}-away").rename(path)
    refusals = lambda: sum(each["class_uid"] == 4002 for each in events())  # noqa: E731
    assert await asyncio.to_thread(wait_for, lambda: refusals() == 2)
    assert b"inbox" not in (tmp_path / "events.jsonl").read_bytes()
