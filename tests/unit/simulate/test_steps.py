"""What could differ about one access, and who could bring it about."""

from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, LAPTOP, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.engine.decide import decide
from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Effect,
    Finding,
    Kind,
    Posture,
    Protocol,
    Reason,
)
from mailgate.policy import Policy
from mailgate.simulate import what_if
from mailgate.simulate.steps import (
    StepBy,
    StepKind,
    actionable_steps,
    device_is_known,
    hypothetical_steps,
    step,
    words_compared,
)


def test_a_step_changes_who_asks_and_not_the_rules() -> None:
    policy, seen = policy_of({}), access()
    made = step(StepKind.PROBE, StepBy.PERSON, what_if.probed)
    changed, same = made.apply((seen, policy))
    assert changed.client.probed
    assert same is policy
    assert made.facts == {("probe",)}


def test_the_words_are_those_of_every_rule_but_the_empty_one() -> None:
    policy = policy_of(
        {"when": 'user.name == "grace"'}, {"when": 'user.name in ["ada", ""] || client.os == "ios"'}
    )
    assert words_compared(policy, "user.name") == ("ada", "grace")
    assert words_compared(policy, "request.remote") == ()


ANY = policy_of({})
MAIL_APP = Client(Kind.MAIL_APP, handheld=True, eas_id="A1", protocol=Protocol.ACTIVESYNC)
IMAP = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.IMAP)
PROOF = AttestationResult("d1")


def kinds_of_steps(seen: Access) -> set[StepKind]:
    return {step.what for step in actionable_steps(seen, ANY)}


def apps_in_steps(what: StepKind, seen: Access, policy: Policy = ANY) -> list[tuple[str, ...]]:
    """The apps that each step of a kind is about."""
    return [step.about for step in actionable_steps(seen, policy) if step.what is what]


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        (access(PHONE, Posture()), False),
        (access(PHONE, CLEAN), True),
        (access(MAIL_APP, Posture()), True),
        (access(PHONE, Posture(), attestation=PROOF), True),
        (access(PHONE, Posture(), attestation=AttestationResult(refused=Reason.KEY_REVOKED)), False),
        (access(PHONE, Posture(), certificate=CertificateResult("x")), True),
        (access(IMAP, Posture(), user="ada"), True),
        (access(IMAP, Posture()), False),
        (access(replace(LAPTOP, protocol=Protocol.IMAP), Posture(), user="ada"), False),
    ],
)
def test_a_report_helps_only_where_the_gate_knows_whose_it_is(seen: Access, known: bool) -> None:
    assert device_is_known(seen) is known
    assert (StepKind.REPORT in kinds_of_steps(seen)) is known


TORN = replace(CLEAN, lost=True, findings=(Finding(Reason.DEVICE_KIND_CONTRADICTED, ""),))
PROVING = {StepKind.PROVE, StepKind.CERTIFICATE, StepKind.ENROL}


@pytest.mark.parametrize(
    ("seen", "possible", "impossible"),
    [
        (access(PHONE, Posture()), PROVING, {StepKind.PROBE}),
        (access(PHONE, CLEAN), set(), {StepKind.ENROL, StepKind.PROBE}),
        (access(PHONE, CLEAN, attestation=PROOF), {StepKind.WITHHOLD_PROOF}, set()),
        (access(LAPTOP), {StepKind.PROBE}, set()),
        (access(MAIL_APP, Posture()), {StepKind.CERTIFICATE}, {StepKind.PROVE}),
        (access(IMAP, Posture(), user="ada"), set(), PROVING),
        (access(PHONE, TORN), {StepKind.FIND, StepKind.AGREE}, set()),
        (access(PHONE, WITH_TIKTOK), {StepKind.LOSE}, set()),
        (access(PHONE, replace(WITH_TIKTOK, device_id="")), set(), {StepKind.LOSE}),
        (access(PHONE, CLEAN), set(), {StepKind.LOSE}),
    ],
    ids=[
        "a browser that nobody knows",
        "a browser whose device is known",
        "a browser that has proved itself",
        "the browser of a computer",
        "a mail app",
        "a mail app at the side door",
        "a lost device of two kinds",
        "a device with a name",
        "a device without a name",
        "a clean device without a name",
    ],
)
def test_what_can_be_done_depends_on_who_asks(
    seen: Access, possible: set[StepKind], impossible: set[StepKind]
) -> None:
    assert possible <= kinds_of_steps(seen)
    assert not impossible & kinds_of_steps(seen)


