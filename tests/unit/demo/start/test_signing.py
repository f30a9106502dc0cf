"""What a persona's requests are signed with."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

from tests.unit.demo.examples import KEY_FILES

from mailgate.attest.mint import ISSUER_KEY_FILE
from mailgate.demo.start.personas import PERSONAS, Signer

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
URL = "http://localhost:8080"
ISSUER = KEY_FILES[ISSUER_KEY_FILE]
PHONE = next(each for each in PERSONAS if each.key == "tiktok")
SILENT = next(each for each in PERSONAS if each.key == "silent")


def claims(header: str) -> dict[str, object]:
    part = header.split(".")[1]
    read: dict[str, object] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def signer(*, ticks: timedelta = timedelta()) -> Signer:
    moments = iter(NOW + number * ticks for number in range(10))
    return Signer(ISSUER, URL, lambda: next(moments))


def test_a_request_is_signed_for_its_own_address_and_its_apps() -> None:
    headers = signer().headers(PHONE, "GET", "/.mailgate/me")
    assert claims(headers["DPoP"]) | {"iat": 0, "jti": "", "ath": ""} == {
        "htm": "GET", "htu": f"{URL}/.mailgate/me", "iat": 0, "jti": "", "ath": "",
    }  # fmt: skip
    assert claims(headers["Device-Attestation"])["apps"] == {
        "at": int(NOW.timestamp()), "listed": ["tiktok"], "complete": True,
    }  # fmt: skip


def test_no_proof_comes_twice_while_the_token_lasts_for_most_of_its_life() -> None:
    signs = signer(ticks=timedelta(minutes=30))
    first, second, third = (signs.headers(PHONE, "GET", "/") for _ in range(3))
    assert first["DPoP"] != second["DPoP"]
    assert first["Device-Attestation"] == second["Device-Attestation"] != third["Device-Attestation"]


def test_the_key_of_a_persona_is_the_same_at_every_start() -> None:
    bound = [claims(signer().headers(PHONE, "GET", "/")["Device-Attestation"])["cnf"] for _ in range(2)]
    assert bound[0] == bound[1]


def test_a_silent_persona_signs_nothing() -> None:
    assert signer().headers(SILENT, "GET", "/") == {}
