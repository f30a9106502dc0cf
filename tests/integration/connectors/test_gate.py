"""Connectors of a gate that runs: what they bring decides, what is not listed is found nowhere."""

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import aiohttp
import pytest
from tests.exchanges import MARKER
from tests.integration.connectors.api import api, serving
from tests.integration.connectors.cases import CASES
from tests.integration.gate import PHONE_RULES, start_gate, write_config
from tests.servers import PATIENCE, free_port, patiently
from tests.stored_bytes import stored_bytes

PHONE = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId={}&DeviceType=iPhone"
KEY = "hunter2-of-the-inventory"


def line(name, apps, **more):
    return json.dumps(
        {"id": name, "apps": [*apps, MARKER], "reported_at": now(), "apps_complete": True, **more}
    )


def now():
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def sources(tmp_path):
    """Settings of every connector there is, each source answering in the shapes of its documentation."""
    async with AsyncExitStack() as stack:
        connectors = {}
        for name, case in CASES.items():
            origin, _ = await stack.enter_async_context(api(name))
            secrets = {}
            for key, secret in case.secrets.items():
                (tmp_path / f"{name}-{key}").write_text(secret)
                secrets[key] = {"file": f"{name}-{key}"}
            connectors[name] = case.values(origin) | secrets
        (tmp_path / "key").write_text(KEY)
        (tmp_path / "hr.jsonl").write_text(line("hr-1", ["TikTok"], eas_ids=["HRPHONE1"]) + "\n")
        connectors["hr"] = {"type": "file", "path": "hr.jsonl", "every": "5s"}
        connectors["push"] = {"type": "post", "api_key": {"file": "key"}}
        yield connectors


@pytest.fixture
async def run(tmp_path):
    """Start a gate with these connectors before a webmail that says yes to everything."""
    gates = []

    async def webmail(_request):
        return aiohttp.web.Response(text="mail")

    async with serving(webmail) as origin:

        def started(connectors, policy=PHONE_RULES, **settings):
            path = write_config(tmp_path, origin, {"connectors": connectors, **settings}, policy)
            gates.append(start_gate(path))
            return gates[-1]

        yield started
        for gate in gates:
            if gate.process.poll() is None:
                assert gate.stop() == 0, "\n".join(gate.log[-20:])


