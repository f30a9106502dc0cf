import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW, PAGES
from tests.unit.gateway.wire import settle

from mailgate.config import Settings
from mailgate.config.mail import QuarantineMailSettings
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.selfservice.login_check import LoginResult
from mailgate.http.trusted_headers import Origin
from mailgate.mail.quarantine import ADDRESS_SPAN, FROM_ONE_ADDRESS, QUEUE_SIZE, QuarantineMailer
from mailgate.model import (
    Access,
    AttestationResult,
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
SETTINGS = Settings.model_construct(public_url="https://mail.example.com")
MAIL = QuarantineMailSettings(sender="it-help@example.com", domain="example.com", smtp="127.0.0.1:25")
SAID = "evil\r\nBcc: eve@example.net\r\n\r\nevil" + "y" * 999
BLOCKED = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1", apps=("TikTok",), contact="it-help@example.com")  # fmt: skip


def access(user="ada", device="ApplX1", protocol=Protocol.ACTIVESYNC, remote="192.0.2.1", now=NOW, **headers):
    """A refused request of a device that is known as its person's."""
    client = Client(Kind.PHONE, handheld=True, os="ios", eas_id=device, eas_type="iPhone", protocol=protocol)
    posture = Posture(device_id=device, owner=user)
    return Access(RequestFacts(remote=remote, headers=headers), client, posture, now, User(user))


def unknown(**more):
    """The same of a device that nobody knows."""
    return replace(access(**more), posture=Posture())


def incoming(asked):
    return Incoming(asked.facts, Origin(asked.facts.remote, "http", b"", b""), [], [], asked.user.name)


class PostOffice:
    """Everything that a quarantine mail goes through, and what came out."""

    def __init__(self, login=LoginResult.WRONG, settings=SETTINGS, laptops_open=True):
        self.sent, self.claimed, self.released = [], [], []
        self.known = False
        self.breaks = None
        self.now = NOW
        self.looked, self.login = [], login
        self.quarantine = QuarantineMailer(
            MAIL, settings, PAGES, self, self.send, lambda: self.now, self, lambda _: laptops_open
        )

    async def look(self, incoming):
        self.looked.append(incoming.login)
        return self.login

    async def claim(self, *key_and_now, pause, at_most, per_hour):
        assert (pause, at_most, per_hour) == (MAIL.pause, MAIL.at_most, MAIL.per_hour)
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
            self.quarantine.queue(partial(incoming, each), each, decision, "REF2345")
        running = asyncio.ensure_future(self.quarantine.run())
        await settle()
        running.cancel()
        return self.sent


async def test_the_mail_speaks_of_laptops_only_if_they_are_known_to_be_let_in():
    [mail] = await PostOffice(laptops_open=False).after(access())
    assert "laptop" not in mail.get_content()


async def test_the_mail_names_the_device_the_reason_and_the_fix():
    [mail] = await PostOffice().after(access())
    text = mail.get_content()
    assert (mail["To"], mail["From"]) == ("ada@example.com", '"mail.example.com" <it-help@example.com>')
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "An app keeps company mail off this device"
    for said in (
        "\niPhone\n",
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
    [mail] = await PostOffice().after(access(**{"accept-language": "de-de"}))
    assert mail["Content-Language"] == "de"
    assert "Hilfenummer: REF2345" in mail.get_content()


async def test_nobody_is_told_twice():
    office = PostOffice()
    await office.after(*[access()] * 5, access(device="other"))
    assert office.claimed == [("ada@example.com", "ApplX1", "prohibited-app"), ("ada@example.com", "other", "prohibited-app")]  # fmt: skip
    office.known, office.sent, office.now = True, [], NOW + timedelta(hours=1)
    assert await office.after(access()) == []
    assert len(office.claimed) == 3


@pytest.mark.parametrize("error", [OSError("away"), ValueError("text of a mail")])
async def test_a_failed_mail_is_tried_again_and_delays_no_other(error):
    office = PostOffice()
    office.breaks = error
    with capture_logs() as logs:
        await office.after(access(), access("bob"))
    assert [key[0] for key in office.released] == ["ada@example.com", "bob@example.com"]
    assert [(line["event"], line["error"]) for line in logs] == [("quarantine-mail-failed", type(error).__name__)] * 2  # fmt: skip
    office.breaks, office.now = None, NOW + timedelta(minutes=2)
    assert len(await office.after(access())) == 1


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
async def test_only_a_blocked_mail_app_with_an_address_gets_a_mail(asked, decision):
    office = PostOffice()
    assert await office.after(asked, decision=decision) == office.claimed == []


async def test_a_flood_of_devices_waits_in_a_bounded_queue():
    office = PostOffice()
    for number in range(QUEUE_SIZE + 10):
        asked = access(device=str(number), remote=f"198.51.{number // 250}.{number % 250}")
        office.quarantine.queue(partial(incoming, asked), asked, BLOCKED, "REF2345")
    assert office.quarantine._waiting.qsize() == QUEUE_SIZE


def said_by(asked):
    """The same request with a text of the client wherever one can stand."""
    client = replace(
        asked.client, eas_id=SAID, eas_type=SAID, model=SAID, browser=SAID, os_version=SAID, eas_user=SAID
    )
    headers = {"user-agent": SAID, "accept-language": SAID, "host": SAID}
    return replace(
        asked, client=client, facts=replace(asked.facts, headers=headers, target=f"/{SAID}", host=SAID)
    )


@pytest.mark.parametrize("asked", [access(), unknown()], ids=["a known device", "a device that nobody knows"])
async def test_no_text_of_a_client_stands_in_a_mail(asked):
    [mail] = await PostOffice(LoginResult.RIGHT).after(said_by(asked))
    assert "evil" not in mail.as_string()
    assert mail["Bcc"] is None


@pytest.mark.parametrize("login", [each for each in LoginResult if each is not LoginResult.RIGHT])
async def test_nobody_is_written_to_for_a_login_that_the_webmail_has_not_taken(login):
    office = PostOffice(login)
    asked = [unknown(user=f"user{number}") for number in range(65)]
    assert await office.after(*asked) == office.claimed == []
    assert len(office.looked) == FROM_ONE_ADDRESS


async def test_guessed_logins_use_up_no_mails_of_known_devices_at_the_same_address():
    office = PostOffice()
    await office.after(*[unknown(user=f"user{number}") for number in range(65)])
    assert len(await office.after(access())) == 1


async def test_a_person_whose_login_the_webmail_accepts_gets_a_mail():
    office = PostOffice(LoginResult.RIGHT)
    [mail] = await office.after(unknown())
    assert (mail["To"], office.looked) == ("ada@example.com", ["ada"])


async def test_without_a_check_only_what_is_known_is_written_about():
    office = PostOffice()
    office.quarantine = QuarantineMailer(MAIL, SETTINGS, PAGES, office, office.send, lambda: office.now)
    assert await office.after(unknown()) == []
    assert len(await office.after(access(device="known"))) == 1


async def test_a_device_of_somebody_else_says_nothing_of_who_is_named():
    asked = replace(access(user="ceo"), posture=Posture(device_id="own", owner="eve"))
    office = PostOffice()
    assert await office.after(asked) == []
    assert office.looked == ["ceo"]


@pytest.mark.parametrize(
    ("owner", "claimed"), [("ada", False), ("eve", True)], ids=["somebody else's", "only named"]
)
async def test_nobody_is_told_what_is_on_a_device_of_somebody_else(owner, claimed):
    """Eve sends the id of Ada's phone beside her own login, which the webmail accepts."""
    asked = replace(access(user="eve"), posture=Posture(device_id="phone", owner=owner))
    [mail] = await PostOffice(LoginResult.RIGHT).after(asked, decision=replace(BLOCKED, claimed=claimed))
    assert (mail["To"], mail["Subject"]) == ("eve@example.com", "A company rule applies to this device")
    assert "TikTok" not in mail.get_content()


PROOF = AttestationResult(device_id="d", user="ADA")


@pytest.mark.parametrize(
    ("asked", "believed"),
    [
        (replace(unknown(), facts=replace(unknown().facts, user="ada")), True),
        (replace(unknown(), attestation=PROOF), True),
        (replace(unknown(), attestation=replace(PROOF, refused=Reason.PROOF_STALE)), False),
    ],
    ids=["by a trusted proxy", "by a proof", "by a refused proof"],
)
async def test_a_person_named_by_a_trusted_proxy_or_a_proof_is_believed(asked, believed):
    office = PostOffice()
    assert len(await office.after(asked)) == believed
    assert (office.looked == []) is believed


async def test_a_gate_that_is_known_by_an_address_alone_is_a_sender_too():
    [mail] = await PostOffice(settings=Settings.model_construct(public_url="http://[::1]:8080")).after(
        access()
    )
    (sender,) = message_from_bytes(mail.as_bytes(), policy=policy.default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("::1", MAIL.sender)


async def test_one_address_causes_a_few_mails_at_most():
    office = PostOffice()
    asked = [access(user=f"u{number}", remote=f"2001:db8::{number:x}") for number in range(65)]
    assert len(await office.after(*asked)) == FROM_ONE_ADDRESS
    assert len(await office.after(access(user="elsewhere", remote="2001:db8:1::1"))) == FROM_ONE_ADDRESS + 1
    office.now = NOW + ADDRESS_SPAN
    later = access(user="later", remote="2001:db8::1", now=office.now)
    assert len(await office.after(later)) == FROM_ONE_ADDRESS + 2
