"""The devices that one person may see."""

from dataclasses import replace

import pytest
from tests.unit.gateway.gates import Known, NoPeople
from tests.unit.gateway.own import (
    ALICE,
    CLEAN,
    HANDHELD,
    LISTED,
    PHONE,
    PROOF,
    REPORT,
    UNREPORTED,
    asking,
)

from mailgate.devices.device import Device
from mailgate.gateway.selfservice.own_devices import own_devices
from mailgate.gateway.selfservice.person import RecognisedPerson
from mailgate.model import Effect, Kind, Posture, Protocol, Reason


class Scene:
    def __init__(self, *devices, worths=None):
        self.people, self.known = NoPeople(), Known()
        self.people.of["alice"] = devices
        self.people.by_id = {device.id: device for device in (PHONE, *devices)}
        self.known.worths = worths or {PHONE.id: LISTED}

    async def seen(self, asked):
        return await own_devices(asked, self.people, self.known)


async def test_a_person_sees_each_of_their_devices_and_what_it_gets():
    (own,) = await Scene(PHONE).seen(asking())
    assert (own.mark, own.device, own.posture, own.here) == (PHONE.id, PHONE, LISTED, False)
    assert (own.decision.effect, own.decision.reason) == (Effect.BLOCK, Reason.PROHIBITED_APP)
    assert own.access.client.protocol is Protocol.ACTIVESYNC


@pytest.mark.parametrize("kind", ["key", "cert"])
async def test_a_device_that_can_prove_itself_is_judged_as_if_it_did(kind):
    proves = Device(PHONE.id, (replace(REPORT, names=REPORT.names | {(kind, "thumb")}),))
    (own,) = await Scene(proves).seen(asking())
    assert own.access.client.protocol is Protocol.WEB


async def test_the_device_that_asks_has_the_verdict_on_this_very_request():
    scene = Scene(PHONE, worths={PHONE.id: CLEAN})
    (own,) = await scene.seen(asking(client=HANDHELD, posture=LISTED, proof=PROOF))
    assert own.here
    assert own.posture == CLEAN
    assert own.access.client is HANDHELD
    assert own.decision.rule == "clean"


async def test_without_a_person_this_requests_own_device_alone_is_seen():
    scene = Scene(PHONE)
    (own,) = await scene.seen(asking(RecognisedPerson(), client=HANDHELD, posture=LISTED, proof=PROOF))
    assert (own.device, own.here) == (PHONE, True)


async def test_without_person_and_proof_nothing_is_seen():
    """A posture without a proof was found by an id that anybody can say."""
    assert await Scene(PHONE).seen(asking(RecognisedPerson(), client=HANDHELD, posture=LISTED)) == ()
    refused = replace(PROOF, refused=Reason.TOKEN_EXPIRED)
    assert await Scene(PHONE).seen(asking(RecognisedPerson(), posture=LISTED, proof=refused)) == ()


async def test_somebody_elses_proven_device_is_not_shown_to_who_has_logged_in():
    scene, bobs = Scene(), replace(PHONE, reports=(replace(REPORT, owner="bob"),))
    scene.people.by_id = scene.known.newer = {bobs.id: bobs}
    assert await scene.seen(asking(ALICE, client=HANDHELD, posture=LISTED, proof=PROOF)) == ()


@pytest.mark.parametrize("person", [ALICE, RecognisedPerson()], ids=["known", "nobody"])
async def test_a_report_on_its_way_to_the_store_counts(person):
    """Else who has just removed the app would be told, by the request that says so, that it is there."""
    newer = replace(PHONE, reports=(replace(REPORT, apps=frozenset()),))
    scene = Scene(PHONE)
    scene.known.newer = {PHONE.id: newer}
    (own,) = await scene.seen(asking(person, client=HANDHELD, posture=CLEAN, proof=PROOF))
    assert (own.device, own.here) == (newer, True)


@pytest.mark.parametrize(("owner", "seen"), [("alice", [PHONE.id]), ("bob", [])])
async def test_a_device_that_is_not_stored_yet_is_seen_by_its_owner(owner, seen):
    scene = Scene()
    scene.people.by_id = {}
    scene.known.newer = {PHONE.id: replace(PHONE, reports=(replace(REPORT, owner=owner),))}
    found = await scene.seen(asking(client=HANDHELD, posture=CLEAN, proof=PROOF))
    assert [own.mark for own in found] == seen


async def test_a_phone_that_is_changing_hands_is_the_new_owners():
    scene = Scene(PHONE)
    scene.known.newer = {PHONE.id: replace(PHONE, reports=(replace(REPORT, owner="bob"),))}
    assert await scene.seen(asking()) == ()


async def test_a_phone_that_never_reported_is_seen_by_what_it_asked_for():
    scene = Scene(PHONE)
    scene.people.sighted = [UNREPORTED]
    _, own = await scene.seen(asking())
    assert (own.mark, own.device, own.sighted) == (UNREPORTED.mark, None, UNREPORTED)
    assert own.decision.reason is Reason.POSTURE_MISSING
    assert own.posture == Posture(os="ios")


@pytest.mark.parametrize(("told", "kind"), [(Kind.TABLET, Kind.TABLET), (Kind.LAPTOP, None), (None, None)])
async def test_a_mail_app_is_never_shown_as_a_computer(told, kind):
    scene = Scene()
    scene.people.sighted = [replace(UNREPORTED, kind=told)]
    (own,) = await scene.seen(asking())
    assert own.posture.kind is kind
    assert own.access.client.handheld


async def test_the_asking_device_comes_first_then_those_without_mail():
    clean, listed = (Device(each, (replace(REPORT, id=each),)) for each in ("clean", "listed"))
    scene = Scene(
        clean,
        listed,
        PHONE,
        worths={"clean": CLEAN, "listed": LISTED, PHONE.id: CLEAN},
    )
    seen = await scene.seen(asking(client=HANDHELD, posture=CLEAN, proof=PROOF))
    assert [own.mark for own in seen] == [PHONE.id, "listed", "clean"]
