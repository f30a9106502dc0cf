"""A pairing code from one's own page: who may have one, what is kept of it, and how many there are."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import ALICE, HANDHELD, LAPTOP, asking

from mailgate.gateway.selfservice.pairing_code import PairingCodes
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.http.request import RequestRefused
from mailgate.model import Finding, Reason
from mailgate.store import StoreUnavailableError
from mailgate.store.enrolments import CODE_LIFE, digest_of

ACCESS = asking().access
CONTRADICTED = replace(LAPTOP, findings=(Finding(Reason.KIND_CONTRADICTED, ""),))


class Tokens(dict):
    broken = False

    async def add(self, digest, token):
        if self.broken:
            raise StoreUnavailableError("down")
        self[digest] = token


@pytest.fixture
def codes():
    return PairingCodes(Tokens(), offered=True, random=bytes)


async def refusal(codes, person=ALICE, access=ACCESS, now=NOW):
    with pytest.raises(RequestRefused) as refused:
        await codes.make(person, access, now)
    return refused.value.status, refused.value.reason


async def test_a_code_is_kept_as_a_hash_with_its_owner(codes):
    code = await codes.make(ALICE, ACCESS, NOW)
    assert code == "0000-0000"
    ((digest, token),) = codes.tokens.items()
    assert digest == digest_of(code)
    assert (token.owner, token.uses_left, token.note) == ("alice", 1, "own page")
    assert token.expires_at == NOW + CODE_LIFE


@pytest.mark.parametrize(
    ("person", "client"),
    [
        (RecognisedPerson(), LAPTOP),
        (RecognisedPerson("alice", KnownBy.DEVICE), LAPTOP),
        (ALICE, HANDHELD),
        (ALICE, CONTRADICTED),
    ],
    ids=["nobody", "a device alone", "a phone", "a phone in disguise"],
)
async def test_only_a_person_logged_in_at_a_computer_gets_a_code(codes, person, client):
    access = asking(client=client).access
    assert not codes.may_have(person, access)
    assert await refusal(codes, person, access) == (403, Reason.REQUEST_NOT_SUPPORTED)
    assert not codes.tokens


async def test_pairing_codes_need_the_setting():
    assert not PairingCodes(Tokens()).may_have(ALICE, ACCESS)


async def test_a_person_gets_five_in_ten_minutes_and_others_are_not_concerned(codes):
    for _ in range(5):
        await codes.make(ALICE, ACCESS, NOW)
    assert await refusal(codes) == (429, Reason.TOO_MANY_REQUESTS)
    assert await codes.make(RecognisedPerson("bob", KnownBy.PROXY), ACCESS, NOW)
    assert await codes.make(ALICE, ACCESS, NOW + timedelta(minutes=10))


async def test_a_store_that_is_down_is_no_code(codes):
    codes.tokens.broken = True
    assert await refusal(codes) == (503, Reason.STORE_UNAVAILABLE)
