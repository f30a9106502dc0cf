"""A phone whose hardware vouches for it enrols, and becomes the device that the device management reports."""

import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from tests.integration.fleet import Phone, fleet, get, mailgate, post
from tests.pki import name, root
from tests.vectors.build_certificate_vectors import android, description, root_of_trust

from mailgate.attest import mint
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport
from mailgate.store import Store

ENROLL, ATTEST = "/.mailgate/enroll", "/.mailgate/attest"
SERIAL = "R5CX10TESTED"


def enrolment_token(folder: Path) -> str:
    return str(mailgate(folder, "enroll", "token")["token"])


async def test_hardware_makes_a_phone_the_device_that_the_management_knows(
    client: aiohttp.ClientSession, webmail: TestServer, tmp_path: Path
) -> None:
    """Without evidence the same key is a device of its own, which nobody has looked at."""
    now = datetime.now(UTC)
    maker = root("Maker of phones", now)
    batch = maker.authority("Keys of this month")
    maker.write(tmp_path, "maker")
    store = f"sqlite:///{tmp_path}/shared.db"
    hardware = {"android_key": {"roots": "../maker.pem"}}
    with fleet(tmp_path, str(webmail.make_url("")), store, 1, attestation={"hardware": hardware}) as gates:
        url, token = gates.url(), enrolment_token(tmp_path)
        managed = await Store.open(store)
        apps = AppsReport(frozenset(), complete=True, at=now)
        await managed.devices.ingest([report_by("mdm", "7", serial=SERIAL, apps=apps)], now)
        await managed.close()

        phone = Phone(mint.make_key(secrets.token_bytes(32), ""))
        _, _, headers = await post(client, url + ENROLL, {"token": token}, {})
        phone.nonce = headers["DPoP-Nonce"]

        def evidence(**said: Any) -> dict[str, Any]:
            told = android(description(challenge=phone.nonce.encode(), serial=SERIAL, **said))
            leaf = batch.sign(name("Android Keystore Key"), [told], key=phone.key.get_op_key("sign"))
            chain = [b64encode(each.der).decode() for each in (leaf, batch)]
            return {"format": "android-key", "chain": chain, "nonce": phone.nonce}

        async def enrol(proof: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            body = {"token": token, "evidence": proof}
            status, told, _ = await post(client, url + ENROLL, body, {"DPoP": phone.proof(ENROLL, "POST")})
            return status, told

        status, told = await enrol(evidence(boot=root_of_trust(locked=False)))
        assert (status, told["reason"]) == (403, "evidence-unlocked")
        status, told = await enrol(evidence())
        assert (status, told["hardware"]) == (201, "tee")

        _, told, _ = await post(
            client, url + ATTEST, {"os": "android"}, {"DPoP": phone.proof(ATTEST, "POST")}
        )
        phone.token = told["device_attestation"]
        assert (await get(client, url + "/", phone.headers()))[0] == 200
        async with client.get(
            url + "/.mailgate/status", headers=phone.headers("/.mailgate/status")
        ) as answer:
            device = (await answer.json())["devices"][0]
        assert (device["state"], device["source"]) == ("clean", "mdm")
