"""The status for programs: its names are a contract (docs/pages.md)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.unit.gateway.gates import NOW, policy
from tests.unit.gateway.own import CLEAN, LISTED, LOOKED, PHONE, REPORT, UNREPORTED, asking
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url
from tests.unit.store.examples import ALLOW, CATALOG, ISSUER, TERMS, access, catalog, mail_app, proof
from tests.unit.store.examples import NOW as AT

from mailgate.devices.device import Device, new_id
from mailgate.devices.trust import report_by
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.selfservice.own_devices import AskingRequest, OwnDevice
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.gateway.selfservice.status import (
    Statuses,
    StatusWords,
    device_of,
    status_answer,
    status_of,
    stored_from_to,
    with_proved_cookie,
    words_of,
)
from mailgate.model import (
    FOUND_BESIDE,
    Access,
    AppsReport,
    Assurance,
    AttestationResult,
    Client,
    Enrolment,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    Update,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Act, RetentionTimes, Store
from mailgate.store.person_records import UnreportedPhones

KEEP = RetentionTimes(timedelta(days=30), timedelta(days=90), timedelta(days=365))
ASKED = asking(posture=LISTED)
OWN = OwnDevice(PHONE.id, LISTED, ASKED.access, ASKED.decision, PHONE)


def test_a_device_has_every_field_by_a_stable_name():
    assert device_of(OWN, KEEP) == {
        "id": "aaaa-bbbb-cccc",
        "tail": "4F2A",
        "here": False,
        "state": "listed",
        "lost": False,
        "kind": "phone",
        "os": "ios",
        "os_version": "18.6",
        "managed": None,
        "enrolment": "unknown",
        "compliance": "none",
        "compliance_at": None,
        "apps": ["tiktok"],
        "lists": ["prohibited"],
        "source": "intune",
        "reported_at": "2026-11-24T09:02:07+00:00",
        "expires_at": None,
        "checked_at": "2026-11-24T09:02:07+00:00",
        "checked_from": "2026-11-24T09:02:07+00:00",
        "verdict": {
            "effect": "allow",
            "reason": "rule-matched",
            "rule": "laptop",
            "title": "",
            "apps": [],
            "fix": "",
            "update": None,
            "contact": "",
            "deadline": None,
        },
        "sources": [
            {
                "name": "intune",
                "checked_at": LOOKED.isoformat(),
                "checked_from": LOOKED.isoformat(),
                "complete": True,
                "enrolment": "work-profile-personal",
            }
        ],
        "findings": [],
        "requests": None,
        "stored_since": "2026-10-14T09:05:07+00:00",
        "deleted_at": "2027-02-22T09:05:07+00:00",
    }


def test_a_phone_that_never_reported_is_kept_as_long_as_its_requests():
    own = OwnDevice(UNREPORTED.mark, Posture(), ASKED.access, ASKED.decision, sighted=UNREPORTED)
    assert stored_from_to(own, KEEP) == (UNREPORTED.first_at, NOW + timedelta(days=30))
    assert device_of(own, KEEP)["requests"] == 3
    assert stored_from_to(replace(own, sighted=None), KEEP) == (None, None)


def test_a_lost_device_says_so():
    lost = replace(OWN, device=Device(PHONE.id, (REPORT,), lost_at=NOW))
    assert device_of(lost, KEEP)["lost"] is True


def test_the_status_has_the_verdict_the_client_and_the_devices():
    content = status_of(ASKED.access, ASKED.decision, [OWN], KEEP)
    assert content["verdict"]["effect"] == "allow"
    assert content["client"]["kind"] == "laptop"
    assert content["checked_at"] == LOOKED.isoformat()
    assert [each["id"] for each in content["devices"]] == [PHONE.id]


def test_an_unchanged_status_is_not_sent_again():
    """RFC 9110, 13.1.2 and 15.4.5: weak comparison, any of a list."""
    content = words_of(status_of(ASKED.access, ASKED.decision, [OWN], KEEP))
    first = status_answer(content, "REF2345", NOW)
    said = json.loads(first.body)
    assert (said["reference"], said["server_time"]) == ("REF2345", "2026-11-24T09:05:07+00:00")
    mark = dict(first.headers)["ETag"]
    for asked in (mark, f'"other", {mark}'):
        again = status_answer(content, "REF6789", NOW + timedelta(minutes=1), asked)
        assert (again.status, again.body, again.headers) == (304, b"", (("ETag", mark),))
    assert status_answer(content, "REF2345", NOW, '"other"').status == 200


@pytest.mark.parametrize("own", [replace(OWN, posture=CLEAN), replace(OWN, here=True)])
def test_every_change_has_another_mark(own):
    before = words_of(status_of(ASKED.access, ASKED.decision, [OWN], KEEP)).etag
    assert words_of(status_of(ASKED.access, ASKED.decision, [own], KEEP)).etag != before
    assert words_of(status_of(ASKED.access, ASKED.decision, [OWN], KEEP)).etag == before


def test_a_lost_device_is_kept_for_longer():
    lost = replace(OWN, device=Device(PHONE.id, (REPORT,), lost_at=NOW - timedelta(days=2), last_seen=NOW))
    assert stored_from_to(lost, KEEP)[1] == NOW + timedelta(days=365)


@pytest.mark.parametrize("answered", [200, 304])
@pytest.mark.parametrize(
    ("assurance", "refused", "cookie", "noted"),
    [
        (Assurance.ATTESTED, None, "", "mailgate-proved=1; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        (Assurance.ATTESTED, None, "mailgate-proved=1", None),
        (Assurance.CONSISTENT, None, "", None),
        # a browser whose token has just ended is still one that proved itself before
        (Assurance.CLAIMED, None, "mailgate-proved=1", None),
        (Assurance.CLAIMED, Reason.KEY_REVOKED, "mailgate-proved=1", "mailgate-proved=1; Path=/; Max-Age=0"),
        (Assurance.CLAIMED, Reason.KEY_REVOKED, "", None),
    ],
)
def test_a_browser_keeps_in_mind_that_it_proved_itself_until_its_proof_is_refused(
    assurance, refused, cookie, noted, answered
):
    access, content = ASKED.access, {"verdict": "allow"}
    asked = replace(
        access,
        client=replace(access.client, assurance=assurance),
        facts=replace(access.facts, headers={"cookie": cookie}),
        attestation=AttestationResult(refused=refused) if refused else None,
    )
    status = words_of(content)
    answer = with_proved_cookie(
        status_answer(status, "R", NOW, status.etag if answered == 304 else ""), asked
    )
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert answer.status == answered
    assert (len(cookies), bool(noted)) in ((0, False), (1, True))
    assert not noted or cookies[0].startswith(noted)


def test_programs_are_told_which_version_is_needed():
    decision = replace(ASKED.decision, update=Update("system", "macos", "26"))
    verdict = status_of(ASKED.access, decision, [], KEEP)["verdict"]
    assert verdict["update"] == {"of": "system", "name": "macOS", "version": "26"}


ADA = "ada@example.com"
LAPTOP = Client(Kind.LAPTOP, handheld=False, os="windows")
TOKEN = proof(device_id="laptop-1", kind=Kind.LAPTOP, os="windows", complete=False)
PHONE_STATUS_MEMORY = new_id(("jamf", "7"))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEEP_STATUS_MEMORY = RetentionTimes(30 * DAY, 90 * DAY, 365 * DAY)
LATER = (AT + 2 * DAY).isoformat()
RULES = (
    {"id": "laptop", "when": 'client.kind == "laptop" && client.findings.size() == 0', "effect": "allow"},
    {"id": "listed", "title": "No listed app", "when": 'device.state == "listed"', "effect": "block"},
    {"id": "soon", "when": "client.handheld && device.compliance != 'compliant'", "effect": "block", "stages": {"warn": (AT + DAY).isoformat(), "enforce": LATER}},
    {"id": "staff", "when": 'client.handheld && "staff" in user.groups', "effect": "allow"},
    {"id": "known", "when": 'client.handheld && device.state in ["clean", "partial", "listed"]', "effect": "allow"},
)  # fmt: skip
OTHERS = (
    RULES[0],
    {"id": "shut", "title": "All phones are out", "when": "client.handheld", "effect": "block"},
)
EXEMPT = Relief(1, Cause.EXEMPTION, "listed", "a new phone", "ada", AT, AT + 3 * DAY, person=ADA)


def rules(which: Any = RULES, apps: Any = CATALOG) -> Policy:
    return policy(which, apps)


def acted(at: datetime) -> Act:
    return Act(at, "admin", "device-lost")


@dataclass
class Scene:
    """A gate at which one person's laptop asks. ``others`` is another gate on its store."""

    store: Store
    others: Store
    now: datetime = AT
    token: AttestationResult = TOKEN
    client: Client = LAPTOP
    person: str = ADA
    live: InForce = field(init=False)

    def __post_init__(self) -> None:
        told: dict[str, Any] = dict.fromkeys(("verifier", "responses"))
        self.live = InForce(Live(policy=rules(), keep=KEEP_STATUS_MEMORY, **told))
        self.known, self.statuses = self.memory()

    def memory(self) -> Any:
        known = self.store.postures(CATALOG, TERMS)
        return known, Statuses(self.live, known, UnreportedPhones(self.store.people))

    def set(self, **live: Any) -> None:
        self.live.live = replace(self.live.live, **live)
        self.known.catalog = self.live.live.policy.catalog

    async def look(self) -> None:
        """The look at the store that a gate takes four times a second."""
        numbers = await self.store.change_numbers()
        self.statuses.phones.follow(numbers.phones, self.now)
        await self.known.follow(numbers.devices, self.now)

    async def told(self) -> StatusWords:
        return await self.ask(self.known, self.statuses)

    async def told_anew(self) -> StatusWords:
        """What a gate tells that has just started."""
        await self.store.reports.flush()
        known, statuses = self.memory()
        known.catalog, known.terms = self.known.catalog, self.known.terms
        return await self.ask(known, statuses)

    async def ask(self, known: Any, statuses: Statuses) -> StatusWords:
        live, good = self.live.live, self.token.refused is None
        posture = await known.current(self.client, self.token, self.now)
        asked = Access(
            RequestFacts(),
            self.client,
            posture,
            self.now,
            live.groups.user(self.person if good else ""),
            self.token,
        )
        person = RecognisedPerson(self.person, KnownBy.DEVICE) if good else RecognisedPerson()
        asking = AskingRequest(asked, decide(asked, live.policy), person, live.policy, live.groups)
        return await statuses.of(asking)

    async def report(self, *apps: str, owner: str = ADA, **fields: Any) -> None:
        """A connector of the other gate reports the person's phone."""
        looked = AppsReport(frozenset(apps), True, self.now)
        said = report_by("jamf", "7", owner, Kind.PHONE, "ios", apps=looked, **{"os_version": "26", **fields})
        await self.others.devices.ingest([said], self.now)

    async def see(self, eas_id: str) -> None:
        """A phone that nobody has reported asks the other gate for mail."""
        asked = access(client=mail_app(eas_id), device="", user=ADA, now=self.now)
        self.others.ledger.record(asked, ALLOW)
        await self.others.ledger.flush()


