"""A person whom a rule refuses lets themselves in for a time."""

import base64
import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, Known, NoPeople, ask, gate, policy, renew, value
from tests.unit.gateway.refusals.test_help_ticket import DESK
from tests.unit.gateway.selfservice.test_help import ADA, LIN, PAGE
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.gateway.refusals.help_ticket import Ticket, digest_of
from mailgate.gateway.selfservice.let_in import still_offered
from mailgate.gateway.selfservice.login_check import LoginResult
from mailgate.http.request import RequestRefused
from mailgate.model import CertificateResult, Posture, PostureState, Reason
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Reliefs
from mailgate.store import StoreUnavailableError
from mailgate.store.reliefs import KeptRelief

DAY = timedelta(days=1)
RULES = (
    {"id": "phones", "when": "client.handheld", "effect": "block", "self_service": {}},
    {"id": "rest", "when": "true", "effect": "allow"},
)
PASSWORD = b"Authorization: Basic " + base64.b64encode(b"ada:secret")


class LetIns:
    """The store, in which each person lets themselves in once."""

    def __init__(self):
        self.kept, self.acts, self.breaks, self.ended, self.shut = {}, [], None, None, set()

    async def used(self, person, rule, since):
        if self.breaks:
            raise self.breaks
        return person in self.kept

    async def let_in(self, relief, once_per, act):
        if self.breaks:
            raise self.breaks
        assert once_per == timedelta(days=30)
        if relief.person in self.shut:
            return None
        if relief.person in self.kept:
            return self.kept[relief.person], False
        self.acts.append(act)
        self.kept[relief.person] = KeptRelief(replace(relief, number=len(self.kept) + 1), self.ended)
        return self.kept[relief.person], True


class Check:
    def __init__(self, result=LoginResult.RIGHT, *, offers=True):
        self.result, self.offers = result, offers

    async def look(self, incoming):
        return self.result if incoming.login else LoginResult.NONE

    async def offered(self, _incoming):
        return self.offers


class Scene:
    """A gate behind a proxy whose rule refuses phones, and lets people let themselves in."""

    def __init__(self, rules=RULES, check=None):
        self.let_ins, self.people = LetIns(), NoPeople()
        service = {"let_ins": self.let_ins, "people": self.people, "check": check}
        self.known = Known()
        trusted = (ip_network("192.0.2.0/24"),)
        self.gate = gate(trusted=trusted, policy=policy(rules), service=service, postures=self.known)
        renew(self.gate, responses=replace(self.gate.in_force.live.responses, tickets=DESK))

    async def shown(self, *fields):
        status, _, body, _ = await ask(self.gate, "/", *PAGE, *fields)
        assert status == 403
        return body.decode()

    async def ticket(self, *fields):
        return re.search(r'name="refusal" value="([^"]+)"', await self.shown(*fields))[1]

    async def press(self, ticket, *fields, why=b"a+train+to+catch", peer="192.0.2.1", now=NOW):
        head = exchange(b"POST /.mailgate/let-in HTTP/1.1", *PAGE, *fields).head
        incoming = facts_of(
            head, peer=peer, secure=False, trusted=self.gate.in_force.live.trusted, over_https=True
        )
        sent = b"refusal=%b&words=%b" % (ticket.encode(), why)
        return await self.gate.own.answer(replace(incoming, body=sent), "OTHER", now)


FORM = 'action="/.mailgate/let-in"'


@pytest.fixture
def scene():
    return Scene()


async def test_a_person_is_let_in_until_a_time_and_it_is_on_record(scene):
    page = await scene.shown(ADA)
    assert FORM in page
    assert "Let me in for 24 hours" in page
    assert "once in 30 days" in page
    answer = await scene.press(await scene.ticket(ADA), ADA)
    assert answer.status == 200
    assert b"You get mail now" in answer.body
    assert (NOW + DAY).isoformat().encode() in answer.body
    (kept,) = scene.let_ins.kept.values()
    given = (kept.relief.cause, kept.relief.rule, kept.relief.person, kept.relief.why, kept.relief.until)
    assert given == (Cause.SELF_SERVICE, "phones", "ada", "a train to catch", NOW + DAY)
    (act,) = scene.let_ins.acts
    assert (act.who, act.what, act.why) == ("self-service", "let-in", "")
    assert value(scene.gate, "mailgate_let_ins_total", rule="phones") == 1


