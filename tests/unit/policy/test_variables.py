from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access

from mailgate.classify import agent_traits, classify
from mailgate.classify.reading import KIND_OF_FORM
from mailgate.model import (
    DEVICE_FINDINGS,
    Absence,
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Enrolment,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    Signal,
    Threat,
    User,
)
from mailgate.model.times import LONG_AGO
from mailgate.policy.condition import EvaluationError, compile_condition
from mailgate.policy.variables import CLOCKS, VARIABLES, DependsOn, KeptBy, cel_activation, dependencies_of

REFUSED = AttestationResult(
    refused=Reason.TOKEN_EXPIRED, issuer="https://mdm.example.com", status="affirming"
)


FULL = Access(
    RequestFacts("PUT", "/a%2Fb?c", "https", "mail.example.com", "203.0.113.9"),
    Client(
        Kind.TABLET, True, Assurance.ATTESTED, "tablet", "ios", "18.1", "Safari", "18.0", "iPad14,1",
        eas_type="iPad", protocol=Protocol.DAV,
        signals=(Signal("probe", "touch", "0", Kind.LAPTOP),),
        findings=(Finding(Reason.KIND_CONTRADICTED, ""),),
    ),
    Posture(
        PostureState.LISTED, "d1", Kind.PHONE, "android", "15", True, "ada", ("tiktok",), ("prohibited",), "intune",
        ("intune", "jamf"), NOW - timedelta(hours=2), timedelta(hours=1),
        findings=(Finding(Reason.DEVICE_OS_CONTRADICTED, ""),), enrolment=Enrolment.SUPERVISED, compliance=Compliance.GRACE,
        compliance_at=NOW - timedelta(hours=4), compliance_apps=("tiktok",), compliance_covers=True, threat=Threat.LOW,
    ),
    NOW,
    User("ada", ("staff",), groups_known=True),
    AttestationResult(
        "d1", "https://mdm.example.com", status="warning",
        extension=ExtensionWord("0.2.0", "admin", True, "Chrome", "142.0.1", "11", True, False),
    ),
    CertificateResult("x5t"),
)  # fmt: skip
BARE = Access(RequestFacts(), Client(Kind.UNKNOWN, False), Posture(), NOW)
VALUES: dict[str, tuple[object, object]] = {
    "client.kind": ("tablet", "unknown"),
    "client.handheld": (True, False),
    "client.assurance": ("attested", "claimed"),
    "client.form": ("tablet", ""),
    "client.os": ("ios", ""),
    "client.os_version": ("18.1", ""),
    "client.browser": ("Safari", ""),
    "client.browser_version": ("18.0", ""),
    "client.model": ("iPad14,1", ""),
    "client.eas_type": ("iPad", ""),
    "client.contradicted": (True, False),
    "client.probed": (True, False),
    "client.findings": (["kind-contradicted"], []),
    "device.state": ("listed", "missing"),
    "device.known": (True, False),
    "device.apps": (["tiktok"], []),
    "device.lists": (["prohibited"], []),
    "device.managed": (True, False),
    "device.kind": ("phone", "unknown"),
    "device.os": ("android", ""),
    "device.os_version": ("15", ""),
    "device.sources": (["intune", "jamf"], []),
    "device.contradicted": (True, False),
    "device.findings": (["device-os-contradicted"], []),
    "device.age": (timedelta(hours=3), timedelta(days=36500)),
    "device.enrolment": ("supervised", "unknown"),
    "device.compliance": ("grace", "none"),
    "device.compliance_at": (NOW - timedelta(hours=4), LONG_AGO),
    "device.compliance_apps": (True, False),
    "device.threat": ("low", "none"),
    "device.absence": ("", ""),
    "attestation.valid": (True, False),
    "attestation.status": ("warning", "none"),
    "attestation.issuer": ("https://mdm.example.com", ""),
    "attestation.refused": ("", ""),
    "extension.version": ("0.2.0", ""),
    "extension.install_type": ("admin", ""),
    "extension.managed": (True, False),
    "extension.browser": ("Chrome", ""),
    "extension.browser_version": ("142.0.1", ""),
    "extension.os_version": ("11", ""),
    "extension.disk_encryption": ("on", "unknown"),
    "extension.screen_lock": ("off", "unknown"),
    "extension.firewall": ("unknown", "unknown"),
    "certificate.valid": (True, False),
    "certificate.refused": ("", ""),
    "request.method": ("PUT", "GET"),
    "request.path": ("/a%2Fb", "/"),
    "request.host": ("mail.example.com", ""),
    "request.scheme": ("https", "http"),
    "request.protocol": ("dav", "web"),
    "request.remote": ("203.0.113.9", ""),
    "user.name": ("ada", ""),
    "user.groups": (["staff"], []),
    "now": (NOW, NOW),
}
"""Each variable, for a request of which everything is known and for one of which nothing is."""


