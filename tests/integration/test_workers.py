"""Several workers under one supervisor: the real thing, with real signals."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.commands import run
from tests.integration.conftest import IPHONE, LAPTOP, Guard
from tests.integration.gate import EVERYONE, PHONE_RULES, Gate, start_gate, wait_for, write_config
from tests.servers import PATIENCE, descendants, patiently, require_or_skip

COUNT = 2
EAS_ID = "ApplC39X8FAKEID"
Start = Callable[..., Gate]


@pytest.fixture
def start(webmail: TestServer, tmp_path: Path) -> Iterator[Start]:
    """Start a gate of several workers; it has to leave with exit code 0, and nobody stays behind."""
    gates: list[Gate] = []

    def started(policy: dict[str, Any] = EVERYONE, upstream: str = "", **settings: Any) -> Gate:
        known = {"workers": COUNT} | settings
        gates.append(start_gate(write_config(tmp_path, upstream or str(webmail.make_url("")), known, policy)))
        assert wait_for(
            lambda: len(workers(gates[-1])) == COUNT and len(serving(gates[-1])) >= COUNT, PATIENCE
        )
        return gates[-1]

    yield started
    for gate in gates:
        left = workers(gate)
        if gate.process.poll() is None:
            assert gate.stop() == 0, "\n".join(gate.log[-20:])
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


def workers(gate: Gate) -> list[int]:
    return descendants(gate.process.pid)


def serving(gate: Gate) -> list[dict[str, Any]]:
    return [each for each in gate.records() if each.get("event") == "listening"]


def url(gate: Gate, path: str = "/") -> str:
    return "http://{}:{}{}".format(*gate.public, path)


async def told(client: aiohttp.ClientSession, gate: Gate, path: str) -> Any:
    async with client.get("http://{}:{}{}".format(*gate.admin, path)) as answer:
        return await (answer.json() if path == "/readyz" else answer.text())


async def told_by_all(client: aiohttp.ClientSession, gate: Gate, path: str) -> Any:
    """What is told once every worker has its part in it: on a busy machine one may miss the two seconds that it has for its answer."""
    for _ in patiently():
        answer = await told(client, gate, path)
        if path == "/readyz":
            answering = answer["workers"]["answering"] == COUNT
        else:
            answering = f'mailgate_workers_answering{{worker="0"}} {COUNT:.1f}' in answer
        if answering:
            return answer
        await asyncio.sleep(0.05)
    pytest.fail(f"not all workers answer: {answer}")


@asynccontextmanager
async def load(gate: Gate, at_once: int = 4) -> AsyncIterator[list[int]]:
    """Ask again and again, each time on a new connection. The status of every answer; what fails raises at the end."""
    statuses: list[int] = []
    going = True

    async def ask() -> None:
        while going:
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
                session.get(url(gate)) as answer,
            ):
                assert await answer.read()
                statuses.append(answer.status)
            await asyncio.sleep(0.02)

    asking = [asyncio.create_task(ask()) for _ in range(at_once)]
    try:
        yield statuses
    finally:
        going = False
        await asyncio.gather(*asking)


async def replace_workers(gate: Gate) -> None:
    """SIGUSR2, until all are others."""
    before = set(workers(gate))
    gate.process.send_signal(signal.SIGUSR2)
    replaced = lambda: len(workers(gate)) == COUNT and before.isdisjoint(workers(gate))  # noqa: E731
    assert await asyncio.to_thread(wait_for, replaced, PATIENCE)


async def decided(client: aiohttp.ClientSession, gate: Gate) -> dict[str, float]:
    """How much each worker has decided; one that has decided nothing is not there."""
    text = await told_by_all(client, gate, "/metrics")
    lines = re.findall(r'^mailgate_decisions_total\{.*worker="(\d+)"\} (\S+)$', text, re.MULTILINE)
    return {worker: float(count) for worker, count in lines}


async def test_every_worker_serves_and_one_scrape_has_the_numbers_of_all(
    start: Start, client: aiohttp.ClientSession
) -> None:
    gate = start()
    async with load(gate) as statuses:
        while len(await decided(client, gate)) < COUNT and len(statuses) < 5000:
            await asyncio.sleep(0.05)
    asked = len(statuses)
    counted = await decided(client, gate)
    assert sorted(counted) == [str(number) for number in range(COUNT)]
    assert sum(counted.values()) == asked
    state = await told_by_all(client, gate, "/readyz")
    assert state["workers"] == {"wanted": COUNT, "answering": COUNT, "missing": []}


async def test_every_process_tells_its_use_in_valid_metrics(
    start: Start, client: aiohttp.ClientSession
) -> None:
    gate = start()
    text = await told_by_all(client, gate, "/metrics")
    held = re.findall(r'^process_resident_memory_bytes\{worker="(\d)"\} (\S+)$', text, re.MULTILINE)
    assert [worker for worker, _ in held] == [str(number) for number in range(COUNT)]
    assert all(float(size) > 2**20 for _, size in held)
    require_or_skip("promtool")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)  # fmt: skip
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


async def test_no_connection_is_lost_while_workers_are_replaced(
    start: Start, client: aiohttp.ClientSession
) -> None:
    gate = start()
    async with load(gate) as statuses:
        await replace_workers(gate)
    assert statuses
    assert set(statuses) == {200}
    assert await told_by_all(client, gate, "/readyz")


async def test_no_request_on_a_kept_connection_is_lost_while_workers_are_replaced(start: Start) -> None:
    """Each is answered; the last one of a connection says that it was the last."""
    gate = start()
    going, ends = True, 0

    async def ask_on_and_on() -> None:
        nonlocal ends
        while going:
            reader, writer = await asyncio.open_connection(*gate.public)
            last = False
            while going and not last:
                writer.write(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")  # raises where the connection ends instead
                length = re.search(rb"Content-Length: (\d+)", head)
                assert length
                assert await reader.readexactly(int(length[1]))
                last = b"Connection: close" in head
                await asyncio.sleep(0.02)
            ends += last
            writer.close()

    asking = [asyncio.create_task(ask_on_and_on()) for _ in range(8)]
    for _ in range(2):
        await replace_workers(gate)
    going = False
    await asyncio.gather(*asking)
    assert ends


async def test_a_worker_that_dies_is_started_again_while_the_others_go_on(
    start: Start, client: aiohttp.ClientSession
) -> None:
    """Each time after twice as long, so that one that cannot live does not take all the processor time."""
    gate = start()
    victim = workers(gate)[-1]
    for times in (1, 2, 3):
        others = set(workers(gate)) - {victim}
        os.kill(victim, signal.SIGKILL)
        answers = []
        for _ in range(20):
            async with client.get(url(gate)) as answer:
                answers.append(answer.status)
        assert answers == [200] * 20
        assert await asyncio.to_thread(wait_for, lambda: len(serving(gate)) == COUNT + times, PATIENCE)  # noqa: B023
        (victim,) = set(workers(gate)) - others
    died = [each for each in gate.records() if each.get("event") == "worker-died"]
    assert [each["code"] for each in died] == [-signal.SIGKILL] * 3
    assert [each["starts_in"] for each in died] == [0.25, 0.5, 1.0]


async def test_signals_for_the_whole_service_leave_all_workers_serving(
    start: Start, client: aiohttp.ClientSession
) -> None:
    """As ``systemctl kill -s USR2`` sends them: to the supervisor and to every worker, whatever these are doing."""
    gate = start()
    for _ in range(2):
        before = set(workers(gate))
        for pid in (gate.process.pid, *before):
            os.kill(pid, signal.SIGUSR2)
        await others_serve(client, gate, before)


async def test_deaths_in_the_middle_of_a_replacement_leave_all_workers_serving(
    start: Start, client: aiohttp.ClientSession
) -> None:
    gate = start()
    before = set(workers(gate))
    gate.process.send_signal(signal.SIGUSR2)
    assert await asyncio.to_thread(wait_for, lambda: set(workers(gate)) - before, PATIENCE)
    for pid in workers(gate):  # the old ones, and the first of the new ones while it starts
        os.kill(pid, signal.SIGKILL)
    await others_serve(client, gate, before)


async def test_a_restarted_worker_keeps_the_rules_while_a_case_fails(
    start: Start, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    gate = start()
    case = {"name": "a laptop gets in", "request": {"user_agent": LAPTOP}, "expect": {"effect": "allow"}}
    (tmp_path / "policy.tests.yaml").write_text(json.dumps({"tests": [case]}))
    (tmp_path / "policy.yaml").write_text(
        json.dumps({"rules": [{"id": "shut", "when": "true", "effect": "block"}]})
    )
    before = set(workers(gate))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await others_serve(client, gate, before)
    assert await statuses_of(url(gate), {"User-Agent": LAPTOP}) == {200}
    state = await told(client, gate, "/readyz")
    assert "the case `a laptop gets in` fails" in state["rules"]["held"]
    assert state["config"]["state"] == "rejected"


async def test_a_worker_that_is_missing_is_named_and_counted(
    start: Start, client: aiohttp.ClientSession
) -> None:
    gate = start()
    (stopped,) = {each for each in workers(gate) if not has_admin(gate, each)}
    os.kill(stopped, signal.SIGSTOP)
    assert (await told(client, gate, "/readyz"))["workers"] == {"wanted": 2, "answering": 1, "missing": [1]}
    assert 'mailgate_workers_answering{worker="0"} 1.0' in await told(client, gate, "/metrics")
    os.kill(stopped, signal.SIGCONT)
    await others_serve(client, gate, set())
    assert await told_by_all(client, gate, "/metrics")


def has_admin(gate: Gate, pid: int) -> bool:
    """Whether this worker is the first one: the others listen at a Unix socket for its questions."""
    inodes = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    listening = Path("/proc/net/unix").read_text().splitlines()
    told_at = {f"socket:[{line.split()[6]}]" for line in listening if "worker-1.sock" in line}
    return gate.admin[1] != 0 and not inodes & told_at


async def others_serve(client: aiohttp.ClientSession, gate: Gate, before: set[int]) -> None:
    """Until all workers serve, and none of those before."""
    for _ in patiently():
        if len(workers(gate)) == COUNT and before.isdisjoint(workers(gate)):
            with suppress(aiohttp.ClientError):
                if (await told(client, gate, "/readyz"))["workers"]["answering"] == COUNT:
                    return
        await asyncio.sleep(0.05)
    pytest.fail(f"not all workers serve: {gate.records()[-10:]}")


async def test_changed_files_count_at_every_worker(start: Start, tmp_path: Path) -> None:
    gate = start()
    (tmp_path / "policy.yaml").write_text(json.dumps(PHONE_RULES))
    for _ in patiently():
        if await statuses_of(url(gate), {"User-Agent": IPHONE}) == {403}:
            return
        await asyncio.sleep(0.1)
    pytest.fail("some workers still decide by the old rules")


@pytest.mark.parametrize("at", ["port", "file"])
async def test_the_socket_for_questions_belongs_to_all_workers_and_outlives_each(
    start: Start, tmp_path: Path, socket_file: Path, at: str
) -> None:
    listener = {"listen": "127.0.0.1:0" if at == "port" else f"unix:{socket_file}", "dialect": "envoy"}
    gate = start(PHONE_RULES, trusted_proxies=["127.0.0.1/32"], authz_listeners=[listener])
    (asked_at,) = {each["questions"][0] for each in serving(gate)}
    ask = statuses_of if at == "port" else partial(statuses_of, file=socket_file)
    if at == "file":
        assert asked_at == f"unix:{socket_file}"
        asked_at = "http://mail.example.com"
    told = {"X-Original-For": "192.0.2.9", "X-Forwarded-Proto": "https", "Host": "mail.example.com"}

    async def yes_no_and_no_mail() -> list[set[int]]:
        question = f"{asked_at}/.mailgate/authz/inbox"
        return [
            await ask(question, told | {"User-Agent": LAPTOP}),
            await ask(question, told | {"User-Agent": IPHONE}),
            await ask(f"{asked_at}/inbox", {"User-Agent": LAPTOP}),
        ]

    assert await yes_no_and_no_mail() == [{200}, {403}, {404}]
    settings = json.loads((tmp_path / "mailgate.yaml").read_text())
    settings["authz_listeners"].append({"listen": "127.0.0.1:1", "dialect": "nginx"})  # for the next start
    (tmp_path / "mailgate.yaml").write_text(json.dumps(settings))
    await replace_workers(gate)
    assert await yes_no_and_no_mail() == [{200}, {403}, {404}]


async def test_a_report_to_one_worker_counts_at_all(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard(PHONE_RULES, workers=COUNT)
    sync = f"{guarded.url}/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=alice&DeviceId={EAS_ID}&DeviceType=iPhone"
    ask = partial(statuses_of, sync, {"Authorization": "Basic YWxpY2U6c2VjcmV0"})
    assert await ask() == {403}
    async with client.get(guarded.url + "/", headers=guarded.report(eas_ids=(EAS_ID,))) as answer:
        assert answer.status == 200
    for _ in patiently():
        if await ask() == {200}:
            return
        await asyncio.sleep(0.1)
    pytest.fail("some workers still know nothing of the device")


async def statuses_of(url: str, headers: dict[str, str], file: Path | None = None) -> set[int]:
    """What new connections get, there or at a Unix socket: each may be another worker's."""
    found = set()
    for _ in range(20):
        way = aiohttp.UnixConnector(str(file)) if file else aiohttp.TCPConnector()
        async with (
            aiohttp.ClientSession(connector=way) as session,
            session.request("POST" if "ActiveSync" in url else "GET", url, headers=headers) as answer,
        ):
            found.add(answer.status)
    return found


