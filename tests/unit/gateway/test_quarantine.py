import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, PAGES
from tests.unit.gateway.wire import settle

from mailgate.gateway.quarantine import QUEUE, Letterhead, NoNotices, Quarantine
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
    User,
)

OWN_PAGE = "https://mail.example.com/.mailgate/me"
HEAD = Letterhead(
    "it-help@example.com", "example.com", timedelta(days=7), 3, "mail.example.com", "en", OWN_PAGE
)
BLOCKED = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1", apps=("TikTok",), contact="it-help@example.com")  # fmt: skip


def access(user="ada", device="ApplX1", protocol=Protocol.ACTIVESYNC, **headers):
    client = Client(Kind.PHONE, handheld=True, os="ios", eas_id=device, eas_type="iPhone", protocol=protocol)
    return Access(RequestFacts(headers=headers), client, Posture(), NOW, User(user))


class Desk:
    """Everything that a quarantine mail goes through, and what came out."""

    def __init__(self):
        self.sent, self.claimed, self.released = [], [], []
        self.known = False
        self.breaks = None
        self.now = NOW
        self.quarantine = Quarantine(HEAD, PAGES, self, self.send, lambda: self.now)

    async def claim(self, *key_and_now, pause, at_most):
        assert (pause, at_most) == (HEAD.pause, HEAD.at_most)
        self.claimed.append(key_and_now[:3])
        return not self.known

    async def release(self, *key):
        self.released.append(key)

    async def send(self, mail):
        if self.breaks:
            raise self.breaks
        self.sent.append(mail)

    async def after(self, *accesses, decision=BLOCKED):
        for each in accesses:
            self.quarantine.tell(each, decision, "REF2345")
        running = asyncio.ensure_future(self.quarantine.run())
        await settle()
        running.cancel()
        return self.sent


async def test_the_mail_names_the_device_the_reason_and_the_fix():
    [mail] = await Desk().after(access())
    text = mail.get_content()
    assert (mail["To"], mail["From"]) == ("ada@example.com", '"mail.example.com" <it-help@example.com>')
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "An app on this device is not allowed with company mail"
    for said in (
        "iPhone · ApplX1",
        "TikTok",
        "Remove App",
        "it-help@example.com",
        "REF2345",
        "laptop browser",
        f"Your devices, and what is stored about you: {OWN_PAGE}",
    ):
        assert said in text
    assert "<" not in text


async def test_the_mail_is_in_the_language_of_the_mail_app():
    [mail] = await Desk().after(access(**{"accept-language": "de-de"}))
    assert mail["Content-Language"] == "de"
    assert "Referenz: REF2345" in mail.get_content()


async def test_nobody_is_told_twice():
    desk = Desk()
    await desk.after(*[access()] * 5, access(device="other"))
    assert desk.claimed == [("ada@example.com", "ApplX1", "prohibited-app"), ("ada@example.com", "other", "prohibited-app")]  # fmt: skip
    desk.known, desk.sent, desk.now = True, [], NOW + timedelta(hours=1)
    assert await desk.after(access()) == []
    assert len(desk.claimed) == 3


@pytest.mark.parametrize("error", [OSError("away"), ValueError("text of a mail")])
async def test_a_mail_that_could_not_be_sent_is_tried_again_later_and_holds_up_nobody(error):
    desk = Desk()
    desk.breaks = error
    with capture_logs() as logs:
        await desk.after(access(), access("bob"))
    assert [key[0] for key in desk.released] == ["ada@example.com", "bob@example.com"]
    assert [(line["event"], line["error"]) for line in logs] == [("quarantine-mail-failed", type(error).__name__)] * 2  # fmt: skip
    desk.breaks, desk.now = None, NOW + timedelta(minutes=2)
    assert len(await desk.after(access())) == 1


@pytest.mark.parametrize(
    ("asked", "decision"),
    [
        (access(user=""), BLOCKED),
        (access(device=""), BLOCKED),
        (access(user="ada@example.net"), BLOCKED),
        (access(protocol=Protocol.WEB), BLOCKED),
        (access(), Decision(Effect.WARN, Reason.PROHIBITED_APP, "r", "v1")),
        (access(), Decision(Effect.CHALLENGE, Reason.ATTESTATION_REQUIRED, "r", "v1")),
        (access(), Decision(Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "r", "v1")),
    ],
)
async def test_who_gets_no_mail(asked, decision):
    desk = Desk()
    assert await desk.after(asked, decision=decision) == desk.claimed == []


async def test_a_flood_of_devices_waits_in_a_bounded_queue():
    desk = Desk()
    for number in range(QUEUE + 10):
        desk.quarantine.tell(access(device=str(number)), BLOCKED, "REF2345")
    assert desk.quarantine._queue.qsize() == QUEUE


async def test_what_a_device_calls_itself_stays_on_its_line():
    [mail] = await Desk().after(access(device="x\r\nBcc: eve@example.net\r\n\r\n" + "y" * 999))
    assert "x??Bcc" in mail.get_content()
    assert mail["Bcc"] is None


def test_where_no_mail_is_written_nothing_happens():
    NoNotices().tell(access(), BLOCKED, "REF2345")