class Asking:
    """Asks a gate over both of its ports."""

    def __init__(self, gate, session):
        self.gate, self.session = gate, session

    def admin(self, path):
        return f"http://{self.gate.admin[0]}:{self.gate.admin[1]}{path}"

    async def ready(self):
        async with self.session.get(self.admin("/readyz")) as answer:
            return (await answer.json())["connectors"]

    async def metrics(self):
        async with self.session.get(self.admin("/metrics")) as answer:
            return await answer.text()

    async def post(self, body, key=KEY, name="push"):
        headers = {"X-API-Key": key}
        async with self.session.post(
            self.admin(f"/api/devices/{name}"), data=body, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def sync(self, eas_id):
        """The status of a mail app's request; one that is refused gets 403 as its protocol is 12.1."""
        url = f"http://{self.gate.public[0]}:{self.gate.public[1]}{PHONE.format(eas_id)}"
        headers = {"MS-ASProtocolVersion": "12.1", "Authorization": "Basic YWRhOng="}
        async with self.session.post(url, headers=headers) as answer:
            return answer.status


async def until(found):
    """Ask until the answer is truthy."""
    for _ in patiently():
        if answer := await found():
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come to that")


async def test_reports_of_connectors_decide_and_nothing_else_is_kept(sources, run, tmp_path):
    gate = run(sources)
    async with aiohttp.ClientSession() as session:
        asking = Asking(gate, session)

        async def all_ran():
            states = await asking.ready()
            return states if all(states[name]["last_success"] for name in [*CASES, "hr"]) else None

        states = await until(all_ran)
        assert {name for name, each in states.items() if each["state"] == "ok"} == {*CASES, "hr"}
        assert states["push"]["state"] == "new"

        assert await asking.sync("9LS7K2G83D1KVEXAMPLE01") == 403, "Jamf and Intune say: TikTok"
        assert await asking.sync("HRPHONE1") == 403, "the file says: TikTok"
        assert await asking.sync("PUSHED1") == 403, "nothing is known of it"

        wrong = line("p1", [], eas_ids=["PUSHED1"], kind=MARKER)
        assert await asking.post(line("p2", []) + "\n" + wrong) == (
            422,
            {
                "taken": 0,
                "count": 1,
                "mistakes": [
                    {
                        "line": 2,
                        "field": "kind",
                        "message": f"`{MARKER}` is not known here; use one of `laptop`, `phone`, `tablet`, "
                        "`mail_app`, `tool`, `bot`, `other`, `unknown`",
                    }
                ],
            },
        )
        assert (await asking.post(line("p1", []), key="hunter3"))[0] == 401
        assert await asking.post(line("p1", [], eas_ids=["PUSHED1"])) == (200, {"taken": 1})

        async def let_in():
            return await asking.sync("PUSHED1") == 200

        await until(let_in)

        async def told():
            return (await asking.ready())["push"]["state"] == "ok"

        await until(told)
        (tmp_path / "hr.jsonl").write_text(line("hr-1", [], eas_ids=["HRPHONE1"]) + "\n")

        async def cleaned():
            return await asking.sync("HRPHONE1") == 200

        await until(cleaned)
        metrics = await asking.metrics()
    assert 'mailgate_connector_runs_total{connector="jamf",result="ok"} 1.0' in metrics
    assert 'mailgate_connector_throttled_total{connector="intune"} 1.0' in metrics
    assert gate.stop() == 0
    kept = stored_bytes(tmp_path)
    for secret in (MARKER, KEY, *(each for case in CASES.values() for each in case.secrets.values())):
        assert secret not in metrics
        assert secret.encode() not in kept
        assert secret not in "\n".join(gate.log)


async def test_a_source_that_fails_makes_postures_unavailable_never_clean(run, tmp_path):
    connector = {"type": "file", "path": "hr.jsonl", "every": "5s"}
    gate = run({"hr": connector}, posture={"max_age": "12s", "last_known_for": "1s"})
    async with aiohttp.ClientSession() as session:
        asking = Asking(gate, session)

        async def judged():
            """The posture by which a mail app was judged just now."""
            await asking.sync("HRPHONE1")
            return [each["posture"] for each in gate.records() if each.get("event") == "decided"][-1:]

        async def is_clean():
            # looked at now, since what is read late may be too old by then
            (tmp_path / "new").write_text(line("hr-1", [], eas_ids=["HRPHONE1"]) + "\n")
            (tmp_path / "new").rename(tmp_path / "hr.jsonl")
            return await asking.sync("HRPHONE1") == 200

        async def is_unavailable():
            return await judged() == ["unavailable"]

        await until(is_clean)
        (tmp_path / "hr.jsonl").write_text("this is no inventory")
        await until(is_unavailable)
        assert await asking.sync("HRPHONE1") == 403
        assert (await asking.ready())["hr"]["state"] == "unavailable"
        await until(is_clean)


async def test_one_of_two_gates_on_one_store_runs_each_connector(sources, run, tmp_path):
    jamf = {"jamf": sources["jamf"]}
    gates = [run(jamf, listen=f"127.0.0.1:{free_port()}") for _ in range(2)]
    async with aiohttp.ClientSession() as session:
        for gate in gates:

            async def ran(gate=gate):
                return (await Asking(gate, session).ready())["jamf"]["last_success"]

            await until(ran)
        runs = [await Asking(gate, session).metrics() for gate in gates]
    assert (
        sum('mailgate_connector_runs_total{connector="jamf",result="ok"} 1.0' in each for each in runs) == 1
    )


async def test_a_gate_that_is_told_to_stop_finishes_its_batch(run, tmp_path):
    """A source that names a hundred devices and then does not go on."""
    asked = asyncio.Event()

    async def slow(request):
        if request.path.endswith("token"):
            return aiohttp.web.json_response({"access_token": "t", "expires_in": 300})
        if request.query["page"] == "0":
            results = [{"mobileDeviceId": str(number), "deviceType": "iOS"} for number in range(100)]
            return aiohttp.web.json_response({"totalCount": 200, "results": results})
        asked.set()
        return await asyncio.Future()

    (tmp_path / "key").write_text("s")
    async with serving(slow) as origin:
        settings = {"type": "jamf", "base_url": origin, "client_id": "x", "client_secret": {"file": "key"}}
        gate = run({"jamf": settings})
        await asyncio.wait_for(asked.wait(), PATIENCE)
        assert gate.stop() == 0
    with sqlite3.connect(tmp_path / "mailgate.db") as store:
        assert store.execute("SELECT count(*) FROM devices").fetchone() == (100,)
        assert store.execute("SELECT count(*) FROM leases").fetchone() == (0,)
