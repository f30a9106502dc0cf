"""StepKind somebody can do depends on who asks, and by what."""

from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, LAPTOP, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Finding,
    Kind,
    Posture,
    Protocol,
    Reason,
)
from mailgate.policy import Policy
from mailgate.simulate.actionable import actionable_steps, device_is_known
from mailgate.simulate.steps import StepBy, StepKind

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
