"""A status from memory is the one that would be worked out now, whatever has changed since it was told, and wherever."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.unit.gateway.gates import policy
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url
from tests.unit.store.examples import ALLOW, CATALOG, ISSUER, NOW, TERMS, access, catalog, mail_app, proof

from mailgate.devices.device import new_id
from mailgate.devices.trust import report_by
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.selfservice.own_devices import AskingRequest
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.gateway.selfservice.status import Statuses, StatusWords
from mailgate.model import (
    FOUND_BESIDE,
    Access,
    AppsReport,
    AttestationResult,
    Client,
    Enrolment,
    Kind,
    Reason,
    RequestFacts,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Act, RetentionTimes, Store
from mailgate.store.person_records import UnreportedPhones

ADA = "ada@example.com"
LAPTOP = Client(Kind.LAPTOP, handheld=False, os="windows")
TOKEN = proof(device_id="laptop-1", kind=Kind.LAPTOP, os="windows", complete=False)
OWN, PHONE = new_id((ISSUER, "laptop-1")), new_id(("jamf", "7"))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEEP = RetentionTimes(30 * DAY, 90 * DAY, 365 * DAY)
LATER = (NOW + 2 * DAY).isoformat()
RULES = (
    {"id": "laptop", "when": 'client.kind == "laptop" && client.findings.size() == 0', "effect": "allow"},
    {"id": "listed", "title": "No listed app", "when": 'device.state == "listed"', "effect": "block"},
    {"id": "soon", "when": "client.handheld && device.compliance != 'compliant'", "effect": "block", "stages": {"warn": (NOW + DAY).isoformat(), "enforce": LATER}},
    {"id": "staff", "when": 'client.handheld && "staff" in user.groups', "effect": "allow"},
    {"id": "known", "when": 'client.handheld && device.state in ["clean", "partial", "listed"]', "effect": "allow"},
)  # fmt: skip
OTHERS = (
    RULES[0],
    {"id": "shut", "title": "All phones are out", "when": "client.handheld", "effect": "block"},
)
EXEMPT = Relief(1, Cause.EXEMPTION, "listed", "a new phone", "ada", NOW, NOW + 3 * DAY, person=ADA)


def rules(which: Any = RULES, apps: Any = CATALOG) -> Policy:
    return policy(which, apps)


def acted(at: datetime) -> Act:
    return Act(at, "admin", "device-lost")


@dataclass
class Scene:
    """A gate at which one person's laptop asks. ``others`` is another gate on its store."""

    store: Store
    others: Store
    now: datetime = NOW
    token: AttestationResult = TOKEN
    client: Client = LAPTOP
    person: str = ADA
    live: InForce = field(init=False)

    def __post_init__(self) -> None:
        told: dict[str, Any] = dict.fromkeys(("verifier", "responses"))
        self.live = InForce(Live(policy=rules(), keep=KEEP, **told))
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
    await scene.others.devices.mark_lost(PHONE, scene.now, acted(scene.now))


async def forget(scene: Scene) -> None:
    await scene.others.devices.forget(PHONE, scene.now)


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
        token=replace(TOKEN, apps=AppsReport(frozenset(), complete=False, at=NOW + SECOND)), now=NOW + SECOND
    ),
    "the laptop has a listed app": at(token=replace(TOKEN, apps=AppsReport(frozenset({"tiktok"}), False, NOW))),
    "its key is revoked": at(token=REVOKED),
    "its key is in two places": at(client=FOUND),
    "another person": at(person="bob@example.com"),
    "other rules": in_force(policy=rules(OTHERS)),
    "a shorter time for which devices are kept": in_force(keep=replace(KEEP, devices=DAY)),
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
    scene.set(policy=replace(rules(), reliefs=Reliefs(3, (replace(EXEMPT, until=NOW + SECOND),))))
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
    assert PHONE not in after.text


async def away(*_: object, **__: object) -> None:
    return None


async def test_a_rule_that_reads_the_clock_is_asked_each_time(scene: Scene) -> None:
    turn = (NOW + timedelta(minutes=1)).isoformat()
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
    lambda scene, _: scene.others.devices.mark_lost(PHONE, None, acted(scene.now)),
    lambda scene, _: forget(scene),
    lambda scene, random: in_force(policy=rules(random.choice((RULES, OTHERS))))(scene),
    lambda scene, random: in_force(policy=relieved(random))(scene),
    lambda scene, random: in_force(groups=Groups({"staff": random.choice((frozenset(), frozenset({ADA})))}))(scene),
    lambda scene, random: passing(random.choice((SECOND, timedelta(hours=5), DAY)))(scene),
    lambda scene, random: at(token=random.choice((TOKEN, REVOKED, looked(scene))))(scene),
    lambda scene, random: at(client=random.choice((LAPTOP, FOUND)))(scene),
)  # fmt: skip


def relieved(random: Random) -> Policy:
    every = random.choice(((), (EXEMPT,), (replace(EXEMPT, rule="", person="", device=PHONE),)))
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
