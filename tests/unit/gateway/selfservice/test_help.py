"""Somebody who was refused asks for help."""

import re
from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, REFERENCE, ask, gate, renew, value
from tests.unit.gateway.refusals.test_help_ticket import DESK
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.store import StoreUnavailableError
from mailgate.store.client_facts import client_facts
from mailgate.store.ledger import sighting_of
from mailgate.store.sightings import id_of

PAGE = (
    b"Accept: text/html",
    b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148",
)
ADA, LIN = b"X-Forwarded-User: Ada", b"X-Forwarded-User: lin"


def named(number):
    """The cookie of a browser."""
    return b"Cookie: __Host-mailgate-help=%032x" % number


class Desk:
    def __init__(self):
        self.noted, self.told, self.led_to, self.breaks = [], [], [], None
        self.answers = {}
        """The answers by subject."""

    async def note(self, asked, sighting=""):
        if self.breaks:
            raise self.breaks
        self.noted.append(asked)
        self.led_to.append(sighting)

    async def one(self, rule, subject):
        if self.breaks:
            raise self.breaks
        found = [each for each in self.noted if (each.rule, each.subject) == (rule, subject)]
        answer = self.answers.get(subject, "")
        return replace(found[-1], answer=answer, replied_at=NOW if answer else None) if found else None

    async def called(self, rule):
        self.told.append(rule)


class Scene:
    """A gate behind a proxy that refuses phones, with a desk."""

    def __init__(self):
        self.desk = Desk()
        self.gate = gate(trusted=(ip_network("192.0.2.0/24"),), desk=self.desk)
        renew(self.gate, responses=replace(self.gate.in_force.live.responses, tickets=DESK))

    async def refused(self, *fields):
        """The ticket in the page of a refusal."""
        status, _, body, _ = await ask(self.gate, "/", *PAGE, *fields)
        assert status == 403
        return re.search(rb'name="refusal" value="([^"]+)"', body)[1]

    async def press(self, ticket, *fields, peer="192.0.2.1", words=b""):
        head = exchange(b"POST /.mailgate/help HTTP/1.1", *PAGE, *fields).head
        incoming = facts_of(
            head, peer=peer, secure=False, trusted=self.gate.in_force.live.trusted, over_https=True
        )
        return await self.gate.own.answer(
            replace(incoming, body=b"refusal=%b&words=%b" % (ticket, words)), "OTHER", NOW
        )

    async def shown(self, *fields):
        """The page of a refusal."""
        _, _, body, _ = await ask(self.gate, "/", *PAGE, *fields)
        return body.decode()


@pytest.fixture
def scene():
    return Scene()


async def test_a_refused_person_asks_for_help_and_is_told_so(scene):
    ticket = await scene.refused()
    answer = await scene.press(ticket, peer="203.0.113.5")
    page = answer.body.decode()
    assert answer.status == 200
    assert "Your request for help is noted" in page
    assert REFERENCE in page, "of the refusal, not of this request"
    (asked,) = scene.desk.noted
    assert (asked.reference, asked.known, asked.person, asked.device) == (REFERENCE, False, "", "")
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


async def test_too_many_help_requests_have_to_wait_and_neighbours_need_not(scene):
    ticket = await scene.refused()
    for _ in range(3):
        await scene.press(ticket, peer="203.0.113.5")
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket, peer="203.0.113.5")
    assert (refused.value.status, refused.value.reason) == (429, Reason.TOO_MANY_REQUESTS)
    await scene.press(ticket, peer="203.0.113.6")
    await scene.press(ticket, peer="2001:db8::1")
    await scene.press(ticket, named(1), peer="203.0.113.5")
    await scene.press(ticket, b"Sec-CH-UA-Mobile: ?1", peer="203.0.113.5")
    assert len(scene.desk.noted) == 7


async def test_strangers_behind_one_address_wait_and_known_people_do_not(scene):
    ticket, known = await scene.refused(), await scene.refused(ADA)
    for number in range(7):
        await scene.press(ticket, named(number))
    with pytest.raises(RequestRefused):
        await scene.press(ticket, named(8))
    await scene.press(known, ADA)
    assert scene.desk.noted[-1].person == "ada"


async def test_one_client_is_one_subject_however_often_and_with_whichever_refusal_it_asks(scene):
    for _ in range(2):
        await scene.press(await scene.refused(), peer="203.0.113.5")
    await scene.press(await scene.refused(), peer="203.0.113.6")
    first, again, neighbour = [asked.subject for asked in scene.desk.noted]
    assert first == again != neighbour
    assert first.startswith("client:")
    assert "203.0.113" not in first


async def test_two_equal_browsers_are_told_apart_by_their_cookie(scene):
    ticket = await scene.refused()
    for number, peer in ((1, "203.0.113.5"), (2, "203.0.113.5"), (1, "203.0.113.9")):
        await scene.press(ticket, named(number), peer=peer)
    one, two, moved = [asked.subject for asked in scene.desk.noted]
    assert one == moved != two


async def test_a_refusal_names_a_browser_of_which_nobody_is_known_and_no_other(scene):
    async def cookies(*fields):
        _, head, _, _ = await ask(scene.gate, "/", *PAGE, *fields)
        return re.findall(r"Set-Cookie: ([^\r]*)", head)

    (given,) = await cookies()
    assert re.fullmatch(
        "__Host-mailgate-help=[0-9a-f]{32}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure", given
    )
    assert await cookies(named(1)) == []
    assert await cookies(ADA) == []


