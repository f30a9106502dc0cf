"""Enrolment."""

from datetime import timedelta

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic

from mailgate.store import EnrolledKey
from mailgate.store.enrolments import digest_of


@pytest.fixture
async def keys(firm: Company) -> list[str]:
    """Thumbprints of keys that enrolled, in their order."""
    names = [f"key{each}" for each in range(5)]
    await firm.store.enrolments.take(
        [EnrolledKey(name, f"device-{name}", "alice", "token-1", NOW) for name in names]
    )
    return names


async def test_a_token_is_shown_once_and_can_be_revoked(ada: Caller, firm: Company) -> None:
    made = await ada.post("/enrolment/tokens", {"user": "alice", "note": "new phone", "uses": 2, "days": 3})
    assert (made.status, made.headers["Location"]) == (201, "/api/v1/enrolment/tokens")
    text = made.body.pop("token")
    assert made.body["name"] == f"token-{digest_of(text).hex()[:10]}"
    assert made.body["expires_at"] == "2026-12-04T12:00:30Z"
    listed = await ada.get("/enrolment/tokens")
    assert listed.body["items"] == [made.body]
    assert text not in str(listed.body) + str(await firm.acts())
    assert (await ada.ask("DELETE", f"/enrolment/tokens/{made.body['name']}")).status == 204
    assert (await ada.get("/enrolment/tokens")).body["items"] == []
    assert (await ada.ask("DELETE", f"/enrolment/tokens/{made.body['name']}")).status == 404
    assert [each[0] for each in (await firm.acts())[1:]] == ["enrolment-token-made", "enrolment-revoked"]


async def test_without_more_it_is_good_for_one_device_and_a_week(ada: Caller) -> None:
    told = (await ada.post("/enrolment/tokens", {})).body
    assert (told["uses_left"], told["owner"], told["expires_at"]) == (
        1,
        "",
        (NOW + timedelta(days=7)).isoformat().replace("+00:00", "Z"),
    )


async def test_keys_are_listed_a_page_at_a_time(vic: Caller, keys: list[str]) -> None:
    first = (await vic.get("/enrolment/keys?limit=3")).body
    rest = (await vic.get(f"/enrolment/keys?limit=3&after={first['next']}")).body
    assert [each["thumbprint"] for each in [*first["items"], *rest["items"]]] == keys
    assert rest["next"] is None
    assert (await vic.get("/enrolment/keys/key1")).body["device"] == "device-key1"


async def test_a_key_is_revoked_once(ada: Caller, firm: Company, keys: list[str]) -> None:
    told = await ada.post("/enrolment/keys/key1/revocation")
    assert (told.status, told.body["revoked_at"]) == (200, "2026-12-01T12:00:30Z")
    firm.clock.now += timedelta(minutes=1)
    assert (await ada.post("/enrolment/keys/key1/revocation")).body == told.body
    assert [each for each in await firm.acts() if each[0] == "enrolment-revoked"] == [
        ("enrolment-revoked", "ada", "key1")
    ]
    assert (await ada.post("/enrolment/keys/none/revocation")).status == 404