def test_every_variable_is_read_from_what_it_is_about() -> None:
    read = {name: (each.read(FULL), each.read(BARE)) for name, each in VARIABLES.items()}
    assert read == VALUES


def names_by(field: str) -> dict[object, set[str]]:
    found: dict[object, set[str]] = {}
    for name, variable in VARIABLES.items():
        found.setdefault(getattr(variable, field), set()).add(name)
    return found


def test_every_variable_tells_what_keeps_its_value() -> None:
    """What is said to be kept and is not would let a plan count somebody as let in who is kept out."""
    by = names_by("kept_by")
    assert by[KeptBy.NOTHING] == {"request.path", "request.host", "request.scheme", "request.remote"}
    assert by[KeptBy.REPORT] == {
        "client.kind", "client.handheld", "client.form", "client.os", "client.os_version", "user.groups", "now",
        *(name for name in VALUES if name.startswith("device.")),
    }  # fmt: skip
    assert by[KeptBy.SIGHTING] == set(VALUES) - by[KeptBy.NOTHING] - by[KeptBy.REPORT]


def test_a_closed_set_has_every_word_and_no_other() -> None:
    reasons, words = tuple(map(str, Reason)), {name: VARIABLES[name].closed for name in VALUES}
    assert {name: closed for name, closed in words.items() if closed is not None} == {
        "client.kind": ("laptop", "phone", "tablet", "mail_app", "tool", "bot", "other", "unknown"),
        "client.assurance": ("claimed", "consistent", "attested"),
        "client.form": ("desktop", "phone", "tablet", "ereader", "tv", "console", "watch", "car", "speaker", "xr", ""),
        "client.findings": reasons,
        "device.state": ("clean", "listed", "partial", "stale", "missing", "unavailable"),
        "device.kind": ("laptop", "phone", "tablet", "mail_app", "tool", "bot", "other", "unknown"),
        "device.findings": tuple(sorted(DEVICE_FINDINGS)),
        "device.enrolment": (
            "fully-managed", "dedicated", "work-profile-company", "work-profile-personal", "device-administrator",
            "supervised", "device-enrolment", "user-enrolment", "none", "unknown",
        ),
        "device.compliance": ("compliant", "grace", "noncompliant", "unknown", "none"),
        "device.threat": ("secured", "low", "medium", "high", "compromised", "unknown", "none"),
        "device.absence": ("seen", "enforced", ""),
        "attestation.status": ("affirming", "warning", "contraindicated", "none"),
        "attestation.refused": (*reasons, ""),
        "extension.install_type": ("admin", "normal", "sideload", "development", "other", ""),
        "extension.disk_encryption": ("on", "off", "unknown"),
        "extension.screen_lock": ("on", "off", "unknown"),
        "extension.firewall": ("on", "off", "unknown"),
        "certificate.refused": (*reasons, ""),
        "request.scheme": ("http", "https", "imap", "pop3", "sieve", "submission"),
        "request.protocol": ("web", "activesync", "dav", "ews", "jmap", "mapi", "imap", "pop3", "submission", "sieve"),
    }  # fmt: skip


def test_the_word_in_a_refused_token_counts_as_nothing() -> None:
    refused = AttestationResult(refused=Reason.TOKEN_EXPIRED, extension=ExtensionWord("0.2.0", "admin", True))
    said = replace(BARE, attestation=refused)
    assert {name: VARIABLES[name].read(said) for name in VALUES if name.startswith("extension.")} == {
        name: VALUES[name][1] for name in VALUES if name.startswith("extension.")
    }


@pytest.mark.parametrize(
    ("state", "last", "read"),
    [
        (PostureState.CLEAN, None, "enforced"),
        (PostureState.UNAVAILABLE, PostureState.CLEAN, ""),
        (PostureState.STALE, None, ""),
    ],
)
def test_absence_is_read_of_a_clean_device_alone(
    state: PostureState, last: PostureState | None, read: str
) -> None:
    told = access(PHONE, Posture(state, last_state=last, absence=Absence.ENFORCED))
    assert VARIABLES["device.absence"].read(told) == read


def test_a_form_is_any_that_is_recognised_and_is_a_form_factor() -> None:
    assert set(VARIABLES["client.form"].closed or ()) == set(KIND_OF_FORM) - {
        "mail_app",
        "device",
        "tool",
        "bot",
    }


@pytest.mark.parametrize(
    ("name", "values", "is_open_text"),
    [
        ("client.handheld", (False, True), False),
        ("client.assurance", ("claimed", "consistent", "attested"), False),
        ("client.os", (), True),
        ("user.groups", (), True),
        ("device.findings", (), False),  # it may have several at a time
        ("device.age", (), False),
        ("now", (), False),
    ],
)
def test_a_variable_tells_its_values_or_that_it_is_open(
    name: str, values: tuple[object, ...], is_open_text: bool
) -> None:
    assert (VARIABLES[name].values, VARIABLES[name].is_open_text) == (values, is_open_text)


