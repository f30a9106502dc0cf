"""How many rows made-up clients leave in an hour."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.unit.store.examples import BLOCK, NOW, access

from mailgate.classify import classify
from mailgate.model import Access, AttestationResult, Posture, Reason, RequestFacts
from mailgate.store import Store
from mailgate.store.schema import clients, sightings
from mailgate.store.stranger_limit import (
    MOST_NAMELESS,
    MOST_NAMING,
    MOST_OF_ONE_DEVICE,
    MOST_OF_ONE_DEVICE_THERE,
    MOST_OF_ONE_NETWORK,
    MOST_OF_ONE_PERSON,
    SPAN,
    StrangerLimit,
    is_known,
)

FLOOD = 400


def activesync(number: int, remote: str = "192.0.2.1", text: str = "") -> Access:
    """An ActiveSync request of a made-up device under a made-up name, with as much text as there is room for."""
    target = f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=d{number}{text}&DeviceType={text}&User=x{text}"
    headers = {"user-agent": text, "sec-ch-ua": text, "sec-ch-ua-model": text, "x-ucbrowser-ua": text}
    facts = RequestFacts("POST", target, remote=remote, headers=headers)
    asked = access(facts, device="", user=f"user{number}{text}", client=classify(facts))
    return replace(asked, posture=Posture())


def admitted(stranger_limit: StrangerLimit, *asked: Access) -> int:
    return sum(stranger_limit.admits((each.user.name, each.client.eas_id), each) for each in asked)


async def test_made_up_activesync_requests_are_bounded_per_hour_and_in_size(store: Store) -> None:
    for number in range(FLOOD):
        store.ledger.record(activesync(number, text="\U0001f600" * 300), BLOCK)
    await store.ledger.flush()
    rows = await store.sightings.latest(size=2 * FLOOD)
    assert len(rows) == MOST_OF_ONE_NETWORK
    assert store.ledger.strangers_not_recorded == FLOOD - MOST_OF_ONE_NETWORK
    async with store.ledger._database.reading() as connection:
        for table in (clients, sightings):
            for row in await connection.execute(select(table)):
                assert sum(len(str(value).encode()) for value in row) < 4096


def test_one_network_leaves_so_many_and_is_admitted_again_where_it_is_counted() -> None:
    stranger_limit = StrangerLimit()
    of_one_network = [activesync(number, f"2001:db8::{number:x}") for number in range(FLOOD)]
    assert admitted(stranger_limit, *of_one_network) == MOST_OF_ONE_NETWORK
    assert admitted(stranger_limit, *of_one_network) == MOST_OF_ONE_NETWORK
    assert admitted(stranger_limit, activesync(7, "2001:db8:1::1"), activesync(-1, "192.0.2.7")) == 2


def test_all_of_them_leave_so_many_in_an_hour() -> None:
    stranger_limit = StrangerLimit()
    asked = [
        activesync(number, f"198.51.{number // 250}.{number % 250}") for number in range(MOST_NAMING + 5)
    ]
    assert admitted(stranger_limit, *asked) == MOST_NAMING
    later = [replace(each, now=NOW + SPAN) for each in asked[-5:]]
    assert admitted(stranger_limit, *later) == 5
    assert admitted(stranger_limit, replace(asked[0], now=NOW - timedelta(days=1))) == 1, (
        "a clock that was put back"
    )


def test_nameless_clients_are_counted_apart() -> None:
    stranger_limit, nobody = StrangerLimit(), access(device="", user="")
    assert sum(stranger_limit.admits(number, nobody) for number in range(MOST_NAMELESS + 5)) == MOST_NAMELESS
    assert admitted(stranger_limit, activesync(1)) == 1


def test_nobody_who_is_known_leaves_a_row_with_each_request_for_ever() -> None:
    stranger_limit = StrangerLimit()

    def of(person: str) -> int:
        named = replace(access(user=person), facts=RequestFacts(user=person))
        return sum(stranger_limit.admits((person, number), named) for number in range(MOST_OF_ONE_PERSON + 5))

    assert [of(person) for person in ("ada", "lin", "Ada")] == [MOST_OF_ONE_PERSON, MOST_OF_ONE_PERSON, 0]
    proved = replace(access(device="d", user=""), attestation=AttestationResult(device_id="d"))
    assert stranger_limit.admits("its own", proved)


STRANGER = activesync(1)
LOGIN = RequestFacts("LOGIN", scheme="imap", user="ada")


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (STRANGER, False),
        (replace(STRANGER, facts=replace(STRANGER.facts, user="ada")), True),
        (replace(STRANGER, posture=Posture(device_id="d", owner="USER1")), False),
        (replace(STRANGER, posture=Posture(device_id="d", owner="ada")), False),
        (replace(STRANGER, attestation=AttestationResult(device_id="d")), True),
        (replace(STRANGER, attestation=AttestationResult(refused=Reason.PROOF_STALE)), False),
        (access(LOGIN, device="", user="ada", client=classify(LOGIN)), False),
    ],
)
def test_more_than_the_own_word_makes_a_client_known(asked: Access, known: bool) -> None:
    assert is_known(asked) is known
    if known:
        stranger_limit = StrangerLimit()
        assert all(stranger_limit.admits(number, asked) for number in range(FLOOD))


def of_device(agent: int, remote: str = "192.0.2.1", device: str = "d", owner: str = "user1") -> Access:
    """A request with the id of a known device, of a user agent that others may have made up."""
    asked = activesync(1, remote)
    facts = replace(asked.facts, headers={"user-agent": f"agent {agent}"})
    return replace(asked, facts=facts, posture=Posture(device_id=device, owner=owner))


def kept(stranger_limit: StrangerLimit, *asked: Access) -> int:
    return sum(stranger_limit.admits((each.facts.user_agent, each.posture.device_id), each) for each in asked)


def test_a_copied_device_id_leaves_few_rows_and_room_for_the_phone() -> None:
    stranger_limit = StrangerLimit()
    assert kept(stranger_limit, *map(of_device, range(FLOOD))) == MOST_OF_ONE_DEVICE_THERE
    assert kept(stranger_limit, of_device(-1, "198.51.100.7")) == 1, "the phone itself"
    assert kept(stranger_limit, of_device(-1)) == 1, "and it takes what it is into another network"
    assert kept(stranger_limit, of_device(-2), replace(of_device(-2), now=NOW + SPAN)) == 1


def test_a_copied_device_id_leaves_so_many_rows_from_all_networks_together() -> None:
    flood = [of_device(number, f"198.51.{number}.1") for number in range(MOST_OF_ONE_DEVICE + 5)]
    assert kept(StrangerLimit(), *flood) == MOST_OF_ONE_DEVICE


def test_all_phones_of_a_company_behind_one_address_are_recorded() -> None:
    phones = [of_device(1, device=f"d{number}") for number in range(3 * MOST_OF_ONE_NETWORK)]
    assert kept(StrangerLimit(), *phones) == len(phones)


def test_a_copied_id_under_another_owner_counts_as_made_up() -> None:
    flood = [of_device(number, owner="ada") for number in range(FLOOD)]
    stranger_limit = StrangerLimit()
    assert kept(stranger_limit, *flood) == MOST_OF_ONE_NETWORK
    assert kept(stranger_limit, of_device(-1)) == 1


def nameless(agent: str, number: int = 0) -> Access:
    return access(RequestFacts("GET", f"/{number}/", headers={"user-agent": agent}), device="", user="")


def test_a_new_user_agent_is_shut_out_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.store.stranger_limit.MOST_NAMELESS", 3)
    stranger_limit = StrangerLimit()
    for number in range(3):
        assert not stranger_limit.is_exhausted(nameless("new"), "new", NOW)
        assert stranger_limit.admits(number, nameless("old", number))
    assert stranger_limit.is_exhausted(nameless("new"), "new", NOW)
    assert not stranger_limit.is_exhausted(nameless("old"), "old", NOW)
    assert not stranger_limit.is_exhausted(activesync(1), "new", NOW)
    assert not stranger_limit.is_exhausted(of_device(1), "new", NOW)
    assert not stranger_limit.is_exhausted(nameless("new"), "new", NOW + SPAN)


def test_a_request_that_is_recorded_seconds_later_does_not_begin_the_hour_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailgate.store.stranger_limit.MOST_NAMELESS", 5)
    limit = StrangerLimit()

    def admits(number: int, seconds: float) -> bool:
        facts = RequestFacts(headers={"user-agent": f"made-up/{number}"})
        return limit.admits(number, access(facts, device="", user="", now=NOW + timedelta(seconds=seconds)))

    assert [admits(number, 0) for number in range(6)] == [True] * 5 + [False]
    assert not admits(6, -3)
    assert not any(admits(number, 2) for number in range(10, 16))
    assert admits(7, -120), "a clock that was put back begins anew"
