"""The first day of docs/webmails.md: a phone by a certificate of one's own, and what the help desk says is on it."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from tests.integration.conftest import Guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_client_certs import SYNC, Devices, devices_port
from tests.integration.test_reload import until
from tests.pki import root, server
from tests.servers import free_port, require_or_skip

PAGE = Path(__file__).parents[2] / "docs" / "webmails.md"


async def test_a_phone_without_management_gets_mail_by_its_certificate(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    require_or_skip("openssl", "curl")
    now = datetime.now(UTC)
    server(now).write(tmp_path, "cert")
    (commands,) = re.findall(r"```sh\n(.*?openssl req -x509.*?)```", PAGE.read_text(), re.DOTALL)
    script = re.sub(r"openssl pkcs12 -export", "openssl pkcs12 -export -passout pass:", commands)
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = f"id,serial,kind,os,apps,apps_complete,reported_at\n7001,C39X8,phone,ios,{{}},yes,{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}\n"
    (tmp_path / "phones.csv").write_text(said.format("-"))
    gate = guard(
        PHONE_RULES,
        tls={"certificate": "cert.pem", "key": "cert.key"},
        client_certificates={
            "authorities": "devices.pem",
            "listen": f"127.0.0.1:{free_port()}",
            "match": [{"field": "serial-number", "names": "serial"}],
        },
        connectors={"helpdesk": {"type": "file", "path": "phones.csv", "complete": True}},
    )
    authority = root(now=now)
    phones = Devices(tmp_path, authority, authority)
    url = devices_port(gate) + SYNC.format("unheard")

    async def told() -> str:
        return await phones.ask(url, "phone")

    assert await until(told, "200") == "200"
    assert await phones.ask(url) == "403"
