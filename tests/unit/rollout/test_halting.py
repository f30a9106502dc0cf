"""Rules that halt by themselves: who counts, who halts them, and from when they count again."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.classify import classify
from mailgate.model import Access, CertificateResult, Client, Kind, Posture, PostureState, RequestFacts, User
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause
from mailgate.rollout.halting import HaltMonitor
from mailgate.store import Act, HelpRequest, Store

POLICY = rules(
    """
rules:
  - {id: shut, when: client.handheld, effect: block, halt_when: {block_rate: 50%, at_least: 2, help_requests: 2}}
  - {id: open, when: 'true', effect: allow}
"""
).policy
PHONE, LAPTOP = Client(Kind.PHONE, handheld=True), Client(Kind.LAPTOP, handheld=False)
ACT = Act(NOW, "grace", "rule-resumed", why="fixed")


class Scene:
    """One gate that counts."""

    def __init__(self, store: Store) -> None:
        self.store, self.policy, self.now = store, POLICY, NOW
        self.halting = HaltMonitor(store, lambda: self.policy, "gate-1", lambda: self.now, b"salt")

    def see(self, person: str, client: Client = PHONE) -> None:
        access = replace(by(person), client=client, now=self.now)
        self.halting.record(access, decide(access, self.policy))

    async def ask(self, person: str) -> None:
        asked = HelpRequest("shut", person, person, "", "r", "REF1", "p", True, 1, self.now, self.now)
        await self.store.help_requests.note(asked)
        await self.halting.help_requested("shut")

    async def halts(self) -> list[str]:
        """Why the rule is halted, as the gate then knows too."""
        current = await self.store.reliefs.current(self.now)
        self.policy = replace(POLICY, reliefs=current)
        return [each.why for each in current.every]


def by(person: str) -> Access:
    return Access(RequestFacts(user=person), PHONE, Posture(), NOW, User(person))


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


async def test_refused_people_halt_a_rule(scene: Scene) -> None:
    for person in ("ada", "Ada", "ada"):
        scene.see(person)
    await scene.halting.halt_rules()
    assert await scene.halts() == []
    scene.see("lin")
    scene.see("grace", LAPTOP)
    await scene.halting.halt_rules()
    assert await scene.halts() == ["2 of 3 people were refused within 1h; the limit is 50%"]
    (entry,) = await scene.store.audit.page()
    assert (entry.who, entry.what, entry.about, entry.origin) == ("gate", "rule-halted", "halt 1", "gate-1")


async def test_a_resumed_rule_counts_anew(scene: Scene) -> None:
    scene.see("ada")
    scene.see("lin")
    await scene.halting.halt_rules()
    await scene.halts()
    scene.see("grace")
    await scene.halting.halt_rules()
    await scene.store.reliefs.end([1], ACT)
    await scene.halts()
    scene.see("ada")
    await scene.halting.halt_rules()
    assert await scene.halts() == []
    scene.see("lin")
    await scene.halting.halt_rules()
    assert len(await scene.halts()) == 1


async def test_people_who_ask_for_help_halt_it_and_one_person_is_one(scene: Scene) -> None:
    for _ in range(5):
        await scene.ask("ada")
    assert await scene.halts() == []
    await scene.ask("lin")
    assert await scene.halts() == ["2 people asked for help within 1h; the limit is 2"]


async def test_help_requests_before_the_rule_was_resumed_do_not_count(scene: Scene) -> None:
    await scene.ask("ada")
    await scene.ask("lin")
    scene.now += timedelta(minutes=5)
    await scene.store.reliefs.end([1], replace(ACT, at=scene.now))
    scene.now += timedelta(minutes=5)
    await scene.ask("grace")
    assert await scene.halts() == []
    await scene.ask("ada")
    assert len(await scene.halts()) == 1


async def test_a_rule_without_limits_never_halts(scene: Scene) -> None:
    scene.policy = rules("rules: [{id: shut, when: 'true', effect: block}]\n").policy
    for person in ("ada", "lin", "grace"):
        scene.see(person)
        await scene.ask(person)
    await scene.halting.halt_rules()
    assert await scene.halts() == []


async def test_nothing_halts_or_breaks_while_the_store_is_away(scene: Scene, monkeypatch) -> None:
    scene.see("ada")
    scene.see("lin")
    with monkeypatch.context() as patched:
        patched.setattr(scene.store.reliefs, "halt", away)
        patched.setattr(scene.store.help_requests, "people", away)
        await scene.halting.halt_rules()
        await scene.halting.help_requested("shut")
    assert await scene.halts() == []
    await scene.halting.halt_rules()
    assert len(await scene.halts()) == 1


CERTIFICATE = CertificateResult("thumbprint")


async def test_no_crowd_of_made_up_names_halts_a_rule(scene: Scene) -> None:
    for number in range(100):
        access = replace(by(""), user=User(f"person-{number}"))
        scene.halting.record(access, decide(access, scene.policy))
    await scene.halting.halt_rules()
    assert await scene.halts() == []
    assert {each.cause for each in scene.policy.reliefs.every} <= {Cause.HALT}


def mail_app(person: str, password: str = "right", device: str = "d1") -> Access:
    """A mail app at ActiveSync's own address that logs in as this person, from a device that it names."""
    headers = {
        "authorization": "Basic " + b64encode(f"{person}:{password}".encode()).decode(),
        "content-type": "application/vnd.ms-sync.wbxml",
    }
    target = f"/Microsoft-Server-ActiveSync?Cmd=Sync&User={person}&DeviceId={device}&DeviceType=iPhone"
    facts = RequestFacts("POST", target, headers=headers)
    posture = Posture(PostureState.LISTED, device_id=device, owner=f"owner of {device}")
    return Access(facts, classify(facts), posture, NOW, User(person))


