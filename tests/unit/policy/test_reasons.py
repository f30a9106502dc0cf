from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.policy.examples import CATALOG, CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access

from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Effect,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
)
from mailgate.policy.condition import compile_condition
from mailgate.policy.reasons import apps_behind, infer, update_behind

CONTRADICTED = Client(Kind.PHONE, True, findings=(Finding(Reason.KIND_CONTRADICTED, "the two disagree"),))
UNKNOWN = Client(Kind.UNKNOWN, False)
REFUSED = AttestationResult(refused=Reason.TOKEN_EXPIRED)
REVOKED = CertificateResult(refused=Reason.CERTIFICATE_REVOKED)
OF_ANOTHER = Client(Kind.PHONE, True, findings=(Finding(Reason.DEVICE_OF_ANOTHER, "ada, not bob"),))
WATCHED = Posture(PostureState.LISTED, os="android", apps=("wechat",), lists=("tencent",))
STALE_WITH_TIKTOK = Posture(PostureState.STALE, apps=("tiktok",), lists=("prohibited",))


CONTRADICTED_DEVICE = Posture(PostureState.STALE, findings=(Finding(Reason.DEVICE_OS_CONTRADICTED, ""),))


def of(state: PostureState) -> Access:
    return access(PHONE, Posture(state))


VERDICT = 'device.state != "clean" && device.compliance != "compliant"'
OLD = 'now - device.compliance_at > duration("24h")'


def judged(compliance: Compliance, ago: timedelta = timedelta()) -> Access:
    """A phone of which not every app was seen, with this verdict of its management."""
    posture = Posture(PostureState.PARTIAL, os="android", compliance=compliance, compliance_at=NOW - ago)
    return access(PHONE, posture)


BROWSER = '!extension.browser_version.at_least("142.0.7")'
COMPUTER = f'client.kind == "laptop" && {BROWSER}'
SYSTEM = '!client.os_version.at_least("26") || !device.os_version.at_least("18.5")'


def saying(**said: object) -> Access:
    """A computer whose browser has the company's extension, which says this."""
    word = ExtensionWord(**{"version": "0.1.0", "browser": "Google Chrome", **said})  # type: ignore[arg-type]
    return access(LAPTOP, attestation=AttestationResult("d1", self_reported=True, extension=word))


IOS = access(replace(PHONE, os="ios", os_version="18.5"), Posture(os="ios", os_version="18.4"))


@pytest.mark.parametrize(
    ("condition", "request_", "update"),
    [
        (COMPUTER, saying(browser_version="142.0.6"), ("browser", "Google Chrome", "142.0.7")),
        (COMPUTER, saying(browser_version=""), None),
        (COMPUTER, access(LAPTOP), None),
        # the lowest version with which the rule would not hold
        (f'{BROWSER} || !extension.browser_version.at_least("100")', saying(browser_version="99"), ("browser", "Google Chrome", "142.0.7")),
        (f'{BROWSER} && !extension.browser_version.at_least("100")', saying(browser_version="99"), ("browser", "Google Chrome", "100")),
        # of two that are too old, one after the other
        (f'{BROWSER} || !extension.version.at_least("0.2")', saying(browser_version="141"), ("browser", "Google Chrome", "142.0.7")),
        (f'{BROWSER} || !extension.version.at_least("0.2")', saying(browser_version="150"), ("extension", "", "0.2")),
        (f'{BROWSER} || !extension.version.at_least("0.2")', saying(), ("extension", "", "0.2")),
        (SYSTEM, IOS, ("system", "ios", "26")),
        ('client.handheld && !device.os_version.at_least("18.5")', IOS, ("system", "ios", "18.5")),
        # a newer version would not end it
        (f'{BROWSER} || client.kind == "laptop"', saying(browser_version="1"), None),
    ],
)  # fmt: skip
def test_the_update_follows_from_the_condition(
    condition: str, request_: Access, update: tuple[str, str, str] | None
) -> None:
    assert update_behind(compile_condition(condition, {}), request_) == update