@pytest.mark.parametrize(
    "request_", [access(), access(LAPTOP, Posture()), access(PHONE, WITH_TIKTOK, attestation=REFUSED)]
)
@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_has_a_value_of_its_type_for_every_request(name: str, request_: Access) -> None:
    assert compile_condition(f"{name} == {name}", {}).holds(cel_activation(request_, [name]))


_AGENT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36{}"
_MAC = "Macintosh; Intel Mac OS X {}"


def asked(agent: str = _AGENT.format(_MAC.format("10_15_7"), 143, ""), **changed: Any) -> Access:
    facts = RequestFacts("GET", "/mail", "https", "a.example", "192.0.2.1", {"user-agent": agent})
    return Access(replace(facts, **changed), classify(facts), CLEAN, NOW)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (DependsOn.AGENT, asked(_AGENT.format(_MAC.format("12_4"), 143, ""))),
        (DependsOn.AGENT, asked(_AGENT.format(_MAC.format("10_15_7"), 144, " Edg/144.0.0.0"))),
        (DependsOn.REMOTE, asked(remote="192.0.2.2")),
        (DependsOn.HOST, asked(host="b.example")),
        (DependsOn.SCHEME, asked(scheme="http")),
        (DependsOn.PATH, asked(target="/mail/2")),
        (DependsOn.CLOCK, replace(asked(), now=NOW + timedelta(hours=1))),
        (None, asked(target="/mail?message=2")),
    ],
)
def test_a_variable_says_what_its_value_rests_on(part: DependsOn | None, other: Access) -> None:
    """A variable that says too little would be answered from a verdict on another request."""
    one = asked()
    assert agent_traits(one.facts.user_agent) == agent_traits(other.facts.user_agent)
    changed = [name for name, each in VARIABLES.items() if each.read(one) != each.read(other)]
    assert {VARIABLES[name].depends_on for name in changed} == ({part} if part else set())


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800"])
@pytest.mark.parametrize("name", [each.name for each in VARIABLES.values() if each.is_open_text])
def test_a_text_with_a_nul_fails_every_condition_on_it(
    name: str, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would end at the NUL, so that a rule on `a` held for somebody else, or one on the whole text for nobody."""
    variable, listed = VARIABLES[name], VARIABLES[name].type != "string"
    value: Any = ["a", odd] if listed else odd
    monkeypatch.setitem(cast(dict[str, Any], VARIABLES), name, replace(variable, read=lambda _: value))
    for condition in (
        ('"a" in {}', '!("b" in {})', '{}.exists(each, each.startsWith("a"))', "{}.all(each, each == 'a')")
        if listed
        else ('{} == "a"', '{} != "a"', '{}.startsWith("a")', '!{}.endsWith("b")', "{} in ['a']")
    ):
        compiled = compile_condition(condition.format(name), {})
        with pytest.raises(EvaluationError):
            compiled.holds(cel_activation(access(), [name]))
        beside = compile_condition(f"client.kind == 'laptop' && {condition.format(name)}", {})
        assert not beside.holds(cel_activation(access(), beside.reads))


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.closed])
def test_closed_sets_hold_what_is_read(name: str) -> None:
    value = VARIABLES[name].read(access(PHONE, WITH_TIKTOK, attestation=REFUSED))
    assert {value} <= set(VARIABLES[name].closed or ()) if isinstance(value, str) else value == []


@pytest.mark.parametrize(
    ("condition", "request_"),
    [
        ("device.age == duration('2h')", access(posture=replace(CLEAN, reported_at=NOW - timedelta(hours=2)))),
        ("!device.known", access(posture=Posture(PostureState.UNAVAILABLE))),
        ("device.known", access(posture=Posture(PostureState.STALE))),
        (
            "!certificate.valid && certificate.refused == 'certificate-revoked'",
            access(certificate=CertificateResult(refused=Reason.CERTIFICATE_REVOKED)),
        ),
        ("!attestation.valid && attestation.status == 'none' && attestation.issuer == ''", access(attestation=REFUSED)),
        ("attestation.refused == 'token-expired'", access(attestation=REFUSED)),
    ],
)  # fmt: skip
def test_variables_have_the_values_of_the_request(condition: str, request_: Access) -> None:
    compiled = compile_condition(condition, {})
    assert compiled.holds(cel_activation(request_, compiled.reads))


def test_the_clock_and_other_dependencies_of_variables_are_told() -> None:
    assert dependencies_of(["now", "client.kind"]) == {DependsOn.CLOCK}
    assert dependencies_of(["now", "request.remote"]) == {DependsOn.CLOCK, DependsOn.REMOTE}
    assert dependencies_of(["client.kind"]) == set()
    assert sorted(CLOCKS) == ["device.age", "now"]