@pytest.fixture
async def scene(store: Store, url: str) -> Any:
    others = await Store.open(url)
    made = Scene(store, others)
    await made.report()
    await made.told()
    await store.reports.flush()
    await made.look()
    await made.look()
    yield made
    await others.close()


async def after_a_look(scene: Scene) -> StatusWords:
    await scene.store.reports.flush()
    await scene.look()
    return await scene.told()


async def lose(scene: Scene) -> None:
    await scene.others.devices.mark_lost(PHONE_STATUS_MEMORY, scene.now, acted(scene.now))


async def forget(scene: Scene) -> None:
    await scene.others.devices.forget(PHONE_STATUS_MEMORY, scene.now)


def at(**fields: Any) -> Callable[[Scene], Any]:
    async def change(scene: Scene) -> None:
        for name, value in fields.items():
            setattr(scene, name, value)

    return change


def in_force(**live: Any) -> Callable[[Scene], Any]:
    async def change(scene: Scene) -> None:
        scene.set(**live)

    return change


def passing(time: timedelta) -> Callable[[Scene], Any]:
    async def change(scene: Scene) -> None:
        scene.now += time

    return change


async def without_sources(scene: Scene) -> None:
    scene.known.terms = replace(scene.known.terms, max_age=timedelta(hours=1))
    scene.now += timedelta(hours=2)