@pytest.mark.parametrize(
    ("condition", "request_", "reason"),
    [
        (COMPUTER, saying(browser_version="141"), Reason.UPDATE_REQUIRED),
        # what is not known is not said to be old
        (COMPUTER, saying(browser_version=""), Reason.VERSION_UNKNOWN),
        (COMPUTER, access(LAPTOP), Reason.EXTENSION_REQUIRED),
        ('!client.os_version.at_least("11")', access(LAPTOP), Reason.VERSION_UNKNOWN),
        ('extension.install_type != "admin"', access(LAPTOP), Reason.EXTENSION_REQUIRED),
        ('extension.install_type != "admin"', saying(install_type="normal"), Reason.RULE_MATCHED),
        ('extension.disk_encryption != "on"', access(LAPTOP, attestation=REFUSED), Reason.EXTENSION_REQUIRED),
        (
            'client.kind == "laptop" && extension.firewall == "off"',
            saying(firewall=False),
            Reason.RULE_MATCHED,
        ),
        ('client.kind == "laptop" && extension.firewall != "on"', saying(), Reason.RULE_MATCHED),
        ('client.kind == "laptop" || extension.managed', access(LAPTOP), Reason.KIND_REFUSED),
        ('client.kind == "laptop" || extension.managed', saying(), Reason.KIND_REFUSED),
        (f"{BROWSER} || !attestation.valid", access(LAPTOP), Reason.ATTESTATION_REQUIRED),
        ('"prohibited" in device.lists', access(PHONE, WITH_TIKTOK), Reason.PROHIBITED_APP),
        ('device.state != "clean"', access(PHONE, WITH_TIKTOK), Reason.PROHIBITED_APP),
        ('device.absence != "seen"', access(PHONE, WITH_TIKTOK), Reason.PROHIBITED_APP),
        ('device.absence != "seen"', access(PHONE, STALE_WITH_TIKTOK), Reason.POSTURE_STALE),
        ('device.absence != "seen"', of(PostureState.PARTIAL), Reason.POSTURE_PARTIAL),
        ('device.state != "clean"', of(PostureState.STALE), Reason.POSTURE_STALE),
        ('device.state != "clean"', of(PostureState.MISSING), Reason.POSTURE_MISSING),
        ('device.state != "clean"', of(PostureState.PARTIAL), Reason.POSTURE_PARTIAL),
        ('device.state != "clean"', of(PostureState.UNAVAILABLE), Reason.POSTURE_UNAVAILABLE),
        ('"prohibited" in device.lists', access(PHONE, STALE_WITH_TIKTOK), Reason.PROHIBITED_APP),
        ('device.state != "clean"', access(PHONE, STALE_WITH_TIKTOK), Reason.POSTURE_STALE),
        (VERDICT, judged(Compliance.NONCOMPLIANT), Reason.DEVICE_NONCOMPLIANT),
        (VERDICT, judged(Compliance.UNKNOWN), Reason.COMPLIANCE_UNKNOWN),
        (VERDICT, judged(Compliance.NONE), Reason.COMPLIANCE_UNKNOWN),
        (VERDICT + ' || device.os == "android"', judged(Compliance.NONCOMPLIANT), Reason.POSTURE_PARTIAL),
        (OLD, judged(Compliance.COMPLIANT, timedelta(hours=25)), Reason.COMPLIANCE_UNKNOWN),
        ("!device.compliance_apps", judged(Compliance.COMPLIANT), Reason.COMPLIANCE_UNKNOWN),
        (
            VERDICT,
            access(PHONE, replace(WITH_TIKTOK, compliance=Compliance.NONCOMPLIANT)),
            Reason.PROHIBITED_APP,
        ),
        ("client.handheld && !device.managed", access(PHONE, CLEAN), Reason.KIND_REFUSED),
        ("device.contradicted", access(PHONE, CONTRADICTED_DEVICE), Reason.DEVICE_CONTRADICTED),
        ("size(device.findings) > 0", access(PHONE, CONTRADICTED_DEVICE), Reason.DEVICE_CONTRADICTED),
        ("!device.contradicted", access(PHONE, CLEAN), Reason.RULE_MATCHED),
        ("!device.managed", access(PHONE, CONTRADICTED_DEVICE), Reason.POSTURE_STALE),
        ('device.state != "clean"', access(OF_ANOTHER, Posture()), Reason.DEVICE_OF_ANOTHER),
        ('"prohibited" in device.lists', access(OF_ANOTHER, WITH_TIKTOK), Reason.DEVICE_OF_ANOTHER),
        ("!certificate.valid", access(OF_ANOTHER), Reason.DEVICE_OF_ANOTHER),
        ("client.handheld", access(OF_ANOTHER), Reason.KIND_REFUSED),
        ("!device.managed", access(PHONE, WITH_TIKTOK), Reason.RULE_MATCHED),
        ("client.handheld", of(PostureState.STALE), Reason.KIND_REFUSED),
        ('client.form == ""', access(PHONE), Reason.KIND_REFUSED),
        ("client.handheld", access(CONTRADICTED), Reason.KIND_REFUSED),
        ("client.contradicted", access(CONTRADICTED), Reason.KIND_CONTRADICTED),
        ("size(client.findings) > 0", access(CONTRADICTED), Reason.KIND_CONTRADICTED),
        ("!client.contradicted", access(PHONE), Reason.RULE_MATCHED),
        ('client.kind != "laptop"', access(UNKNOWN), Reason.KIND_UNKNOWN),
        ('client.kind != "laptop"', access(PHONE), Reason.KIND_REFUSED),
        ("!attestation.valid", of(PostureState.STALE), Reason.ATTESTATION_REQUIRED),
        ("!attestation.valid", access(PHONE, attestation=REFUSED), Reason.ATTESTATION_INVALID),
        ("!certificate.valid", access(PHONE), Reason.CERTIFICATE_REQUIRED),
        ("!certificate.valid", access(PHONE, certificate=REVOKED), Reason.CERTIFICATE_INVALID),
        ("certificate.valid", access(PHONE, certificate=CertificateResult("x5t")), Reason.RULE_MATCHED),
        ('user.name == ""', access(LAPTOP), Reason.RULE_MATCHED),
    ],
)
def test_the_reason_follows_from_what_the_condition_reads(
    condition: str, request_: Access, reason: Reason
) -> None:
    assert infer(compile_condition(condition, {}), Effect.BLOCK, request_, CATALOG) is reason


