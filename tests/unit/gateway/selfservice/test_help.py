"""Somebody who was refused asks for help."""

import re
from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, REFERENCE, ask, gate, renew, value
from tests.unit.gateway.refusals.test_help_ticket import DESK
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.gateway.http1.request import RequestRefused
from mailgate.model import Reason
from mailgate.store import StoreUnavailableError

PAGE = (
    b"Accept: text/html",
    b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148",
)
ADA, LIN = b"X-Forwarded-User: Ada", b"X-Forwarded-User: lin"


class Desk:
    def __init__(self):
        self.noted, self.told, self.breaks = [], [], None

    async def note(self, asked):
        if self.breaks:
            raise self.breaks
        self.noted.append(asked)

    async def called(self, rule):
        self.told.append(rule)


class Scene:
    """A gate behind a proxy that refuses phones, with a desk."""

    def __init__(self):
        self.desk = Desk()
        self.gate = gate(trusted=(ip_network("192.0.2.0/24"),), desk=self.desk)
        renew(self.gate, speaker=replace(self.gate.in_force.live.speaker, tickets=DESK))

    async def refused(self, *fields):
        """The ticket in the page of a refusal."""
        status, _, body, _ = await ask(self.gate, "/", *PAGE, *fields)
        assert status == 403
        return re.search(rb'name="refusal" value="([^"]+)"', body)[1]

    async def press(self, ticket, *fields, peer="192.0.2.1"):
        head = exchange(b"POST /.mailgate/help HTTP/1.1", *PAGE, *fields).head
        incoming = facts_of(head, peer=peer, secure=False, trusted=self.gate.in_force.live.trusted)
        return await self.gate.own.answer(replace(incoming, body=b"refusal=" + ticket), "OTHER", NOW)


@pytest.fixture
def scene():
    return Scene()


async def test_who_was_refused_asks_for_help_and_is_told_that_it_is_noted(scene):
    ticket = await scene.refused()
    answer = await scene.press(ticket, peer="203.0.113.5")
    page = answer.body.decode()
    assert answer.status == 200
    assert "Your request for help is noted" in page
    assert REFERENCE in page, "of the refusal, not of this request"
    (asked,) = scene.desk.noted
    assert (asked.reference, asked.subject, asked.known, asked.person) == (REFERENCE, REFERENCE, False, "")
    assert scene.desk.told == [], "nobody whom the gate knows"
    assert value(scene.gate, "mailgate_help_requests_total", rule=asked.rule) == 1


@pytest.mark.parametrize("ticket", [b"", b"1.2.3", b"refusal=x"])
async def test_without_a_ticket_of_a_refusal_nothing_is_noted(scene, ticket):
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket)
    assert refused.value.status == 400
    assert scene.desk.noted == []


async def test_a_gate_without_a_desk_shows_no_button():
    status, _, body, _ = await ask(gate(), "/", *PAGE)
    assert (status, b"/.mailgate/help" in body) == (403, False)


async def test_who_presses_again_and_again_has_to_wait(scene):
    ticket = await scene.refused()
    for _ in range(3):
        await scene.press(ticket, peer="203.0.113.5")
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket, peer="203.0.113.5")
    assert (refused.value.status, refused.value.reason) == (429, Reason.TOO_MANY_REQUESTS)
    await scene.press(ticket, peer="203.0.113.6")
    await scene.press(ticket, peer="2001:db8::1")
    assert len(scene.desk.noted) == 5


async def test_while_the_store_is_away_it_says_so(scene):
    ticket = await scene.refused()
    scene.desk.breaks = StoreUnavailableError()
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket)
    assert refused.value.status == 503


async def test_a_person_whom_the_gate_knows_counts_under_their_name_and_the_rule_is_told(scene):
    ticket = await scene.refused(ADA)
    await scene.press(ticket, ADA)
    (asked,) = scene.desk.noted
    assert (asked.person, asked.subject, asked.known) == ("ada", "ada", True)
    assert scene.desk.told == [asked.rule]


async def test_a_ticket_of_somebody_else_counts_for_nobody(scene):
    ticket = await scene.refused(ADA)
    await scene.press(ticket, LIN)
    await scene.press(ticket, peer="203.0.113.5")
    assert [(asked.person, asked.known) for asked in scene.desk.noted] == [("", False)] * 2
    assert scene.desk.told == []


async def test_a_refusal_without_a_name_counts_for_nobody_later(scene):
    ticket = await scene.refused()
    await scene.press(ticket, ADA)
    assert not scene.desk.noted[0].known
