"""A company's phone with a personal side, at a gate that runs: what its policy keeps out decides, by the version that it has."""

import copy
import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from tests.exchanges import VECTORS
from tests.integration.connectors.api import serving
from tests.integration.connectors.test_gate import Asking, run, until
from tests.stored_bytes import stored_bytes
from tests.unit.connectors.around import service_account

__all__ = ["run"]

COPE = json.loads((VECTORS / "android-management/cope.json").read_text())
DOOR = {"advancedSecurityOverrides": {"untrustedAppsPolicy": "ALLOW_INSTALL_DEVICE_WIDE"}}


class Enterprise:
    """The API of an enterprise with one phone."""

    def __init__(self):
        self.policy = copy.deepcopy(COPE["policy"]) | {
            "version": "12",
            "openNetworkConfiguration": {"key": "Zq7-Wi-Fi"},
        }
        self.applied = "12"

    async def answer(self, request):
        path = urlsplit(str(request.url)).path
        if path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"})
        if "/policies/" in path:
            return web.json_response(self.policy)
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        said = {"appliedPolicyVersion": self.applied, "lastStatusReportTime": at}
        return web.json_response({"devices": [COPE["device"] | said]})


async def test_mail_is_open_while_the_applied_policy_keeps_the_app_out(run, tmp_path):
    (tmp_path / "account").write_text(service_account())
    known = {"id": "c1", "serial": "37EXAMPLE00009", "eas_ids": ["ANDROIDC1"]}
    (tmp_path / "hr.jsonl").write_text(json.dumps(known) + "\n")
    enterprise = Enterprise()
    async with serving(enterprise.answer) as origin, aiohttp.ClientSession() as session:
        connector = {
            "type": "android-management", "enterprise": "LC0example", "base_url": origin, "login_url": origin,
            "account": {"file": "account"}, "every": "5s",
        }  # fmt: skip
        gate = run({"amapi": connector, "hr": {"type": "file", "path": "hr.jsonl"}})
        asking = Asking(gate, session)

        async def answers(status):
            return await asking.sync("ANDROIDC1") == status

        await until(lambda: answers(200))
        enterprise.policy |= DOOR | {"version": "13"}
        await until(lambda: answers(403))
        enterprise.policy = COPE["policy"] | {"version": "14"}
        enterprise.applied = "14"
        await until(lambda: answers(200))
    assert gate.stop() == 0
    assert b"Zq7-Wi-Fi" not in stored_bytes(tmp_path)