WHOLE = 'device.state != "listed" && attestation.valid || !certificate.valid && client.kind != "bot"'
ACCEPTED, KNOWN = AttestationResult("d1"), CertificateResult("x5t")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (access(UNKNOWN, Posture(PostureState.STALE, apps=("tiktok",))), Reason.POSTURE_STALE),
        (access(UNKNOWN, CLEAN), Reason.ATTESTATION_REQUIRED),
        (access(UNKNOWN, CLEAN, attestation=REFUSED), Reason.ATTESTATION_INVALID),
        (access(UNKNOWN, CLEAN, attestation=ACCEPTED), Reason.CERTIFICATE_REQUIRED),
        (access(UNKNOWN, CLEAN, attestation=ACCEPTED, certificate=REVOKED), Reason.CERTIFICATE_INVALID),
        (access(UNKNOWN, CLEAN, attestation=ACCEPTED, certificate=KNOWN), Reason.KIND_UNKNOWN),
    ],
)
def test_the_device_comes_first_then_the_proofs_and_the_kind_last(request_: Access, reason: Reason) -> None:
    assert infer(compile_condition(WHOLE, {}), Effect.BLOCK, request_, CATALOG) is reason


@pytest.mark.parametrize(
    "condition",
    [
        'client.handheld && ("prohibited" in device.lists || device.os == "android")',
        'client.handheld && (device.state == "stale" || device.os == "android")',
        'client.handheld && !("approved" in device.lists)',
        "client.handheld && !device.managed",
        "client.handheld",
    ],
)
def test_an_app_that_is_only_watched_is_the_reason_of_nothing(condition: str) -> None:
    compiled, phone = compile_condition(condition, {}), access(PHONE, WATCHED)
    assert infer(compiled, Effect.BLOCK, phone, CATALOG) is Reason.KIND_REFUSED
    assert apps_behind(compiled, phone, CATALOG) == ()


def test_an_allowed_person_needs_no_reason() -> None:
    condition = compile_condition('device.state != "clean"', {})
    assert infer(condition, Effect.ALLOW, access(PHONE, WITH_TIKTOK), CATALOG) is Reason.RULE_MATCHED


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ('"prohibited" in device.lists', ("TikTok",)),
        ('"tencent" in device.lists', ("WeChat",)),
        ('"wechat" in device.apps', ("WeChat",)),
        ('device.state == "listed"', ("TikTok", "WeChat")),
        ("device.lists.size() > 0", ("TikTok", "WeChat")),
        ("device.apps.size() > 0", ("TikTok", "WeChat")),
        ('device.apps[0] != "wechat"', ("TikTok", "WeChat")),  # it would fail without any
        ('device.state != "clean"', ("TikTok", "WeChat")),
        ('"prohibited" in device.lists || device.state == "stale"', ("TikTok",)),
        ('"tiktok" in device.apps || !("wechat" in device.apps)', ("TikTok",)),
        ('"tiktok" in device.apps || !("tencent" in device.lists)', ("TikTok",)),
    ],
)
def test_the_apps_are_those_that_the_condition_is_about(condition: str, names: tuple[str, ...]) -> None:
    posture = Posture(PostureState.LISTED, apps=("tiktok", "wechat"), lists=("prohibited", "tencent"))
    assert apps_behind(compile_condition(condition, {}), access(PHONE, posture), CATALOG) == names


@pytest.mark.parametrize(
    ("apps", "names"), [(("gone", "tiktok"), ("TikTok",)), (("gone",), ("gone",)), ((), ())]
)
def test_apps_on_a_list_are_named_as_the_cause(apps: tuple[str, ...], names: tuple[str, ...]) -> None:
    posture = Posture(PostureState.LISTED, apps=apps)
    condition = compile_condition('device.state != "clean"', {})
    assert apps_behind(condition, access(PHONE, posture), CATALOG) == names
