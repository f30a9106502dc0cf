"""The devices that one person may see."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW, Known, NoPeople, policy
from tests.unit.gateway.own import ALICE, CLEAN, HANDHELD, LISTED, PHONE, PROOF, REPORT, UNREPORTED, asking

from mailgate.devices.device import Device
from mailgate.gateway.selfservice.own_devices import exempted_by, own_devices, verdict_on
from mailgate.gateway.selfservice.person import RecognisedPerson
from mailgate.model import (
    Access,
    Assurance,
    Claim,
    Client,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    User,
)
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs


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


async def test_a_look_that_answered_for_some_apps_alone_is_told_as_partial():
    apps = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok")}, {"prohibited": ("tiktok",)})
    asked = replace(asking(), policy=replace(asking().policy, catalog=apps))
    phone = Device(PHONE.id, (replace(REPORT, asked=frozenset({"other"})),))
    (own,) = await Scene(phone).seen(asked)
    assert [each.saw_device for each in own.device.reports] == [False]


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


async def test_the_device_that_asks_reads_no_cause_that_is_about_somebody_it_only_names():
    asked = asking(client=HANDHELD, posture=CLEAN, proof=PROOF)
    named = replace(asked.access, claims=(Claim(User("bob"), HANDHELD, LISTED),))
    (own,) = await Scene(PHONE, worths={PHONE.id: CLEAN}).seen(replace(asked, access=named))
    assert (own.here, own.decision.effect, own.decision.claimed) == (True, Effect.BLOCK, True)
    assert (own.decision.reason, own.decision.title, own.decision.apps) == (Reason.RULE_MATCHED, "", ())


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
    scene = Scene(clean, listed, PHONE, worths={"clean": CLEAN, "listed": LISTED, PHONE.id: CLEAN})
    seen = await scene.seen(asking(client=HANDHELD, posture=CLEAN, proof=PROOF))
    assert [own.mark for own in seen] == [PHONE.id, "listed", "clean"]


LAPTOP = Access(
    RequestFacts(host="mail.example.com", scheme="https"), Client(Kind.LAPTOP, handheld=False), Posture(), NOW
)
RULES = policy(
    (
        {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
        {"id": "bob", "when": 'user.name == "bob"', "effect": "warn", "reason": "rule-matched"},
        {"id": "unproven", "when": 'client.handheld && device.state != "clean"', "effect": "block"},
        {"id": "clean", "when": "client.handheld", "effect": "allow"},
    )
)


def of(posture, *, person="alice", attests=True, eas_id=""):
    return verdict_on(LAPTOP, posture, RULES, user=User(person), attests=attests, eas_id=eas_id)


@pytest.mark.parametrize(
    ("posture", "effect", "reason"),
    [
        (Posture(PostureState.CLEAN, "1", Kind.PHONE), Effect.ALLOW, Reason.RULE_MATCHED),
        (Posture(PostureState.STALE, "1", Kind.PHONE), Effect.BLOCK, Reason.POSTURE_STALE),
        (Posture(PostureState.MISSING, "1"), Effect.BLOCK, Reason.POSTURE_MISSING),
        (Posture(PostureState.LISTED, "1", Kind.LAPTOP), Effect.ALLOW, Reason.RULE_MATCHED),
    ],
)
def test_a_device_is_judged_by_what_it_is_and_not_by_who_asks(posture, effect, reason):
    decision = of(posture)[1]
    assert (decision.effect, decision.reason) == (effect, reason)


def test_a_rule_about_a_person_counts():
    assert of(Posture(PostureState.CLEAN, "1", Kind.PHONE), person="bob")[1].rule == "bob"


@pytest.mark.parametrize(
    ("attests", "eas_id", "protocol", "assurance"),
    [
        (True, "appl1", Protocol.WEB, Assurance.ATTESTED),
        (True, "", Protocol.WEB, Assurance.ATTESTED),
        (False, "appl1", Protocol.ACTIVESYNC, Assurance.CLAIMED),
        (False, "", Protocol.WEB, Assurance.CLAIMED),
    ],
)
def test_a_device_is_judged_by_its_best_protocol(attests, eas_id, protocol, assurance):
    access, _ = of(Posture(PostureState.CLEAN, "1", Kind.PHONE), attests=attests, eas_id=eas_id)
    assert (access.client.protocol, access.client.assurance) == (protocol, assurance)
    assert access.client.eas_id == (eas_id if protocol is Protocol.ACTIVESYNC else "")
    assert access.facts.path == ("/Microsoft-Server-ActiveSync" if protocol is Protocol.ACTIVESYNC else "/")
    assert access.facts.host == "mail.example.com"


@pytest.mark.parametrize("kind", [None, Kind.UNKNOWN, Kind.MAIL_APP, Kind.OTHER])
def test_a_device_of_unknown_kind_counts_as_handheld(kind):
    assert of(Posture(PostureState.CLEAN, "1", kind))[0].client.handheld


DAY = timedelta(days=1)
GIVEN = Relief(1, Cause.EXEMPTION, "", "On a journey", "ada", NOW, NOW + DAY, person="alice")


def exempted(*reliefs: Relief, posture: Posture = LISTED):
    asked = asking(ALICE, client=HANDHELD, posture=posture, proof=PROOF)
    policy = replace(asked.policy, reliefs=Reliefs(1, reliefs))
    access = replace(asked.access, user=replace(asked.access.user, name="alice"))
    return exempted_by(access, decide(access, policy), policy)


def test_an_exemption_counts_where_there_would_be_no_mail_without_it():
    assert exempted(GIVEN) == GIVEN
    assert exempted(replace(GIVEN, until=None)) == replace(GIVEN, until=None)


def test_the_longest_of_several_exemptions_is_told():
    longer = replace(GIVEN, number=2, until=NOW + 2 * DAY)
    assert exempted(longer, GIVEN) == longer
    assert exempted(GIVEN, longer) == longer


def test_a_longer_exemption_from_another_rule_does_not_tell_when_mail_ends():
    assert exempted(replace(GIVEN, number=2, rule="unproven", until=NOW + 9 * DAY), GIVEN) == GIVEN


@pytest.mark.parametrize(
    "reliefs",
    [
        (),
        (replace(GIVEN, person="bob"),),
        (replace(GIVEN, until=NOW),),
        (Relief(3, Cause.BREAK_GLASS, "listed", "Sent in error", "ada", NOW, NOW + DAY),),
    ],
    ids=["none", "of another person", "over", "the rule is off for everybody"],
)
def test_an_exemption_that_changes_nothing_is_not_told(reliefs):
    assert exempted(*reliefs) is None


def test_a_rule_that_is_off_for_everybody_is_no_exemption_of_anybody():
    off = Relief(3, Cause.BREAK_GLASS, "unproven", "Sent in error", "ada", NOW, NOW + DAY)
    unknown = Posture(PostureState.MISSING, "1", Kind.PHONE)
    assert exempted(off, posture=unknown) is None
    assert exempted(GIVEN, posture=unknown) == GIVEN


def test_a_clean_device_needs_no_exemption():
    assert exempted(GIVEN, posture=CLEAN) is None