async def test_a_help_request_leads_to_its_refusal(scene):
    seen = []
    scene.gate.recorder.listeners[0].record = lambda access, decision, reference, shown: seen.append(
        id_of(sighting_of(client_facts(access), access, decision))
    )
    await scene.press(await scene.refused())
    assert scene.desk.led_to == seen[:1]


async def test_a_page_says_that_help_was_asked_for(scene):
    answer = await scene.press(await scene.refused())
    cookie = dict(answer.headers)["Set-Cookie"].partition(";")[0]
    _, _, body, _ = await ask(scene.gate, "/", *PAGE, b"Cookie: " + cookie.encode())
    page = body.decode()
    assert "You asked for help with this:" in page
    assert ">today, 9:05 AM UTC</time>" in page
    assert "Ask for help again" in page
    _, _, other, _ = await ask(scene.gate, "/block", *PAGE, b"Cookie: " + cookie.encode())
    assert b"You asked for help with this" not in other, "by another rule"


def given(answer):
    """The name that the answer gave to the browser."""
    return b"Cookie: " + dict(answer.headers)["Set-Cookie"].partition(";")[0].encode()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", ""),
        (b"%20It+is+gone.%0D%0AReally%00%1B%E2%80%AE.", "It is gone.\nReally."),
        (b"x" * 501, "x" * 500),
        (b"%FF", "\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["nothing", "lines and characters that are not seen", "too much", "no text"],
)
async def test_a_help_request_keeps_what_was_written_and_no_more_than_may_be(scene, caplog, sent, kept):
    await scene.press(await scene.refused(), words=sent)
    assert scene.desk.noted[0].words == kept
    assert "gone" not in caplog.text


async def test_whoever_asked_reads_their_words_and_the_answer_where_mail_is_refused(scene):
    cookie = given(await scene.press(await scene.refused(named(1)), named(1), words=b"It+is+%3Cb%3E+gone."))
    waits = await scene.shown(cookie)
    assert "It is &lt;b&gt; gone.</blockquote>" in waits
    assert "The help desk answered" not in waits
    scene.desk.answers[scene.desk.noted[0].subject] = "Open <Self Service> once."
    for _ in range(3):  # and not from the cache of verdicts
        answered = await scene.shown(cookie, b"Accept-Language: en-GB")
        assert answered.index("Open &lt;Self Service&gt; once.") < answered.index("<h1>")
        assert ">today, 09:05 UTC</time>" in answered


async def test_a_known_person_reads_the_answer_under_their_own_name_alone(scene):
    cookie = given(await scene.press(await scene.refused(ADA), ADA, words=b"It+is+gone."))
    scene.desk.answers["ada"] = "Open Self Service once."
    assert "Open Self Service once." in await scene.shown(ADA, cookie)
    for others in ((cookie,), (LIN, cookie), (ADA,), (ADA, named(1))):
        page = await scene.shown(*others)
        assert "Open Self Service once." not in page
        assert "It is gone." not in page


async def test_an_equal_browser_behind_the_same_address_reads_no_answer_of_another(scene):
    """Neither has a cookie, so both are one subject."""
    one, other = [await scene.refused(ADA), await scene.refused()]
    cookies = [given(await scene.press(each, peer="203.0.113.5", words=b"Secret")) for each in (one, other)]
    assert len({asked.subject for asked in scene.desk.noted}) == 1
    scene.desk.answers[scene.desk.noted[0].subject] = "Open Self Service once."
    for cookie in cookies:
        page = await scene.shown(cookie)
        assert "Secret" not in page
        assert "Open Self Service once." not in page


async def test_a_refusal_without_the_store_has_no_answer_and_stays_a_refusal(scene):
    cookie = given(await scene.press(await scene.refused(), named(1)))
    scene.desk.breaks = StoreUnavailableError()
    status, _, body, _ = await ask(scene.gate, "/", *PAGE, cookie)
    assert (status, b"You asked for help with this" in body) == (403, True)


async def test_only_known_people_are_promised_their_own_page(scene):
    stranger = (await scene.press(await scene.refused())).body.decode()
    assert "They cannot see who you are" in stranger
    assert "Their answer appears in this browser" in stranger
    assert "/.mailgate/me" not in stranger
    known = (await scene.press(await scene.refused(ADA), ADA)).body.decode()
    assert "Your own page shows your request on top" in known
    assert 'href="/.mailgate/me"' in known
    assert "cannot see who you are" not in known


async def test_the_confirmation_can_be_shown_in_another_language(scene):
    answer = await scene.press(await scene.refused())
    (back,) = re.findall(r'name="to" value="([^"]+)"', answer.body.decode())
    assert back == f"/.mailgate/help?reference={REFERENCE}"
    cookie = b"Cookie: " + dict(answer.headers)["Set-Cookie"].partition(";")[0].encode()
    status, _, body, _ = await ask(scene.gate, back, *PAGE, cookie, b"Accept-Language: de")
    assert (status, "Hilfenummer" in body.decode(), REFERENCE in body.decode()) == (200, True, True)
    for path, field in (
        (back, named(1)),
        (back, b"X: y"),
        (back + "<b>", cookie),
        ("/.mailgate/help", cookie),
    ):
        status, head, _, _ = await ask(scene.gate, path, *PAGE, field)
        assert (status, "Location: /" in head.splitlines()) == (303, True)


async def test_help_without_the_store_says_so(scene):
    ticket = await scene.refused()
    scene.desk.breaks = StoreUnavailableError()
    with pytest.raises(RequestRefused) as refused:
        await scene.press(ticket)
    assert refused.value.status == 503


async def test_a_known_person_asks_under_their_name(scene):
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