REVOKED = AttestationResult(refused=Reason.KEY_REVOKED, issuer=ISSUER, device_id="laptop-1")
FOUND = replace(LAPTOP, findings=(FOUND_BESIDE[Reason.KEY_IN_TWO_PLACES],))
CHANGES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "a listed app on the phone": lambda scene: scene.report("tiktok"),
    "another look, with the same result": lambda scene: scene.report(os_version="26.1"),
    "a verdict of its management": lambda scene: scene.report(enrolment=Enrolment.WORK_PROFILE_PERSONAL),
    "the phone is somebody else's": lambda scene: scene.report(owner="bob@example.com"),
    "the phone is lost": lose,
    "the phone is forgotten": forget,
    "a phone that nobody reported": lambda scene: scene.see("ApplX9"),
    "the laptop reports again": at(
        token=replace(TOKEN, apps=AppsReport(frozenset(), complete=False, at=AT + SECOND)), now=AT + SECOND
    ),
    "the laptop has a listed app": at(token=replace(TOKEN, apps=AppsReport(frozenset({"tiktok"}), False, AT))),
    "its key is revoked": at(token=REVOKED),
    "its key is in two places": at(client=FOUND),
    "another person": at(person="bob@example.com"),
    "other rules": in_force(policy=rules(OTHERS)),
    "a shorter time for which devices are kept": in_force(keep=replace(KEEP_STATUS_MEMORY, devices=DAY)),
    "a stage that begins": passing(DAY),
    "a look that is too old": passing(timedelta(hours=25)),
    "sources that cannot be asked": without_sources,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_whatever_changes_is_told_with_the_next_look(scene: Scene, change: Any) -> None:
    before = await scene.told()
    await change(scene)
    after = await after_a_look(scene)
    assert after != before
    assert after == await scene.told_anew()