async def test_who_presses_again_or_in_another_browser_reads_the_same_end_and_then_that_it_is_used(scene):
    ticket = await scene.ticket(ADA)
    first, again = await scene.press(ticket, ADA), await scene.press(ticket, ADA)
    assert (again.status, again.body) == (200, first.body)
    later = await scene.press(ticket, ADA, now=NOW + timedelta(hours=23))
    assert later.status == 200
    kept = scene.let_ins.kept["ada"]
    scene.let_ins.kept["ada"] = replace(kept, ended_at=NOW)
    used = await scene.press(ticket, ADA)
    assert (used.status, b"You have let yourself in before" in used.body) == (403, True)
    assert (NOW + 30 * DAY).isoformat().encode() in used.body
    assert value(scene.gate, "mailgate_let_ins_total", rule="phones") == 1


async def test_while_it_holds_the_mail_comes_and_its_button_says_until_when(scene):
    ticket = await scene.ticket(ADA)
    await scene.press(ticket, ADA)
    rules = scene.gate.in_force.live.policy
    renew(scene.gate, policy=replace(rules, reliefs=Reliefs(1, (scene.let_ins.kept["ada"].relief,))))
    assert (await ask(scene.gate, "/", *PAGE, ADA))[0] == 200
    assert (await ask(scene.gate, "/", *PAGE, LIN))[0] == 403
    again = await scene.press(ticket, ADA)
    assert (again.status, b"You get mail now" in again.body) == (200, True)
    renew(scene.gate, policy=policy(({**RULES[0], "self_service": None}, RULES[1])))
    assert (await ask(scene.gate, "/", *PAGE, ADA))[0] == 403, "the rule offers it no longer"


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        (RULES, ()),
        (({**RULES[0], "self_service": None}, RULES[1]), (ADA,)),
        ((*RULES[:1], {"id": "too", "when": "true", "effect": "block"}), (ADA,)),
    ],
)
async def test_nobody_else_sees_the_form_and_a_form_from_elsewhere_lets_nobody_in(rules, fields):
    scene = Scene(rules)
    assert FORM not in await scene.shown(*fields)
    answer = await scene.press(await scene.ticket(*fields), *fields)
    assert (answer.status, scene.let_ins.kept) == (403, {})


@pytest.mark.parametrize(
    ("given_to", "sender", "peer"),
    [(ADA, LIN, "192.0.2.1"), (LIN, ADA, "192.0.2.1"), (ADA, ADA, "203.0.113.5")],
)
async def test_a_ticket_of_another_person_or_a_name_that_no_proxy_vouches_for_lets_nobody_in(
    scene, given_to, sender, peer
):
    answer = await scene.press(await scene.ticket(given_to), sender, peer=peer)
    assert (answer.status, scene.let_ins.kept) == (403, {})


async def test_a_ticket_of_another_rule_or_day_lets_nobody_in(scene):
    ticket = await scene.ticket(ADA)
    renew(scene.gate, policy=policy(({**RULES[0], "id": "renamed"}, RULES[1])))
    assert (await scene.press(ticket, ADA)).status == 403
    for sent, at in ((ticket, NOW + DAY), (ticket[:-1] + "x", NOW), ("", NOW)):
        with pytest.raises(RequestRefused) as refused:
            await scene.press(sent, ADA, now=at)
        assert refused.value.status == 400
    assert scene.let_ins.kept == {}


@pytest.mark.parametrize(
    "posture",
    [
        Posture(PostureState.CLEAN, lost=True),
        Posture(PostureState.UNAVAILABLE, findings=(Reason.DEVICE_CONTRADICTED,)),
    ],
)
async def test_a_device_that_is_lost_or_contradicts_itself_lets_nobody_in(scene, posture):
    ticket = await scene.ticket(ADA)
    scene.known.posture = posture
    assert (await scene.press(ticket, ADA)).status == 403
    assert FORM not in await scene.shown(ADA)
    assert scene.let_ins.kept == {}


async def test_whose_enrolment_is_revoked_does_not_let_themselves_in(scene):
    scene.let_ins.shut.add("ada")
    assert (await scene.press(await scene.ticket(ADA), ADA)).status == 403
    assert scene.let_ins.kept == {}