def test_the_company_can_put_somebody_into_a_group_that_a_rule_reads() -> None:
    group = policy_of({"when": '"staff" in user.groups'})
    steps = [step for step in actionable_steps(access(), group) if step.what is StepKind.GROUP]
    assert [(step.by, step.about) for step in steps] == [(StepBy.COMPANY, ("staff",))]


@pytest.mark.parametrize(
    ("apps", "removed"),
    [
        (("tiktok", "wechat"), [("tiktok",), ("wechat",), ("tiktok", "wechat")]),
        (tuple("abcdefg"), [*((app,) for app in "abcdefg"), tuple("abcdefg")]),
    ],
    ids=["of a few apps every choice", "of many each and all"],
)
def test_apps_can_be_removed(apps: tuple[str, ...], removed: list[tuple[str, ...]]) -> None:
    seen = access(posture=replace(WITH_TIKTOK, apps=apps))
    assert apps_in_steps(StepKind.REMOVE_APPS, seen) == removed


@pytest.mark.parametrize(
    ("policy", "installed"),
    [
        (ANY, [("tiktok", "wechat")]),
        (policy_of({"when": '"wechat" in device.apps'}), [("tiktok",), ("wechat",)]),
    ],
    ids=["no rule tells them apart", "a rule names one"],
)
def test_apps_that_are_all_one_to_the_rules_are_one_step(
    policy: Policy, installed: list[tuple[str, ...]]
) -> None:
    catalog = replace(ANY.catalog, lists={"prohibited": ("tiktok", "wechat")})
    assert apps_in_steps(StepKind.INSTALL_APP, access(), replace(policy, catalog=catalog)) == installed


def test_other_kinds_where_a_rule_reads_the_kind() -> None:
    kinds = [s.about for s in hypothetical_steps(access(LAPTOP), policy_of({"when": 'client.kind == "bot"'}))]
    assert [each for each in kinds if each] == [("phone",), ("tablet",), ("bot",)]
    assert StepKind.KIND not in {s.what for s in hypothetical_steps(access(LAPTOP), policy_of({}))}


@pytest.mark.parametrize(("share", "effect"), [("0%", Effect.BLOCK), ("99.9999%", Effect.ALLOW)])
def test_the_share_of_a_rule_from_both_sides(share: str, effect: Effect) -> None:
    policy = policy_of({"share": share, "effect": "block"}, {"effect": "allow"})
    seen = access(user="ada")
    (step,) = [s for s in hypothetical_steps(seen, policy) if s.what is StepKind.SHARE]
    assert decide(*step.apply((seen, policy))).effect is effect


def test_words_that_rules_compare_with() -> None:
    policy = policy_of({"when": 'user.name == "ada" || request.remote == "10.0.0.1" || client.os == "ios"'})
    told = {(s.what, s.about) for s in hypothetical_steps(access(PHONE, WITH_TIKTOK), policy) if s.about}
    assert told == {(StepKind.USER, ("ada",)), (StepKind.ADDRESS, ("10.0.0.1",)), (StepKind.SYSTEM, ("ios",))}


def test_nobody_can_bring_it_about() -> None:
    steps = list(hypothetical_steps(access(PHONE, WITH_TIKTOK), policy_of({"when": "client.handheld"})))
    assert {s.by for s in steps} == {StepBy.NOBODY}
    assert {StepKind.NEVER_REPORTED, StepKind.UNAVAILABLE, StepKind.CONTRADICTED} <= {s.what for s in steps}
    assert StepKind.UNAVAILABLE not in {
        s.what for s in hypothetical_steps(access(PHONE, Posture()), policy_of({}))
    }
