"""What a plan replays was recorded, or counts as unknown: nobody blocks people alone by what no sighting had."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, rules
from tests.unit.rollout.test_replay import Asked, judged
from tests.unit.store.examples import NOW

from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import AppsReport, AttestationResult, CertificateResult, Kind, Reason
from mailgate.policy.decide import decide
from mailgate.rollout import rule_texts_of
from mailgate.rollout.guard import EMPTY_WINDOW, Guard, Limit, beyond_window
from mailgate.rollout.plan import Counts, Plan
from mailgate.rollout.planning import Scope, make_plan
from mailgate.store import Act, Store

FIVE = range(1, 6)
NOBODY_ALONE = Guard(Limit(0))
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"


def proven(number: int, **changed: Any) -> AttestationResult:
    made = AttestationResult(f"phone-{number}", people.ISSUER, f"key-{number}", Kind.PHONE, "ios", "26.1", status="affirming")  # fmt: skip
    return replace(made, **changed)


def visit(number: int, agent: str = people.IPHONE, target: str = "/", **proved: Any) -> Asked:
    """A request of one of five people, whom a trusted proxy names."""
    method = "POST" if "Sync" in target else "GET"
    named = f"X-Forwarded-User: person-{number}".encode()
    return Asked(method, target, agent, (named,), proved.get("proof"), proved.get("certificate"), bool(proved.get("moved")))  # fmt: skip


def mail_app(number: int) -> str:
    return f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS{number}&DeviceType=iPhone"


def certified(number: int) -> CertificateResult:
    return CertificateResult(f"certificate-{number}")


async def know_five(store: Store) -> None:
    """Two sources have each person's phone. The one that looked last is not the issuer of the phone's proofs."""
    for number in FIVE:
        told: dict[str, Any] = {"kind": Kind.PHONE, "os": "ios", "eas_ids": (f"EAS{number}",)}
        first = report_by(people.ISSUER, f"phone-{number}", f"person-{number}", **told, status="affirming",
            apps=AppsReport(frozenset(), True, NOW - timedelta(hours=9)), keys=(f"key-{number}",))  # fmt: skip
        last = report_by("jamf", f"jamf-{number}", f"person-{number}", **told, status="none",
            apps=AppsReport(frozenset(), True, NOW - timedelta(hours=1)), certificates=(f"certificate-{number}",))  # fmt: skip
        await store.devices.ingest([first, last], NOW)


async def planned(store: Store, url: str, condition: str) -> Plan:
    """The plan of one more rule, which keeps out whoever meets the condition."""
    new = rules(f"rules: [{{id: new, when: '{condition}', effect: block}}, {{id: open, when: 'true', effect: allow}}]")  # fmt: skip
    active = await store.policies.activate(rule_texts_of(rules(OPEN)), Act(NOW, "ada", "policy-activated"))
    return await make_plan(store, url, active, new, Scope(NOW, 14, people.TERMS), 1, lambda *_: None)


@pytest.mark.parametrize(
    ("condition", "asks"),
    [
        ('"attestation-invalid" in client.findings', lambda n: visit(n, proof=AttestationResult(refused=Reason.TOKEN_EXPIRED))),
        ('attestation.refused == "token-expired"', lambda n: visit(n, proof=AttestationResult(refused=Reason.TOKEN_EXPIRED))),
        ('client.contradicted && client.assurance != "attested"', lambda n: visit(n, IPAD, proof=proven(n, kind=Kind.LAPTOP))),
        ('client.assurance == "claimed"', lambda n: visit(n, IPAD, proof=proven(n, kind=Kind.LAPTOP))),
        (f'attestation.issuer == "{people.ISSUER}"', lambda n: visit(n, proof=proven(n))),
        ('attestation.status == "warning"', lambda n: visit(n, proof=proven(n, status="warning"))),
        ('!attestation.valid', lambda n: visit(n, target=mail_app(n), certificate=certified(n))),
        ('client.assurance == "attested" && !attestation.valid', lambda n: visit(n, target=mail_app(n), certificate=certified(n))),
        ('"two-devices" in client.findings', lambda n: visit(n, target=mail_app(n % 5 + 1), certificate=certified(n))),
        ('"key-in-two-places" in client.findings', lambda n: visit(n, proof=proven(n), moved=True)),
        ('client.os == "ios" && client.kind == "phone"', lambda n: visit(n, "addon/1.0 " * 60 + people.IPHONE)),
    ],
)  # fmt: skip
async def test_requests_that_match_a_new_rule_are_counted_by_the_guard(
    store: Store, url: str, condition: str, asks: Callable[[int], Asked]
) -> None:
    await know_five(store)
    shut = rules(f"rules: [{{id: new, when: '{condition}', effect: block}}]").policy
    for number in FIVE:
        access = await judged(store, asks(number))
        assert decide(access, shut).rule == "new"
        store.ledger.record(access, decide(access, rules(OPEN).policy))
    await store.ledger.flush()
    plan = await planned(store, url, condition)
    assert (plan.newly["block"].people, plan.kept_out.people) == (5, 5)
    assert beyond_window(plan, NOBODY_ALONE, EMPTY_WINDOW)


@pytest.mark.parametrize(
    "condition",
    [
        "!attestation.valid",
        'attestation.status == "none"',
        f'attestation.issuer == "{people.ISSUER}"',
        'attestation.refused != ""',
        'client.contradicted && client.assurance != "attested"',
        '"attestation-invalid" in client.findings',
        "certificate.valid",
        'user.name == ""',
        'request.method == "GET"',
    ],
)
async def test_nobody_knows_how_a_device_asks_that_never_did(store: Store, url: str, condition: str) -> None:
    await know_five(store)
    plan = await planned(store, url, condition)
    assert plan.kept_out == Counts(people=5, devices=5)
    assert beyond_window(plan, NOBODY_ALONE, EMPTY_WINDOW)


@pytest.mark.parametrize("condition", ['client.kind == "laptop"', "client.handheld", 'client.os == "linux"'])
async def test_unknown_kinds_of_devices_count_as_refused(store: Store, url: str, condition: str) -> None:
    for number in FIVE:
        await store.devices.ingest([report_by("jamf", f"d{number}", f"person-{number}")], NOW)
    plan = await planned(store, url, condition)
    assert plan.kept_out == Counts(people=5, devices=5)


@pytest.mark.parametrize(
    ("condition", "counted"),
    [
        ('client.kind == "laptop" && !attestation.valid', 0),
        ('"prohibited" in device.lists && client.contradicted', 0),
        ("client.handheld || client.contradicted", 5),
    ],
)
async def test_known_values_settle_a_condition_by_themselves(
    store: Store, url: str, condition: str, counted: int
) -> None:
    """An unknown value counts only where it leaves the condition undetermined."""
    await know_five(store)
    plan = await planned(store, url, condition)
    assert (plan.kept_out.people, plan.newly["block"].people) == (counted, counted)


async def test_a_row_of_before_proofs_were_recorded_is_not_one_without_a_proof(
    store: Store, url: str
) -> None:
    for number in FIVE:
        access = await judged(store, visit(number))
        store.ledger.record(access, decide(access, rules(OPEN).policy))
    await store.ledger.flush()
    engine = sqlite3.connect(url.removeprefix("sqlite:///"))
    engine.execute("UPDATE clients SET proofs = NULL")
    engine.commit()
    engine.close()
    plan = await planned(store, url, "attestation.valid")
    assert (plan.newly["unknown"].people, plan.kept_out.people) == (5, 5)


async def test_a_device_that_speaks_for_itself_raises_no_limit(store: Store, url: str) -> None:
    """Somebody who enrols keys for people who do not exist would otherwise let a larger part of the real ones be kept out."""
    await know_five(store)
    before = await planned(store, url, "client.handheld")
    for number in range(12):
        own = report_by(ENROLLED, f"made-{number}", f"invented-{number}", Kind.LAPTOP, keys=(f"own-{number}",))  # fmt: skip
        await store.devices.ingest([own], NOW)
        proof = AttestationResult(f"made-{number}", "https://gate", f"own-{number}", Kind.LAPTOP, user=f"invented-{number}", self_reported=True)  # fmt: skip
        asked = Asked("GET", "/", people.WINDOWS, (), proof, None, moved=False)
        access = await judged(store, asked)
        assert access.user.name == f"invented-{number}"
        store.ledger.record(access, decide(access, rules(OPEN).policy))
    await store.ledger.flush()
    after = await planned(store, url, "client.handheld")
    assert (before.known, after.known) == (Counts(people=5, devices=5), Counts(people=5, devices=5))
    assert after.totals.people == 17
