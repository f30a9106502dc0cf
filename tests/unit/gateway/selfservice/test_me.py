"""A person's own page: who sees what, what is asked again, and what stays hidden."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, gate, renew
from tests.unit.gateway.own import (
    CLEAN,
    HANDHELD,
    LISTED,
    PHONE,
    PROOF,
    REPORT,
    RULES,
    UNREPORTED,
    Tokens,
    asking,
)
from tests.unit.gateway.selfservice.test_login_check import Mail, basic, check_of
from tests.unit.gateway.selfservice.test_stored_view import ASKED_FOR_HELP, EXEMPTED, KEY, SEEN
from tests.unit.gateway.wire import exchange, facts_of
from tests.unit.store.mail import a_mail

from mailgate.devices.device import Device
from mailgate.gateway.selfservice.login_check import MAX_WRONG_LOGINS
from mailgate.gateway.selfservice.own_forms import PairingCodes
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.http.request import RequestRefused
from mailgate.model import CheckResult, Posture, PostureState
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Recorded, StoreUnavailableError, Tally
from mailgate.store.person_records import QuarantineMail
from mailgate.tasks import ON_BEHALF_OF

IPHONE = (
    b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
)
COMPUTER = b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0"
ALICE = b"X-Forwarded-User: alice"
SAME_ORIGIN = b"Sec-Fetch-Site: same-origin"
PAGE, STATUS = b"GET /.mailgate/me HTTP/1.1", b"GET /.mailgate/status HTTP/1.1"
POST = b"POST /.mailgate/me HTTP/1.1"


class Scene:
    """A gate behind a proxy that says who is there, with a phone of alice's in its store."""

    def __init__(self, **changed):
        self.mail = Mail()
        self.gate = gate(
            service={"judge": self, "check": check_of(self.mail), **changed},
            trusted=(ip_network("192.0.2.0/24"),),
            policy=RULES,
        )
        self.service = self.gate.own.self_service
        self.people = self.service.people
        self.judged = None
        self.people.of["alice"] = [PHONE]
        self.service.known.worths[PHONE.id] = LISTED

    async def verdict(self, incoming, now):
        if self.judged:
            return replace(self.judged.access, facts=incoming.facts), self.judged.decision
        return await self.gate.judge.verdict(incoming, now)

    async def ask(self, line=PAGE, *fields, peer="192.0.2.1", body=b""):
        head = exchange(line, *fields).head
        incoming = facts_of(head, peer=peer, secure=False, trusted=self.gate.in_force.live.trusted)
        return await self.gate.own.answer(replace(incoming, body=body), "REF2345", NOW)

    async def page(self, line=PAGE, *fields, **more):
        answer = await self.ask(line, *fields, **more)
        assert answer.status == 200
        return words(answer)

    async def check(self, mark=PHONE.id, *fields, body=None):
        posted = f"device={mark}".encode() if body is None else body
        return await self.ask(POST, ALICE, *(fields or (SAME_ORIGIN,)), body=posted)


