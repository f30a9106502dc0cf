"""Two gates on one PostgreSQL behind HAProxy, as ``deploy/haproxy/two-gates.cfg`` sets them up."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import front_proxies
from tests.integration.conftest import LAPTOP, Guarded
from tests.integration.gate import PHONE_RULES, Gate, start_gate, write_config
from tests.integration.test_phone import EAS
from tests.integration.test_retract import WITHOUT_LAPTOPS, kept_out
from tests.integration.test_versions import command
from tests.integration.test_versions import url as url
from tests.servers import PATIENCE, free_port

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files

MAIL_APP = {"User-Agent": "Apple-iPhone15C2/2107.102"}
ASKED = 20

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def pair(webmail: TestServer, tmp_path: Path, url: str) -> Iterator[list[Guarded]]:
    """Both gates; each is reached at the address of HAProxy."""
    keys, port, found = key_files(secrets.token_bytes(32), secrets.token_bytes(32)), free_port(), []
    front = f"http://127.0.0.1:{port}"
    settings = {
        "store": url,
        "public_url": front,
        "trusted_proxies": ["127.0.0.1/32"],
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
    }
    with ExitStack() as stopping:
        for name in ("one", "other"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / JWKS_FILE).write_text(keys[JWKS_FILE])
            gate = start_gate(write_config(folder, str(webmail.make_url("")), settings, PHONE_RULES))
            stopping.callback(lambda gate=gate: gate.process.poll() is None and gate.stop())
            found.append(Guarded(gate, folder, front, keys))
        stopping.enter_context(front_proxies.two_gates([each.gate for each in found], port, tmp_path))
        yield found


def decided(gate: Gate, effect: str, kind: str) -> bool:
    """Whether this gate has decided so."""
    with urlopen("http://{}:{}/metrics".format(*gate.admin)) as response:
        lines = response.read().decode().splitlines()
    labels = (f'effect="{effect}"', f'kind="{kind}"')
    return any(
        each.startswith("mailgate_decisions_total{") and all(label in each for label in labels)
        for each in lines
    )


async def ask(
    client: aiohttp.ClientSession, gate: Guarded, path: str = "/", **headers: str
) -> tuple[int, bool]:
    """The status, and whether it is the webmail's."""
    async with client.request("POST" if path == EAS else "GET", gate.url + path, headers=headers) as response:
        await response.read()
        return response.status, "X-Webmail" in response.headers


async def test_a_laptop_reads_its_mail_through_both(
    client: aiohttp.ClientSession, pair: list[Guarded]
) -> None:
    asked = (ask(client, pair[0], **{"User-Agent": LAPTOP}) for _ in range(ASKED))
    assert set(await asyncio.gather(*asked)) == {(200, True)}
    assert all(decided(each.gate, "allow", "laptop") for each in pair)


async def test_a_report_at_one_gate_counts_at_the_other(
    client: aiohttp.ClientSession, pair: list[Guarded]
) -> None:
    async def mail_app() -> set[int]:
        answers = await asyncio.gather(*(ask(client, pair[0], EAS, **MAIL_APP) for _ in range(ASKED)))
        return {status for status, _ in answers}

    async def until(apps: tuple[str, ...], wanted: set[int]) -> None:
        report = pair[0].report("/inbox", apps=apps, eas_ids=("applc39x8fakeid",))
        await ask(client, pair[0], "/inbox", **report)
        async with asyncio.timeout(PATIENCE):
            while await mail_app() != wanted:
                await asyncio.sleep(0.05)

    assert await mail_app() == {403}
    await until((), {200})
    assert all(decided(each.gate, "allow", "phone") for each in pair)
    await until(("tiktok",), {403})
    assert all(decided(each.gate, "block", "phone") for each in pair)


async def test_the_other_gate_serves_after_one_is_killed(
    client: aiohttp.ClientSession, pair: list[Guarded]
) -> None:
    await asyncio.gather(*(ask(client, pair[0], **{"User-Agent": LAPTOP}) for _ in range(ASKED)))
    pair[0].gate.process.kill()
    for _ in range(ASKED):
        assert await ask(client, pair[0], **{"User-Agent": LAPTOP}) == (200, True)


async def test_rules_are_started_and_rolled_back_at_both(
    client: aiohttp.ClientSession, pair: list[Guarded]
) -> None:
    one, other = pair
    direct = [
        Guarded(each.gate, each.directory, "http://{}:{}".format(*each.gate.public), {}) for each in pair
    ]
    draft = one.directory / "draft.yaml"
    draft.write_text(json.dumps(WITHOUT_LAPTOPS))
    planned = await asyncio.to_thread(command, one.directory, "plan", str(draft), "--json")
    digest = json.loads(planned)["digest"]
    await asyncio.to_thread(command, one.directory, "apply", digest, "--note", "agreed")
    for gate in direct:
        await kept_out(client, gate, True)
    await asyncio.to_thread(command, other.directory, "retract", "--note", "sent in error")
    for gate in direct:
        await kept_out(client, gate, False)
    assert await ask(client, one, **{"User-Agent": LAPTOP}) == (200, True)