async def test_a_person_with_the_devices_of_others_halts_no_rule(scene: Scene) -> None:
    for number in range(100):
        access = mail_app(f"person-{number}", "false", f"d{number}")
        scene.halting.record(access, decide(access, scene.policy))
    for number in range(100):
        access = mail_app("mallory", "right", f"d{number}")
        scene.halting.logins.answered(access, 200)
        scene.halting.record(access, decide(access, scene.policy))
    await scene.halting.halt_rules()
    assert await scene.halts() == []


@pytest.mark.parametrize(
    ("status", "method", "password", "counts"),
    [(200, "POST", "right", True), (200, "POST", "false", False), (401, "POST", "right", False), (403, "POST", "right", False), (200, "OPTIONS", "right", False)],
)  # fmt: skip
@pytest.mark.parametrize("has_refused", [401, 403, 200, 0])
async def test_a_refused_mail_app_counts_by_a_login_that_the_webmail_accepted_before(
    scene: Scene, status: int, method: str, password: str, counts: bool, has_refused: int
) -> None:
    """If it is known to refuse others: one that answers everybody has accepted nobody."""
    scene.halting.logins.answered(mail_app("mallory", "false"), has_refused)
    counts = counts and has_refused == 401
    for person in ("ada", "lin"):
        before = mail_app(person)
        before = replace(before, facts=replace(before.facts, method=method))
        scene.halting.logins.answered(before, status)
        now = mail_app(person, password)
        scene.halting.record(now, decide(now, scene.policy))
    await scene.halting.halt_rules()
    assert bool(await scene.halts()) == counts


EVE = ("eve", "eve@a.example", "eve@b.example", "a\\eve", "EVE", "eve+1")
"""Logins of one person, if a mail server looks at no domain."""


async def test_nobody_counts_twice_by_writing_a_login_otherwise(scene: Scene) -> None:
    scene.halting.logins.answered(mail_app("mallory", "false"), 401)
    for login in (*EVE, "ev*", "e*", "(eve)"):
        access = mail_app(login)
        scene.halting.logins.answered(access, 200)
        scene.halting.record(access, decide(access, scene.policy))
    for login in EVE:
        scene.see(login)
    await scene.halting.halt_rules()
    assert await scene.halts() == []


async def test_nobody_asks_twice_for_help_by_writing_a_login_otherwise(scene: Scene) -> None:
    for login in EVE:
        await scene.ask(login)
    assert await scene.halts() == []


async def test_devices_of_unknown_people_are_one_person_and_halt_nothing_alone(scene: Scene) -> None:
    for number in range(100):
        posture = Posture(PostureState.LISTED, device_id=f"d{number}")
        access = replace(by(""), posture=posture, certificate=CERTIFICATE)
        scene.halting.record(access, decide(access, scene.policy))
    await scene.halting.halt_rules()
    assert await scene.halts() == []


async def test_every_repeated_refusal_counts_for_its_person(scene: Scene) -> None:
    """Else those who get their mail again and again would count once, and a rule would halt that keeps few out."""
    laptop = replace(by("somebody"), client=LAPTOP)
    repeat = scene.halting.recurring(laptop, decide(laptop, scene.policy))
    assert repeat is not None
    repeat("a browser", "ann", "", scene.now)
    scene.see("bob")
    await scene.halting.halt_rules()
    assert await scene.halts() == []
    scene.see("cid")
    await scene.halting.halt_rules()
    assert [why for why in await scene.halts() if why]


async def test_a_refusal_that_recurs_keeps_people_out_each_time(scene: Scene) -> None:
    repeat = scene.halting.recurring(by("ann"), decide(by("ann"), scene.policy))
    scene.see("bob")
    assert repeat is not None
    repeat("a phone", "ann", "", scene.now, "REF")
    await scene.halting.halt_rules()
    assert await scene.halts() == ["2 of 2 people were refused within 1h; the limit is 50%"]


async def test_a_mail_app_whose_refusal_recurs_counts_from_when_its_login_is_accepted(scene: Scene) -> None:
    asked = mail_app("ann", "right")
    repeat = scene.halting.recurring(asked, decide(asked, scene.policy))
    scene.halting.logins.answered(mail_app("mallory", "false"), 401)
    scene.see("bob")
    assert repeat is not None
    repeat("an app", "ann", "", scene.now, "REF")
    await scene.halting.halt_rules()
    assert await scene.halts() == []
    scene.halting.logins.answered(asked, 200)
    repeat("an app", "ann", "", scene.now, "REF")
    await scene.halting.halt_rules()
    assert len(await scene.halts()) == 1


async def test_repeated_requests_of_nobody_are_not_counted(scene: Scene) -> None:
    nobody = replace(by(""), client=LAPTOP)
    assert scene.halting.recurring(nobody, decide(nobody, scene.policy)) is None