async def test_running_requests_finish_when_all_workers_end(start: Start, tmp_path: Path) -> None:
    asked, finish = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await finish.wait()
        return web.Response(text="late mail")

    app = web.Application()
    app.router.add_get("/", slow)
    async with TestServer(app) as webmail, aiohttp.ClientSession() as session:
        gate = start(upstream=str(webmail.make_url("")), timeouts={"shutdown": "20s"})
        asking = asyncio.create_task(session.get(url(gate)))
        await asked.wait()
        gate.terminate()
        assert await asyncio.to_thread(wait_for, lambda: not takes_connections(gate), PATIENCE)
        finish.set()
        async with await asking as answer:
            assert await answer.text() == "late mail"
    assert await asyncio.to_thread(gate.process.wait, PATIENCE) == 0


def takes_connections(gate: Gate) -> bool:
    try:
        socket.create_connection(gate.public, timeout=PATIENCE).close()
    except OSError:
        return False
    return True


async def test_workers_end_when_their_supervisor_is_killed(start: Start) -> None:
    gate = start()
    left = workers(gate)
    gate.process.kill()
    await asyncio.to_thread(gate.process.wait, PATIENCE)
    gone = lambda: not [pid for pid in left if Path(f"/proc/{pid}").exists()]  # noqa: E731
    assert await asyncio.to_thread(wait_for, gone, PATIENCE)


def refused_start(config: Path) -> str:
    """What a start says that fails; the exit code is 1."""
    done = run(config, "run")
    assert done.returncode == 1
    return done.stderr


def test_a_port_that_is_taken_is_said_and_nothing_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refused_start(write_config(tmp_path, "http://127.0.0.1:9", {"workers": 2, "listen": listen}))
    assert said.count("mailgate: not started") == 1
    assert "in use" in said


def test_an_error_of_all_workers_is_said_once(tmp_path: Path) -> None:
    settings = {"workers": 2, "store": f"sqlite:///{tmp_path}/mailgate.db"}
    (tmp_path / "mailgate.db").write_text("a file that is no database, which only who opens it finds out")
    said = refused_start(write_config(tmp_path, "http://127.0.0.1:9", settings))
    assert said.count("mailgate: not started") == 1