def words(answer):
    text = re.sub(r"<(style|script)>.*?</\1>", "", answer.body.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def test_a_person_sees_their_devices_and_why_one_gets_no_mail():
    page = await Scene().page(PAGE, ALICE)
    assert "You are alice : you logged in with your company." in page
    assert "iPhone" in page
    assert "Gets no company mail" in page
    assert "it-help@example.com" in page


async def test_sources_of_their_devices_that_send_unlisted_apps_are_named():
    scene = Scene()
    own = PHONE.reports[0].source
    for names, told in (({own, "other"}, True), ({"other"}, False)):
        responses = replace(scene.gate.in_force.live.responses, unlisted_from=frozenset(names))
        renew(scene.gate, responses=responses)
        page = await scene.page(PAGE, ALICE)
        assert (f"send the gate every app that they collect: {own} . All but listed" in page) is told


async def test_the_page_may_not_be_kept_framed_or_extended():
    answer = await Scene().ask(PAGE, ALICE)
    headers = dict(answer.headers)
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Content-Language"] == "en"


async def test_a_person_sees_nothing_of_another():
    scene = Scene()
    scene.people.of["bob"] = []
    page = await scene.page(PAGE, b"X-Forwarded-User: bob")
    assert "Nothing is stored about you" in page
    assert "iPhone" not in page
    assert "alice" not in page


@pytest.mark.parametrize(
    "fields",
    [(ALICE,), (b"Cookie: session=alice",), (b"X-Remote-User: alice",)],
    ids=["a login", "a session", "a header of the proxy"],
)
async def test_a_stranger_cannot_say_who_they_are(fields):
    scene = Scene()
    page = await scene.page(PAGE, *fields, peer="198.51.100.1")
    assert "This browser has not shown who you are" in page
    assert "iPhone" not in page


async def test_an_activesync_id_in_the_address_opens_nothing():
    scene = Scene()
    scene.gate.judge.postures.posture = LISTED
    line = b"GET /.mailgate/me?DeviceId=ApplC39X8FAKE&DeviceType=iPhone HTTP/1.1"
    assert "intune" not in await scene.page(line)


async def test_a_login_that_the_webmail_accepts_opens_the_page():
    page = await Scene().page(PAGE, basic())
    assert "You are alice : you logged in with your mail login." in page
    assert "iPhone" in page


async def test_signing_in_is_asked_for_where_the_webmail_tells_right_from_wrong():
    scene = Scene()
    assert "Log in to see all your devices" in await scene.page(PAGE)
    sign_in = b"GET /.mailgate/me?sign-in HTTP/1.1"
    answer = await scene.ask(sign_in)
    assert (answer.status, dict(answer.headers)["WWW-Authenticate"]) == (
        401,
        'Basic realm="mail.example.com", charset="UTF-8"',
    )
    assert "This login was not accepted." in words(await scene.ask(sign_in, basic(password="guess")))
    assert (await scene.ask(sign_in, basic())).status == 200


async def test_signing_in_is_not_offered_where_it_would_prove_nothing():
    scene = Scene()
    scene.mail.stranger = 200
    assert "Sign in" not in await scene.page(PAGE)
    assert "cannot be checked" in await scene.page(b"GET /.mailgate/me?sign-in HTTP/1.1", basic())


async def test_without_a_check_no_login_is_looked_at():
    scene = Scene(check=None)
    assert "Sign in" not in await scene.page(PAGE, basic())
    assert scene.mail.asked == []


async def test_guessing_is_stopped():
    scene, sign_in = Scene(), b"GET /.mailgate/me?sign-in HTTP/1.1"
    for number in range(MAX_WRONG_LOGINS):
        assert (await scene.ask(sign_in, basic(password=str(number)))).status == 401
    answer = await scene.ask(sign_in, basic(password="right"))
    assert answer.status == 429
    assert "wait ten minutes" in words(answer)
    assert "WWW-Authenticate" not in dict(answer.headers)


async def test_recorded_decisions_and_mails_are_listed():
    scene = Scene(domain="example.com")
    scene.people.rows = [Recorded("id", SEEN, Tally(3, NOW, NOW, "REF2345"))]
    scene.people.refusal_mails = [QuarantineMail("appl1", "prohibited-app", NOW)]
    scene.people.rule_mails, scene.people.spoken = [a_mail("alice")], ("de", NOW.date())
    scene.people.keys = [KEY]
    page = await scene.page(PAGE, ALICE)
    assert "Requests for mail, counted by day 1" in page
    assert "Devices that you enrolled here 1" in page
    assert "Mails sent to you about a refusal 1" in page
    assert "Mails written to you about a rule 1" in page
    assert "The language of the mails to you 1" in page
    assert "alice@example.com" in page


async def test_a_phone_that_never_reported_is_there_too():
    scene = Scene()
    scene.people.sighted = [UNREPORTED]
    page = await scene.page(PAGE, ALICE)
    assert "It is not known which apps are on this device" in page
    assert "id ends in 7777" in page


async def test_a_store_that_is_down_is_not_an_empty_one():
    scene = Scene()
    scene.people.breaks = StoreUnavailableError("down")
    page = await scene.page(PAGE, ALICE)
    assert "What is stored cannot be read right now." in page
    assert "Nothing is stored" not in page


async def test_the_page_opens_for_a_refused_browser():
    page = await Scene().page(PAGE, IPHONE)
    assert "This browser gets no company mail" in page
    assert "We cannot tell which device this browser is on" in page


async def test_checking_again_asks_the_sources_and_says_what_came_of_it():
    asked = []

    async def ask(source, device_id):
        asked.append((source, device_id))
        clean = replace(REPORT, apps=frozenset(), reported_at=NOW)
        scene.people.of["alice"] = [replace(PHONE, reports=(clean,))]
        scene.service.known.worths[PHONE.id] = CLEAN
        return CheckResult.TAKEN

    scene = Scene(recheck=Recheck(ask))
    answer = words(await scene.check())
    assert "intune saw no listed app" in answer
    assert "Gets company mail" in answer
    assert asked == [("intune", "intune-1")]


async def test_the_answer_stands_with_the_joined_device():
    async def ask(_source, _device_id):
        scene.people.of["alice"] = [Device("dddd-eeee-ffff", (REPORT,), former_ids=frozenset({PHONE.id}))]
        return CheckResult.WAIT

    scene = Scene(recheck=Recheck(ask))
    assert "Please wait a minute" in words(await scene.check())


@pytest.mark.parametrize("mark", ["", "other-device", "AAAA-BBBB-CCCC"])
async def test_only_a_device_of_ones_own_is_asked_about(mark):
    async def never(_source, _device_id):
        raise AssertionError("asked about a device that is not theirs")

    scene = Scene(recheck=Recheck(never))
    answer = words(await scene.check(mark))
    assert "Asked" not in answer
    assert "iPhone" in answer


@pytest.mark.parametrize(
    "fields",
    [
        (b"Sec-Fetch-Site: cross-site",),
        (b"Sec-Fetch-Site: same-site",),
        (b"Origin: https://evil.example",),
        (b"Origin: null",),
        (b"X: y",),
    ],
)
async def test_another_site_cannot_make_it_ask(fields):
    with pytest.raises(RequestRefused) as refused:
        await Scene().check(PHONE.id, *fields)
    assert refused.value.status == 403


@pytest.mark.parametrize("body", [b"\xff\xfe", b"device", b"device=%ff", b"&&&=", b"device=a&device=b"])
async def test_a_malformed_form_asks_nothing(body):
    assert "Asked" not in words(await Scene().check(body=body))


async def test_a_pairing_code_is_shown_once_on_a_computer():
    scene = Scene(codes=PairingCodes(Tokens(), offered=True, random=bytes))
    assert "Show a code" in await scene.page(PAGE, ALICE, COMPUTER)
    assert "Show a code" not in await scene.page(PAGE, ALICE, IPHONE)
    made = await scene.page(POST, ALICE, COMPUTER, SAME_ORIGIN, body=b"code=new")
    assert "Enter this code" in made
    assert "0000-0000" in made
    assert "0000-0000" not in await scene.page(PAGE, ALICE, COMPUTER)


async def test_no_other_site_makes_a_pairing_code():
    tokens = Tokens()
    scene = Scene(codes=PairingCodes(tokens, offered=True))
    with pytest.raises(RequestRefused):
        await scene.ask(POST, ALICE, COMPUTER, b"Sec-Fetch-Site: cross-site", body=b"code=new")
    assert not tokens


async def test_status_is_the_verdict_and_what_it_rests_on():
    answer = await Scene().ask(STATUS, IPHONE)
    said = json.loads(answer.body)
    assert (answer.status, said["reference"], said["devices"]) == (200, "REF2345", [])
    assert said["verdict"]["effect"] == "block"
    assert (said["client"]["kind"], said["client"]["handheld"]) == ("phone", True)


async def test_status_has_every_device_of_the_person():
    said = json.loads((await Scene().ask(STATUS, ALICE)).body)
    assert [(each["id"], each["state"]) for each in said["devices"]] == [(PHONE.id, "listed")]
    assert said["devices"][0]["verdict"]["reason"] == "prohibited-app"


async def test_the_status_shows_a_proven_device_before_it_is_stored():
    scene = Scene()
    scene.service.people.by_id = {}
    known = Posture(PostureState.LISTED, "id", apps=("tiktok",), source="mdm")
    scene.judged = asking(client=HANDHELD, posture=known, proof=PROOF)
    (device,) = json.loads((await scene.ask(STATUS)).body)["devices"]
    assert (device["id"], device["here"], device["state"]) == ("id", True, "listed")
    assert device["apps"] == ["tiktok"]
    assert device["deleted_at"] is None


async def test_a_device_that_only_an_id_led_to_is_not_shown():
    scene = Scene()
    scene.judged = asking(client=HANDHELD, posture=LISTED)
    assert json.loads((await scene.ask(STATUS)).body)["devices"] == []


async def test_status_is_not_sent_twice():
    scene = Scene()
    mark = dict((await scene.ask(STATUS, ALICE)).headers)["ETag"]
    assert (await scene.ask(STATUS, ALICE, b"If-None-Match: " + mark.encode())).status == 304
    scene.service.known.worths[PHONE.id] = CLEAN
    assert (await scene.ask(STATUS, ALICE, b"If-None-Match: " + mark.encode())).status == 200


async def test_the_page_knows_the_mark_of_the_status_that_it_shows():
    scene = Scene()
    mark = dict((await scene.ask(STATUS, ALICE)).headers)["ETag"]
    page = (await scene.ask(PAGE, ALICE)).body.decode()
    assert f'data-print="{mark.replace(chr(34), "&#34;")}"' in page


async def test_logins_are_counted_by_what_came_of_them():
    scene = Scene()
    await scene.ask(PAGE, basic())
    await scene.ask(PAGE, basic(password="guess"))
    counted = scene.gate.metrics.registry.get_sample_value
    assert counted("mailgate_page_logins_total", {"result": "right"}) == 1
    assert counted("mailgate_page_logins_total", {"result": "wrong"}) == 1


async def test_a_person_sees_their_exemptions_and_help_requests():
    scene = Scene()
    scene.people.exempted, scene.people.calls = [EXEMPTED], [ASKED_FOR_HELP]
    page = await scene.page(PAGE, ALICE)
    assert "Exemptions from rules 1" in page
    assert "a new phone" in page
    assert "Your requests for help 1" in page


@pytest.mark.parametrize(
    "login",
    [
        b"OTHER\\alice",
        b"EXAMPLE\\alice",
        b"alice@other.example",
        b"alice%40example.com",
        b"alice@example.com.",
    ],
)
async def test_nobody_is_shown_what_was_written_to_somebody_of_another_domain(login):
    scene = Scene(domain="example.com")
    scene.people.refusal_mails = [QuarantineMail("appl1", "prohibited-app", NOW)]
    page = await scene.page(PAGE, b"X-Forwarded-User: " + login)
    assert "Mails sent to you about a refusal" not in page


RECHECK = b"POST /.mailgate/recheck HTTP/1.1"


def answering(again):
    async def ask(source, device_id):
        return again

    return Recheck(ask)


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (CheckResult.TAKEN, "intune still saw tiktok 3 minutes ago."),
        (CheckResult.FAILED, "intune did not answer. Please try again in a few minutes."),
        (CheckResult.CANNOT, "We can ask nobody about this device."),
        (CheckResult.WAIT, "You asked a moment ago."),
    ],
)
async def test_the_button_of_a_refusal_asks_the_sources_of_the_device_that_asks(again, said):
    scene = Scene(recheck=answering(again))
    scene.judged = asking(client=HANDHELD, posture=LISTED, proof=PROOF)
    scene.people.by_id = {PHONE.id: PHONE}
    answer = await scene.ask(RECHECK, SAME_ORIGIN)
    told = json.loads(answer.body)
    assert (answer.status, told["reference"]) == (200, "REF2345")
    assert told["said"].startswith(said)


