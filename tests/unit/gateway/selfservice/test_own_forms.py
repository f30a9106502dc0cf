"""What people say of a device under their name: it narrows what there is, and opens nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from tests.unit.gateway.gates import renew
from tests.unit.gateway.own import ALICE as AT_A_COMPUTER
from tests.unit.gateway.own import HANDHELD, LAPTOP, LISTED, NOW, PHONE, PROOF, Tokens, asking
from tests.unit.gateway.refusals.test_help_ticket import DESK, sent_back, with_cookie
from tests.unit.gateway.selfservice.test_me import ALICE, PAGE, POST, SAME_ORIGIN, Scene

from mailgate.gateway.answer import Answer
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.own_forms import (
    OwnReports,
    PairingCodes,
    delete_cookie,
    may_take_back,
    undo_cookie,
)
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.http.request import RequestRefused
from mailgate.model import Finding, Posture, Reason
from mailgate.store import StoreUnavailableError
from mailgate.store.enrolments import CODE_LIFE, digest_of
from mailgate.store.help_requests import NOT_THEIRS


@dataclass
class Kept:
    """Takes the place of the store."""

    lost: list[str] = field(default_factory=list)
    since: datetime | None = None
    asked: list[object] = field(default_factory=list)
    acts: list[object] = field(default_factory=list)
    away: bool = False

    async def mark_lost(self, device_id, at, act=None, *, since=None):
        if self.away:
            raise StoreUnavailableError
        self.lost.append(device_id) if at else self.lost.remove(device_id)
        self.since = since
        self.acts.append(act)
        return True

    async def note(self, asked, sighting=""):
        self.asked.append(asked)


@pytest.fixture
def kept() -> Kept:
    return Kept()


LOST = "lost&confirmed=yes"


async def answered(
    kept: Kept, about: str, *fields: bytes, mark: str = PHONE.id, judged=None, since: datetime | None = None
) -> Answer:
    scene = Scene(reports=OwnReports(kept, kept))
    renew(scene.gate, responses=replace(scene.gate.in_force.live.responses, tickets=DESK))
    scene.judged = judged
    scene.people.of["alice"] = [replace(PHONE, lost_at=since)]
    body = f"device={mark}&about={about}".encode() if about else b""
    return await scene.ask(POST if about else PAGE, *fields, SAME_ORIGIN, body=body)


async def say(kept: Kept, about: str, *fields: bytes, **more) -> str:
    return (await answered(kept, about, *fields, **more)).body.decode()


async def test_a_report_of_a_loss_has_to_be_confirmed(kept: Kept) -> None:
    page = await say(kept, "lost", ALICE)
    assert "Is this device lost?" in page
    assert "until your help desk marks it as found" in page
    assert kept.lost == []


async def test_a_lost_device_is_shut_out_and_the_log_names_no_person(kept: Kept) -> None:
    answer = await answered(kept, LOST, ALICE)
    assert (answer.status, dict(answer.headers)["Location"]) == (303, f"/.mailgate/me#said-{PHONE.id}")
    assert kept.lost == [PHONE.id]
    (act,) = kept.acts
    assert (act.what, act.about, act.who) == ("device-lost", f"device {PHONE.id}", "its owner")


async def test_a_report_that_it_is_not_theirs_becomes_a_help_request(kept: Kept) -> None:
    page = await say(kept, "not-mine", ALICE)
    (asked,) = kept.asked
    assert (asked.person, asked.device) == ("alice", PHONE.id)
    assert asked.rule == asked.reason == NOT_THEIRS
    assert PHONE.id in asked.subject, "each device that is not theirs is a request of its own"
    assert kept.lost == []
    assert "can now see that this device is not yours" in page


async def test_nobody_says_it_of_a_device_of_others_or_that_there_is_not(kept: Kept) -> None:
    for about in (LOST, "not-mine", "found"):
        await say(kept, about, b"X-Forwarded-User: bob")
        await say(kept, about)
        await say(kept, about, ALICE, mark="another-id")
    await say(kept, "found", ALICE)
    assert (kept.lost, kept.asked) == ([], [])


async def report(kept: Kept) -> bytes:
    """Report the phone as lost, and return the cookie of it."""
    given = dict((await answered(kept, LOST, ALICE)).headers)["Set-Cookie"]
    return b"Cookie: " + given.partition(";")[0].encode()


async def test_a_report_of_a_loss_can_be_undone_for_a_minute(kept: Kept) -> None:
    cookie = await report(kept)
    assert "You can undo this for one minute" in await say(kept, "", ALICE, cookie, since=NOW)
    answer = await answered(kept, "found", ALICE, cookie, since=NOW)
    assert (answer.status, kept.lost, kept.since) == (303, [], NOW)
    assert kept.acts[1].what == "device-found"


@pytest.mark.parametrize(
    ("who", "since"),
    [
        (ALICE, NOW - timedelta(minutes=1)),
        (ALICE, NOW - timedelta(seconds=1)),
        (b"X-Forwarded-User: bob", NOW),
    ],
    ids=["a minute later", "shut by somebody else", "by somebody else"],
)
async def test_nothing_else_is_opened_by_it(kept: Kept, who: bytes, since: datetime) -> None:
    cookie = await report(kept)
    assert "You can undo this for one minute" not in await say(kept, "", who, cookie, since=since)
    page = await say(kept, "found", who, cookie, since=since)
    assert kept.lost == [PHONE.id]
    assert ("You can no longer undo this here" in page) == (who == ALICE)


async def test_without_the_cookie_nothing_is_taken_back(kept: Kept) -> None:
    await report(kept)
    await say(kept, "found", ALICE, b"Cookie: mailgate-lost=" + b"A" * 43, since=NOW)
    assert kept.lost == [PHONE.id]


async def test_a_second_report_of_a_loss_cannot_open_a_device(kept: Kept) -> None:
    answer = await answered(kept, LOST, ALICE, since=NOW - timedelta(days=1))
    assert "Set-Cookie" not in dict(answer.headers)
    assert kept.lost == []


async def test_the_device_that_asks_is_not_lost(kept: Kept) -> None:
    own = asking(client=HANDHELD, posture=LISTED, proof=PROOF)
    await say(kept, LOST, ALICE, judged=own)
    assert kept.lost == []


async def test_a_report_that_cannot_be_stored_is_an_error(kept: Kept) -> None:
    kept.away = True
    with pytest.raises(RequestRefused) as refused:
        await say(kept, LOST, ALICE)
    assert refused.value.status == 503


async def test_without_a_place_for_it_nothing_is_offered() -> None:
    assert "Not yours, or lost?" not in await Scene().page()
    scene = Scene(reports=OwnReports(Kept(), Kept()))
    assert "Not yours, or lost?" in await scene.page(b"GET /.mailgate/me HTTP/1.1", ALICE)


async def test_a_person_is_noted_as_they_are_called_everywhere_else(kept: Kept) -> None:
    own = OwnDevice(PHONE.id, Posture(), asking().access, asking().decision, PHONE)
    assert await OwnReports(kept, kept).disown(own, "Alice@Example.com", "REF", NOW)
    assert kept.asked[0].person == "alice@example.com"


MARKED_LOST = replace(PHONE, lost_at=NOW)
COOKIE = sent_back(undo_cookie(DESK, with_cookie(""), PHONE, "Alice", NOW))


def test_the_browser_that_said_it_may_take_it_back() -> None:
    assert may_take_back(DESK, COOKIE, MARKED_LOST, "alice", NOW + timedelta(seconds=59))


@pytest.mark.parametrize(
    ("device", "person", "after"),
    [
        (MARKED_LOST, "alice", timedelta(minutes=1)),
        (MARKED_LOST, "alice", timedelta(seconds=-1)),
        (MARKED_LOST, "bob", timedelta()),
        (replace(MARKED_LOST, id="another"), "alice", timedelta()),
        (replace(MARKED_LOST, lost_at=NOW - timedelta(microseconds=1)), "alice", timedelta()),
        (PHONE, "alice", timedelta()),
    ],
)
def test_nothing_else_may_be_taken_back(device, person, after) -> None:
    assert not may_take_back(DESK, COOKIE, device, person, NOW + after)


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "\u00e9", COOKIE.headers["cookie"]])
def test_nobody_can_forge_an_undo_cookie(value: str) -> None:
    assert not may_take_back(DESK, with_cookie(f"mailgate-lost={value}"), MARKED_LOST, "alice", NOW)


def test_the_undo_cookie_is_deleted_with_the_report() -> None:
    assert "Max-Age=0;" in delete_cookie(with_cookie(""))[1]


ACCESS = asking().access
CONTRADICTED = replace(LAPTOP, findings=(Finding(Reason.KIND_CONTRADICTED, ""),))


@pytest.fixture
def codes():
    return PairingCodes(Tokens(), offered=True, random=bytes)


async def refusal(codes, person=AT_A_COMPUTER, access=ACCESS, now=NOW):
    with pytest.raises(RequestRefused) as refused:
        await codes.make(person, access, now)
    return refused.value.status, refused.value.reason


async def test_a_code_is_kept_as_a_hash_with_its_owner(codes):
    code = await codes.make(AT_A_COMPUTER, ACCESS, NOW)
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
        (AT_A_COMPUTER, HANDHELD),
        (AT_A_COMPUTER, CONTRADICTED),
    ],
    ids=["nobody", "a device alone", "a phone", "a phone in disguise"],
)
async def test_only_a_person_logged_in_at_a_computer_gets_a_code(codes, person, client):
    access = asking(client=client).access
    assert not codes.may_have(person, access)
    assert await refusal(codes, person, access) == (403, Reason.REQUEST_NOT_SUPPORTED)
    assert not codes.tokens


async def test_pairing_codes_need_the_setting():
    assert not PairingCodes(Tokens()).may_have(AT_A_COMPUTER, ACCESS)


async def test_a_person_gets_five_in_ten_minutes_and_others_are_not_concerned(codes):
    for _ in range(5):
        await codes.make(AT_A_COMPUTER, ACCESS, NOW)
    assert await refusal(codes) == (429, Reason.TOO_MANY_REQUESTS)
    assert await codes.make(RecognisedPerson("bob", KnownBy.PROXY), ACCESS, NOW)
    assert await codes.make(AT_A_COMPUTER, ACCESS, NOW + timedelta(minutes=10))


async def test_a_store_that_is_down_is_no_code(codes):
    codes.tokens.broken = True
    assert await refusal(codes) == (503, Reason.STORE_UNAVAILABLE)