async def test_other_lists_are_told_at_once(scene: Scene) -> None:
    await scene.report("chess")
    before = await after_a_look(scene)
    scene.set(policy=rules(RULES, catalog("tiktok", "chess", prohibited=("tiktok", "chess"))))
    after = await scene.told()
    assert ('"lists": []' in before.text, '"lists": ["prohibited"]' in after.text) == (True, True)


async def test_exemptions_are_told_when_they_are_given_and_when_they_end(scene: Scene) -> None:
    await scene.report("tiktok")
    out = await after_a_look(scene)
    scene.set(policy=replace(rules(), reliefs=Reliefs(1, (EXEMPT,))))
    let_in = await scene.told()
    assert '"effect": "block"' in out.text
    assert '"effect": "block"' not in let_in.text
    scene.set(policy=replace(rules(), reliefs=Reliefs(2, ())))
    assert await scene.told() == out
    scene.set(policy=replace(rules(), reliefs=Reliefs(3, (replace(EXEMPT, until=AT + SECOND),))))
    assert await scene.told() == let_in
    scene.now += SECOND
    assert await after_a_look(scene) == out


async def test_an_unchanged_status_is_told_without_the_store(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await scene.told()
    for name in ("owned", "around", "find"):
        monkeypatch.setattr(type(scene.store.devices), name, None)
    monkeypatch.delattr(type(scene.store.people), "unreported")
    assert await scene.told() is before


async def test_without_looks_the_store_is_asked(scene: Scene) -> None:
    before = await scene.told()
    await scene.report("tiktok")
    scene.now += timedelta(seconds=6)
    assert await scene.told() != before


async def test_a_store_that_does_not_answer_is_not_told_from_memory(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then what another gate has learned."""
    before = await scene.told()
    monkeypatch.setattr(scene.store.devices, "owned", None)
    monkeypatch.setattr(scene.known, "_ask", away)
    scene.now += timedelta(seconds=6)
    after = await scene.told()
    assert after != before
    assert PHONE_STATUS_MEMORY not in after.text


async def away(*_: object, **__: object) -> None:
    return None


async def test_a_rule_that_reads_the_clock_is_asked_each_time(scene: Scene) -> None:
    turn = (AT + timedelta(minutes=1)).isoformat()
    late = {"id": "late", "when": f'client.handheld && now > timestamp("{turn}")', "effect": "block"}
    scene.set(policy=rules((RULES[0], late, *RULES[1:])))
    before = await scene.told()
    scene.now += timedelta(minutes=2)
    assert await after_a_look(scene) != before


STEPS: tuple[Callable[[Scene, Random], Any], ...] = (
    lambda scene, random: scene.report(*random.choice(((), ("tiktok",), ("chess",)))),
    lambda scene, random: scene.report(owner=random.choice((ADA, "bob@example.com"))),
    lambda scene, random: scene.see(random.choice(("ApplX8", "ApplX9"))),
    lambda scene, random: scene.report(eas_ids=random.choice(((), ("ApplX9",)))),
    lambda scene, _: lose(scene),
    lambda scene, _: scene.others.devices.mark_lost(PHONE_STATUS_MEMORY, None, acted(scene.now)),
    lambda scene, _: forget(scene),
    lambda scene, random: in_force(policy=rules(random.choice((RULES, OTHERS))))(scene),
    lambda scene, random: in_force(policy=relieved(random))(scene),
    lambda scene, random: in_force(groups=Groups({"staff": random.choice((frozenset(), frozenset({ADA})))}))(scene),
    lambda scene, random: passing(random.choice((SECOND, timedelta(hours=5), DAY)))(scene),
    lambda scene, random: at(token=random.choice((TOKEN, REVOKED, looked(scene))))(scene),
    lambda scene, random: at(client=random.choice((LAPTOP, FOUND)))(scene),
)  # fmt: skip


def relieved(random: Random) -> Policy:
    every = random.choice(((), (EXEMPT,), (replace(EXEMPT, rule="", person="", device=PHONE_STATUS_MEMORY),)))
    return replace(rules(), reliefs=Reliefs(random.getrandbits(30), every))


def looked(scene: Scene) -> AttestationResult:
    return replace(TOKEN, apps=AppsReport(frozenset(), complete=False, at=scene.now))


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_changes_memory_tells_what_the_store_would(scene: Scene, seed: int) -> None:
    random, told = Random(seed), []
    for _ in range(25):
        await random.choice(STEPS)(scene, random)
        told.append(await after_a_look(scene))
        assert told[-1] == await scene.told_anew()
    assert len(set(told)) > 5