async def test_the_button_asks_about_no_device_that_has_not_proved_itself():
    scene = Scene(recheck=answering(CheckResult.TAKEN))
    told = json.loads((await scene.ask(RECHECK, ALICE, SAME_ORIGIN)).body)
    assert told["said"].startswith("We can ask nobody about this device")


async def test_no_other_site_can_press_the_button():
    with pytest.raises(RequestRefused) as refused:
        await Scene().ask(RECHECK, b"Sec-Fetch-Site: cross-site")
    assert refused.value.status == 403


async def test_a_check_without_the_store_says_nothing():
    scene = Scene(recheck=answering(CheckResult.TAKEN))
    scene.judged = asking(client=HANDHELD, posture=LISTED, proof=PROOF)

    async def away(_device_id):
        raise StoreUnavailableError

    scene.people.device = away
    assert json.loads((await scene.ask(RECHECK, SAME_ORIGIN)).body)["said"] == ""


async def test_an_exemption_is_told_in_the_readers_language():
    scene = Scene()
    policy = scene.gate.in_force.live.policy
    given = Relief(
        1, Cause.EXEMPTION, "", "On a journey", "ada", NOW, NOW + timedelta(days=3), person="alice"
    )
    live = scene.gate.in_force.live
    scene.gate.in_force.live = replace(live, policy=replace(policy, reliefs=Reliefs(1, (given,))))
    page = await scene.page(PAGE, ALICE)
    assert "by an exemption After that it gets no company mail, if nothing changes." in page
    assert "The exemption says: On a journey" in page
    assert "ada" not in page.replace("day", "")


