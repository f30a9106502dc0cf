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


@pytest.fixture
async def machines(firm: Company) -> None:
    """Two browsers of one computer, one of another."""
    rows = (("a", "alice", "LT-1"), ("b", "bob", "LT-1"), ("c", "alice", "LT-2"))
    await firm.store.enrolments.take(
        [
            EnrolledKey(key, f"device-{key}", owner, "token-m", NOW, machine=machine, proven=True)
            for key, owner, machine in rows
        ]
    )


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    ("kind", "name", "revoked"),
    [("machine", "lt-1", ["a", "b"]), ("machine", "lt-1  ", ["a", "b"]), ("person", "ALICE", ["a", "c"])],
)
async def test_a_computer_or_a_person_is_shut_out_until_allowed(
    ada: Caller, kind: str, name: str, revoked: list[str]
) -> None:
    told = await ada.post("/enrolment/shut-out", {"kind": kind, "name": name})
    row = {"kind": kind, "name": name.lower().strip(), "at": "2026-12-01T12:00:30Z", "by": "ada"}
    assert (told.status, told.body["items"]) == (200, [row])
    assert (await ada.get("/enrolment/shut-out")).body == told.body
    keys = (await ada.get("/enrolment/keys")).body["items"]
    assert [each["thumbprint"] for each in keys if each["revoked_at"]] == revoked
    assert {(each["machine"], each["proven"]) for each in keys} == {("LT-1", True), ("LT-2", True)}
    assert (await ada.ask("DELETE", f"/enrolment/shut-out/{kind}/{name}")).status == 204
    assert (await ada.ask("DELETE", f"/enrolment/shut-out/{kind}/{name}")).status == 404
    assert (await ada.get("/enrolment/shut-out")).body == {"items": []}


@pytest.mark.parametrize("body", [{"kind": "machine", "name": ""}, {"kind": "token", "name": "x"}, {}])
async def test_nobody_is_shut_out_without_a_name(ada: Caller, body: dict[str, str]) -> None:
    assert (await ada.post("/enrolment/shut-out", body)).status == 422


@pytest.mark.usefixtures("machines")
async def test_a_token_takes_its_keys_along_if_asked(ada: Caller, firm: Company) -> None:
    made = (await ada.post("/enrolment/tokens", {})).body
    await firm.store.enrolments.take([EnrolledKey("t", "device-t", "", made["name"], NOW)])
    assert (await ada.ask("DELETE", f"/enrolment/tokens/{made['name']}?with_keys=true")).status == 204
    assert await firm.store.enrolments.revoked() == ["t"]
