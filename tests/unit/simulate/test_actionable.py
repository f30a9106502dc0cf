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


def whats(seen: Access, policy: Policy = ANY) -> set[StepKind]:
    return {step.what for step in actionable_steps(seen, policy)}


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
    assert (StepKind.REPORT in whats(seen)) is known


def test_a_browser_can_prove_itself_and_a_mail_app_cannot() -> None:
    assert {StepKind.PROVE, StepKind.ENROL, StepKind.CERTIFICATE} <= whats(access(PHONE, Posture()))
    assert StepKind.ENROL not in whats(access(PHONE, CLEAN))
    app = whats(access(MAIL_APP, Posture()))
    assert StepKind.PROVE not in app
    assert StepKind.CERTIFICATE in app
    assert not {StepKind.PROVE, StepKind.CERTIFICATE, StepKind.ENROL} & whats(
        access(IMAP, Posture(), user="ada")
    )
    assert StepKind.WITHHOLD_PROOF in whats(access(PHONE, CLEAN, attestation=PROOF))


def test_the_probe_is_for_page_loads_of_computers() -> None:
    assert StepKind.PROBE in whats(access(LAPTOP))
    assert StepKind.PROBE not in whats(access(PHONE))


def test_the_company_can_settle_what_it_said_itself() -> None:
    torn = replace(CLEAN, lost=True, findings=(Finding(Reason.DEVICE_KIND_CONTRADICTED, ""),))
    assert {StepKind.FIND, StepKind.AGREE} <= whats(access(posture=torn))
    assert StepKind.LOSE in whats(access(posture=WITH_TIKTOK))
    assert StepKind.LOSE not in whats(access(posture=CLEAN))  # no device that could be named
    group = policy_of({"when": '"staff" in user.groups'})
    steps = [step for step in actionable_steps(access(), group) if step.what is StepKind.GROUP]
    assert [(step.by, step.about) for step in steps] == [(StepBy.COMPANY, ("staff",))]


def test_every_choice_of_a_few_apps_can_be_removed_and_of_many_each_and_all() -> None:
    two = replace(WITH_TIKTOK, apps=("tiktok", "wechat"))
    removed = [s.about for s in actionable_steps(access(posture=two), ANY) if s.what is StepKind.REMOVE_APPS]
    assert removed == [("tiktok",), ("wechat",), ("tiktok", "wechat")]
    many = replace(WITH_TIKTOK, apps=tuple("abcdefg"))
    sizes = [
        len(s.about) for s in actionable_steps(access(posture=many), ANY) if s.what is StepKind.REMOVE_APPS
    ]
    assert sizes == [1] * 7 + [7]


def test_apps_that_are_all_one_to_the_rules_are_one_step() -> None:
    catalog = replace(ANY.catalog, lists={"prohibited": ("tiktok", "wechat")})
    alike = replace(ANY, catalog=catalog)
    installed = [s.about for s in actionable_steps(access(), alike) if s.what is StepKind.INSTALL_APP]
    assert installed == [("tiktok", "wechat")]
    named = replace(policy_of({"when": '"wechat" in device.apps'}), catalog=catalog)
    assert [s.about for s in actionable_steps(access(), named) if s.what is StepKind.INSTALL_APP] == [
        ("tiktok",),
        ("wechat",),
    ]