DOWNLOAD = b"GET /.mailgate/me?download HTTP/1.1"


async def test_a_download_has_every_row_and_every_field_and_is_saved():
    scene = Scene()
    scene.people.rows = [Recorded("id", SEEN, Tally(3, NOW, NOW, "REF2345"))] * 12
    answer = await scene.ask(DOWNLOAD, ALICE)
    told = json.loads(answer.body)
    headers = dict(answer.headers)
    assert headers["Content-Disposition"] == 'attachment; filename="stored-about-you.json"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (told["person"], len(told["requests"])) == ("alice", 12)
    assert told["devices"][0]["id"] == PHONE.id
    assert told["devices"][0]["stored"][1]["source"] == "intune"
    assert "reference" in told["requests"][0]


async def test_a_download_by_nobody_names_nobody():
    told = json.loads((await Scene().ask(DOWNLOAD)).body)
    assert (told["person"], told["devices"], told["requests"]) == ("", [], [])


async def test_a_person_has_one_download_made_at_a_time_and_others_do_not_wait_for_it():
    scene, going, reads = Scene(), asyncio.Event(), []
    scene.people.of["bob"] = []
    read = scene.people.requests

    async def slowly(name, *more):
        reads.append(name)
        await going.wait()
        return await read(name, *more)

    scene.people.requests = slowly
    asked = (ALICE, ALICE, b"X-Forwarded-User: Alice", b"X-Forwarded-User: bob")
    tasks = [asyncio.create_task(scene.ask(DOWNLOAD, each)) for each in asked]
    for _ in range(100):
        await asyncio.sleep(0)
    assert reads == ["alice", "bob"]
    going.set()
    assert [each.status for each in await asyncio.gather(*tasks)] == [200] * 4


async def test_an_unreadable_store_is_told_on_the_page():
    scene = Scene()

    async def away(*_):
        raise StoreUnavailableError

    scene.people.devices = away
    assert "What is stored cannot be read right now" in await scene.page(DOWNLOAD, ALICE)


@pytest.mark.parametrize(
    ("field", "reader"), [(b"X-Forwarded-User: ALICE", "alice"), (b"X-Forwarded-User: alice", "alice"), (b"Accept: */*", " ")]
)  # fmt: skip
async def test_readers_wait_for_themselves_and_not_for_the_gate(field, reader):
    """A name in another spelling takes no second thread, and strangers take none of the gate's own turns."""
    scene, found = Scene(), []
    read = scene.people.requests

    async def noted(name, *more):
        found.append(ON_BEHALF_OF.get())
        return await read(name, *more)

    scene.people.requests = noted
    await scene.ask(DOWNLOAD, field)
    assert found == [reader]
