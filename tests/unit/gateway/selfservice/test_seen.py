"""What one request may see of what is stored, and what it is told while the store does not answer."""

from dataclasses import replace

from tests.unit.gateway.own import ALICE, LAPTOP, PHONE, asking
from tests.unit.gateway.selfservice.test_me import Scene

from mailgate.gateway.selfservice.seen import Seen, here_of, look, with_own
from mailgate.store import StoreUnavailableError


async def test_a_person_sees_their_own_devices_and_nobody_elses():
    scene = Scene()
    seen = await look(scene.service, asking(ALICE))
    assert [own.device for own in seen.owned] == [PHONE]
    assert not seen.unread
    assert (await look(scene.service, asking(replace(ALICE, name="bob")))).owned == ()


async def test_a_store_that_is_down_is_unread_and_not_empty():
    scene = Scene()
    scene.people.breaks = StoreUnavailableError("down")
    seen = await look(scene.service, asking(ALICE))
    assert (seen.unread, seen.owned, seen.requests) == (True, (), ())


async def test_records_are_read_only_where_they_are_wanted():
    scene = Scene()
    asked = []
    scene.people.language = lambda name: asked.append(name)
    seen = await look(scene.service, asking(ALICE), records=False)
    assert (asked, [own.device for own in seen.owned]) == ([], [PHONE])


def test_where_no_device_is_stored_the_verdict_is_that_of_the_request():
    request = asking(ALICE, client=LAPTOP)
    seen = Seen(request)
    assert here_of(seen) == (request.access, request.decision)
    assert with_own(seen) == ()
