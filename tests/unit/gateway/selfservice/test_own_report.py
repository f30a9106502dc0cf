"""What people say of a device under their name: it narrows what there is, and opens nothing."""

from dataclasses import dataclass, field

import pytest
from tests.unit.gateway.own import HANDHELD, LISTED, NOW, PHONE, PROOF, asking
from tests.unit.gateway.selfservice.test_me import ALICE, POST, SAME_ORIGIN, Scene

from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.own_report import OwnReports, Said
from mailgate.model import Posture
from mailgate.store import StoreUnavailableError
from mailgate.store.help_requests import NOT_THEIRS


@dataclass
class Kept:
    """Takes the place of the store."""

    lost: list[str] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)
    acts: list[object] = field(default_factory=list)
    away: bool = False

    async def lose(self, device_id, at, act=None):
        if self.away:
            raise StoreUnavailableError
        self.lost.append(device_id)
        self.acts.append(act)
        return True

    async def note(self, asked, sighting=""):
        self.asked.append(asked)


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def say(kept: Kept, about: str, *fields: bytes, mark: str = PHONE.id, judged=None) -> str:
    scene = Scene(reports=OwnReports(kept, kept))
    scene.judged = judged
    scene.people.by_id = {PHONE.id: PHONE}
    answer = await scene.ask(POST, *fields, SAME_ORIGIN, body=f"device={mark}&about={about}".encode())
    return answer.body.decode()


async def test_a_lost_device_is_shut_out_and_the_log_names_no_person(kept: Kept) -> None:
    await say(kept, "lost", ALICE)
    assert kept.lost == [PHONE.id]
    (act,) = kept.acts
    assert (act.what, act.about, act.who) == ("device-lost", f"device {PHONE.id}", "its owner")


async def test_that_it_is_somebody_elses_is_for_people_to_look_at(kept: Kept) -> None:
    page = await say(kept, "not-mine", ALICE)
    (asked,) = kept.asked
    assert (asked.person, asked.device) == ("alice", PHONE.id)
    assert asked.rule == asked.reason == NOT_THEIRS
    assert PHONE.id in asked.subject, "each device that is not theirs is a request of its own"
    assert kept.lost == []
    assert "can now see that this device is not yours" in page


async def test_nobody_says_it_of_a_device_of_others_or_that_there_is_not(kept: Kept) -> None:
    await say(kept, "lost", b"X-Forwarded-User: bob")
    await say(kept, "lost")
    await say(kept, "lost", ALICE, mark="another-id")
    await say(kept, "found", ALICE)
    assert (kept.lost, kept.asked) == ([], [])


async def test_the_device_that_asks_is_not_lost(kept: Kept) -> None:
    own = asking(client=HANDHELD, posture=LISTED, proof=PROOF)
    await say(kept, "lost", ALICE, judged=own)
    assert kept.lost == []


async def test_where_it_cannot_be_noted_that_is_said(kept: Kept) -> None:
    kept.away = True
    with pytest.raises(RequestRefused) as refused:
        await say(kept, "lost", ALICE)
    assert refused.value.status == 503


async def test_without_a_place_for_it_nothing_is_offered() -> None:
    assert "Not yours, or lost?" not in await Scene().page()
    scene = Scene(reports=OwnReports(Kept(), Kept()))
    assert "Not yours, or lost?" in await scene.page(b"GET /.mailgate/me HTTP/1.1", ALICE)


async def test_a_person_is_noted_as_they_are_called_everywhere_else(kept: Kept) -> None:
    own = OwnDevice(PHONE.id, Posture(), asking().access, asking().decision, PHONE)
    assert await OwnReports(kept, kept).take(Said.NOT_MINE, own, "Alice@Example.com", "REF", NOW)
    assert kept.asked[0].person == "alice@example.com"