async def test_the_store_that_does_not_answer_lets_nobody_in_and_the_page_says_so(scene):
    scene.let_ins.breaks = StoreUnavailableError("away")
    answer = await scene.press(await scene.ticket(ADA), ADA)
    assert (answer.status, b"We could not save this" in answer.body) == (503, True)
    assert value(scene.gate, "mailgate_let_ins_total", rule="phones") is None


@pytest.mark.parametrize(
    ("reason", "why", "status", "kept"),
    [
        ("required", b"+", 400, None),
        ("required", b"caf%C3%A9%07", 200, "café"),
        ("optional", b"", 200, ""),
        ("none", b"ignored", 200, ""),
    ],
)
async def test_the_reason_is_as_the_rule_wants_it(reason, why, status, kept):
    scene = Scene(({**RULES[0], "self_service": {"reason": reason}}, RULES[1]))
    page = await scene.shown(ADA)
    assert ('id="why"' in page, " required>" in page) == (reason != "none", reason == "required")
    answer = await scene.press(await scene.ticket(ADA), ADA, why=why)
    assert answer.status == status
    assert [each.relief.why for each in scene.let_ins.kept.values()] == ([] if kept is None else [kept])
    assert (FORM in answer.body.decode()) is (kept is None)


async def test_tries_of_one_person_are_limited(scene):
    ticket = await scene.ticket(ADA)
    for _ in range(5):
        assert (await scene.press(ticket, ADA)).status == 200
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket, ADA)
    assert refused.value.status == 429


CERTIFIED = Posture(PostureState.CLEAN, device_id="d1", owner="ada")


async def test_the_page_offers_no_let_in_that_is_used_up_or_cannot_be_kept(scene):
    await scene.press(await scene.ticket(ADA), ADA)
    assert (FORM in await scene.shown(ADA), FORM in await scene.shown(LIN)) == (False, True)
    scene.let_ins.breaks = StoreUnavailableError("away")
    assert FORM not in await scene.shown(LIN)


@pytest.mark.parametrize(("check", "shown"), [(Check(), True), (Check(offers=False), False), (None, False)])
async def test_a_device_that_no_proxy_names_is_offered_it_where_a_login_can_be_checked(check, shown):
    scene = Scene(check=check)
    scene.known.posture = CERTIFIED
    incoming = facts_of(
        exchange(b"GET / HTTP/1.1", *PAGE).head,
        peer="192.0.2.1", secure=False, trusted=scene.gate.in_force.live.trusted, over_https=True,
    )  # fmt: skip
    access, _ = await scene.gate.judge.verdict(incoming, NOW)
    known = replace(access, posture=CERTIFIED, certificate=CertificateResult())
    decision = decide(known, scene.gate.in_force.live.policy)
    assert decision.let_in
    told = await still_offered(scene.gate.own.self_service, incoming, known, decision)
    assert (told.let_in is not None) is shown


@pytest.mark.parametrize(
    ("check", "fields", "status"),
    [
        (Check(), (), 401),
        (Check(offers=False), (), 403),
        (Check(LoginResult.TOO_MANY), (PASSWORD,), 429),
        (Check(LoginResult.WRONG), (PASSWORD,), 401),
        (Check(), (PASSWORD,), 200),
        (None, (), 403),
    ],
)
async def test_a_proven_device_is_not_enough_without_a_login(monkeypatch, check, fields, status):
    scene = Scene(check=check)
    judged = scene.gate.judge.verdict

    async def verdict(self, incoming, now):
        access, _ = await judged(incoming, now)
        known = replace(access, posture=CERTIFIED, certificate=CertificateResult())
        return known, decide(known, self.in_force.live.policy)

    monkeypatch.setattr(type(scene.gate.judge), "verdict", verdict)
    ticket = DESK.seal(Ticket("phones", "kind-refused", "REF", digest_of("ada"), "0" * 32, NOW))
    answer = await scene.press(ticket, *fields)
    assert answer.status == status
    assert (("WWW-Authenticate" in dict(answer.headers)), bool(scene.let_ins.kept)) == (
        status == 401,
        status == 200,
    )
