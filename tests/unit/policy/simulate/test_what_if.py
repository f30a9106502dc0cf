"""One thing is different, and all that hangs on it with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import CATALOG, CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access

from mailgate.model import (
    Absence,
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    Signal,
    Threat,
)
from mailgate.model.proofs import accepted
from mailgate.policy.simulate import what_if

HOUR = timedelta(hours=1)
RUNNING = replace(CLEAN, expires_at=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("posture", "hours", "state"),
    [
        (RUNNING, 1, PostureState.CLEAN),
        (RUNNING, 2, PostureState.STALE),
        (RUNNING, 3, PostureState.STALE),
        (replace(RUNNING, state=PostureState.PARTIAL), 2, PostureState.STALE),
        (replace(WITH_TIKTOK, expires_at=NOW), 2, PostureState.STALE),
        (replace(RUNNING, state=PostureState.UNAVAILABLE, last_known_until=NOW), 2, PostureState.UNAVAILABLE),
        (replace(RUNNING, state=PostureState.MISSING, last_known_until=NOW), 2, PostureState.MISSING),
        (CLEAN, 1000, PostureState.CLEAN),
    ],
)
def test_waiting_ends_reports_and_removes_no_app(posture: Posture, hours: int, state: PostureState) -> None:
    seen, moment = access(posture=posture, user="ada"), NOW + hours * HOUR
    assert what_if.at(seen, moment) == replace(seen, now=moment, posture=replace(posture, state=state))


@pytest.mark.parametrize("state", PostureState)
def test_without_a_new_report_what_was_reported_is_stale(state: PostureState) -> None:
    seen = access(posture=replace(WITH_TIKTOK, state=state))
    expired = {"clean": "stale", "listed": "stale", "partial": "stale"}.get(state.value, state.value)
    assert what_if.with_expired_report(seen) == replace(
        seen, posture=replace(seen.posture, state=PostureState(expired))
    )


def test_an_app_that_was_held_counts_again_when_the_denial_ends() -> None:
    held = replace(RUNNING, held=("tiktok",), held_lists=("prohibited",))
    listed = replace(
        RUNNING, state=PostureState.LISTED, apps=("tiktok",), lists=("prohibited",), absence=held.absence
    )
    stale = replace(listed, state=PostureState.STALE)
    assert what_if.with_ended_denial(access(posture=held)) == access(posture=listed)
    assert what_if.with_expired_report(access(posture=held)) == access(posture=stale)
    away = {"state": PostureState.UNAVAILABLE, "last_state": PostureState.CLEAN}
    lost = what_if.with_ended_denial(access(posture=replace(held, **away))).posture
    assert (lost.state, lost.last_state, lost.apps) == (
        PostureState.UNAVAILABLE,
        PostureState.LISTED,
        ("tiktok",),
    )
    assert what_if.with_apps(access(posture=held), (), CATALOG).posture.held == ()


def test_an_unavailable_posture_keeps_its_last_state_without_an_end() -> None:
    seen = access(posture=replace(WITH_TIKTOK, expires_at=NOW))
    away = replace(
        seen.posture,
        state=PostureState.UNAVAILABLE,
        last_state=PostureState.LISTED,
        expires_at=datetime.max.replace(tzinfo=UTC),
    )
    assert what_if.with_last_known_posture(seen) == replace(seen, posture=away)


def test_a_report_that_ends_in_an_outage_is_last_known() -> None:
    posture = replace(RUNNING, last_state=PostureState.CLEAN, last_known_until=NOW + 10 * HOUR)
    assert what_if.at(access(posture=posture), NOW + HOUR).posture == posture
    later = what_if.at(access(posture=posture), NOW + 2 * HOUR).posture
    assert (later.state, later.last_state) == (PostureState.UNAVAILABLE, PostureState.CLEAN)
    assert (later.expires_at, later.last_known_until) == (NOW + 10 * HOUR, None)
    moved = what_if.as_fresh_at(access(posture=posture), NOW + HOUR).posture
    assert moved.last_known_until == NOW + 11 * HOUR


@pytest.mark.parametrize("days", [30, -30], ids=["later", "earlier"])
def test_a_device_can_be_moved_in_time_as_fresh_as_now(days: int) -> None:
    moment = NOW + timedelta(days=days)
    moved = what_if.as_fresh_at(access(posture=replace(RUNNING, reported_at=NOW - HOUR)), moment)
    assert (moved.now, moved.posture.state) == (moment, PostureState.CLEAN)
    assert moved.now - (moved.posture.reported_at or NOW) == HOUR
    assert moved.posture.expires_at == moment + 2 * HOUR


def test_a_silent_device_stays_silent_at_another_time() -> None:
    assert what_if.as_fresh_at(access(posture=Posture()), NOW + HOUR).posture == Posture()


def test_apps_that_go_and_come_take_their_lists_and_the_state_with_them() -> None:
    both = replace(WITH_TIKTOK, apps=("tiktok", "wechat"), lists=("prohibited", "tencent"))
    one = what_if.without_apps(access(posture=both), ("tiktok",), CATALOG).posture
    assert (one.apps, one.lists, one.state) == (("wechat",), ("tencent",), PostureState.LISTED)
    none = what_if.without_apps(access(posture=both), ("tiktok", "wechat"), CATALOG).posture
    assert (none.apps, none.lists, none.state) == ((), (), PostureState.CLEAN)
    again = what_if.with_app(access(posture=none), "tiktok", CATALOG).posture
    assert (again.apps, again.lists, again.state) == (("tiktok",), ("prohibited",), PostureState.LISTED)


def test_a_report_is_of_now_and_counts_as_long_as_the_one_before() -> None:
    old = replace(
        RUNNING, state=PostureState.STALE, reported_at=NOW - HOUR, expires_at=NOW, sources=("z", "b"),
        last_state=PostureState.CLEAN, last_known_until=NOW + HOUR, device_id="d1", lost=True,
    )  # fmt: skip
    new = replace(
        old, state=PostureState.CLEAN, reported_at=NOW, expires_at=NOW + HOUR, kind=Kind.PHONE, os="ios",
        last_state=None, last_known_until=None, absence=Absence.SEEN,
    )  # fmt: skip
    seen = access(replace(PHONE, os="ios"), old)
    assert what_if.reported(seen, CATALOG).posture == replace(new, sources=("b", "z"))
    assert what_if.reported(seen, CATALOG, "mdm").posture == replace(new, sources=("b", "mdm", "z"))
    assert what_if.reported(seen, CATALOG, "z").posture == replace(new, sources=("b", "z"))
    assert what_if.managed(seen, CATALOG).posture == replace(new, sources=("b", "z"), managed=True)
    known = replace(seen, posture=replace(old, kind=Kind.TABLET, os="ipados"))
    assert what_if.reported(known, CATALOG).posture == replace(
        new, sources=("b", "z"), kind=Kind.TABLET, os="ipados"
    )


@pytest.mark.parametrize("posture", [Posture(), CLEAN, replace(CLEAN, reported_at=None, expires_at=NOW)])
def test_a_first_report_counts_for_a_day(posture: Posture) -> None:
    assert what_if.reported(access(posture=posture), CATALOG).posture.expires_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize("kind", Kind)
def test_reports_and_proofs_name_a_computer_a_phone_or_a_tablet(kind: Kind) -> None:
    seen = access(replace(PHONE, kind=kind), Posture())
    named = kind if kind.value in ("laptop", "phone", "tablet") else None
    assert what_if.reported(seen, CATALOG).posture.kind is named
    proof = what_if.proved(seen, "").attestation
    assert proof is not None
    assert proof.kind is named


def test_no_report_or_proof_makes_another_device_a_laptop() -> None:
    unknown = replace(PHONE, kind=Kind.UNKNOWN, handheld=False)
    set_up = what_if.enrolled(access(unknown, Posture()), CATALOG, "")
    assert (set_up.client.kind, set_up.posture.kind) == (Kind.UNKNOWN, None)
    assert set_up.posture.state is PostureState.CLEAN


OTHER = Finding(Reason.DEVICE_KIND_CONTRADICTED, "")


def doubted(reason: Reason) -> Client:
    return replace(PHONE, os="ios", findings=(Finding(reason, ""), OTHER))


def test_a_proof_takes_the_place_of_a_refused_one() -> None:
    seen = access(
        doubted(Reason.ATTESTATION_INVALID), attestation=AttestationResult(refused=Reason.TOKEN_EXPIRED)
    )
    proved = what_if.proved(seen, "https://mdm.example.com")
    proof = AttestationResult(
        "device", "https://mdm.example.com", kind=Kind.PHONE, os="ios", status="affirming"
    )
    assert proved.attestation == proof
    assert (proved.client.kind, proved.client.assurance) == (Kind.PHONE, Assurance.ATTESTED)
    assert proved.client.findings == (OTHER,)
    assert proved.posture == seen.posture


def test_a_proof_is_of_the_device_that_is_known() -> None:
    tablet = replace(WITH_TIKTOK, kind=Kind.TABLET, os="ipados")
    proved = what_if.proved(access(replace(PHONE, os="ios"), tablet), "mdm")
    assert proved.attestation == AttestationResult(
        "d1", "mdm", kind=Kind.TABLET, os="ipados", status="affirming"
    )


HEADERS = Signal("user-agent", "family", "iPhone", Kind.PHONE)
BROWSER = Signal("user-agent", "browser", "Safari")
SIGNED = Signal("attestation", "form", "phone", Kind.PHONE)


@pytest.mark.parametrize(
    ("signals", "kind"),
    [
        ((SIGNED,), Kind.UNKNOWN),
        ((BROWSER, SIGNED), Kind.UNKNOWN),
        ((HEADERS, BROWSER, SIGNED), Kind.PHONE),
        ((), Kind.PHONE),
    ],
)
def test_without_its_proof_a_client_is_what_its_other_signals_say(
    signals: tuple[Signal, ...], kind: Kind
) -> None:
    client = replace(PHONE, form="phone", signals=signals, assurance=Assurance.ATTESTED)
    bare = what_if.unproved(access(client, attestation=AttestationResult("d1")))
    assert bare.attestation is None
    assert bare.client == replace(
        client,
        signals=tuple(each for each in signals if each is not SIGNED),
        assurance=Assurance.CONSISTENT,
        kind=kind,
        handheld=kind is Kind.PHONE,
        form="phone" if kind is Kind.PHONE else "",
    )
    claimed = replace(client, assurance=Assurance.CLAIMED)
    assert what_if.unproved(access(claimed)).client.assurance is Assurance.CLAIMED


@pytest.mark.parametrize(
    ("client", "certificate", "known"),
    [
        (PHONE, None, False),
        (replace(PHONE, eas_id="A1"), None, True),
        (PHONE, CertificateResult("x"), True),
        (PHONE, CertificateResult(refused=Reason.CERTIFICATE_EXPIRED), False),
        (replace(PHONE, protocol=Protocol.IMAP), None, True),
    ],
)
def test_a_device_known_by_its_proof_alone_is_unknown_without_it(
    client: Client, certificate: CertificateResult | None, known: bool
) -> None:
    seen = access(client, WITH_TIKTOK, attestation=AttestationResult("d1"), certificate=certificate)
    assert what_if.unproved(seen).posture == (WITH_TIKTOK if known else Posture())


def test_a_certificate_that_counts_takes_the_place_of_one_that_does_not() -> None:
    refused = CertificateResult(refused=Reason.CERTIFICATE_EXPIRED)
    seen = access(doubted(Reason.CERTIFICATE_INVALID), certificate=refused)
    after = what_if.certified(seen)
    assert after.certificate == CertificateResult("certificate")
    assert after.client.findings == (OTHER,)
    assert [each.source for each in after.client.signals] == ["certificate"]
    known = what_if.certified(replace(seen, posture=replace(WITH_TIKTOK, kind=Kind.PHONE)))
    assert known.client.assurance is Assurance.ATTESTED


@pytest.mark.parametrize(
    ("kind", "form", "handheld"),
    [
        (Kind.LAPTOP, "desktop", False),
        (Kind.PHONE, "phone", True),
        (Kind.TABLET, "tablet", True),
        (Kind.MAIL_APP, "", True),
        (Kind.TOOL, "", False),
        (Kind.BOT, "", False),
        (Kind.OTHER, "", False),
        (Kind.UNKNOWN, "", False),
    ],
)
def test_another_kind_brings_its_form_and_no_contradiction(kind: Kind, form: str, handheld: bool) -> None:
    torn = replace(doubted(Reason.KIND_CONTRADICTED), form="watch")
    seen = access(torn, replace(WITH_TIKTOK, kind=Kind.PHONE))
    client = replace(torn, kind=kind, form=form, handheld=handheld, findings=(OTHER,))
    posture = replace(seen.posture, kind=kind)
    assert what_if.of_kind(seen, kind) == replace(seen, client=client, posture=posture)
    unknown = replace(seen, posture=WITH_TIKTOK)
    assert what_if.of_kind(unknown, kind) == replace(unknown, client=client)
    imap = replace(seen, client=replace(torn, protocol=Protocol.IMAP))
    assert what_if.of_kind(imap, kind).posture == (Posture() if kind is Kind.LAPTOP else posture)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Assurance.CLAIMED, Assurance.CONSISTENT),
        (Assurance.CONSISTENT, Assurance.CONSISTENT),
        (Assurance.ATTESTED, Assurance.ATTESTED),
    ],
)
def test_a_probe_that_finds_a_computer_makes_it_consistent(before: Assurance, after: Assurance) -> None:
    seen = access(replace(LAPTOP, signals=(BROWSER,), assurance=before))
    found = Signal("probe", "told", "desktop", Kind.LAPTOP)
    client = replace(seen.client, signals=(BROWSER, found), assurance=after)
    assert what_if.probed(seen) == replace(seen, client=client)
    assert client.probed


def test_signals_that_contradict_each_other_are_a_finding_of_their_own() -> None:
    seen = access(replace(PHONE, findings=(OTHER,)))
    torn = what_if.contradicted(seen)
    assert torn.client.contradicted
    assert torn == replace(
        seen, client=replace(PHONE, findings=(OTHER, Finding(Reason.KIND_CONTRADICTED, "supposed")))
    )
    assert what_if.with_agreeing_signals(torn) == seen


def test_only_the_supposed_thing_differs() -> None:
    seen = access(LAPTOP, WITH_TIKTOK, user="lin")
    seen = replace(seen, user=replace(seen.user, groups=("pilot",), groups_known=False))
    assert what_if.asked_by(seen, "ada") == replace(seen, user=replace(seen.user, name="ada"))
    grouped = replace(seen.user, groups=("pilot", "staff"), groups_known=True)
    assert what_if.in_group(seen, "staff") == replace(seen, user=grouped)
    remote = replace(seen.facts, remote="10.0.0.1")
    assert what_if.from_address(seen, "10.0.0.1") == replace(seen, facts=remote)
    assert what_if.on_system(seen, "linux") == replace(seen, client=replace(LAPTOP, os="linux"))
    assert what_if.with_posture(seen, lost=True) == replace(seen, posture=replace(WITH_TIKTOK, lost=True))
    for lost in (True, False):
        known = what_if.with_posture(seen, lost=lost)
        assert what_if.never_reported(known) == replace(seen, posture=Posture(lost=lost))


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        (None, False),
        (AttestationResult("d1"), True),
        (AttestationResult(refused=Reason.KEY_REVOKED), False),
        (CertificateResult("x"), True),
    ],
)
def test_evidence_counts_that_was_accepted(
    offered: AttestationResult | CertificateResult | None, found: bool
) -> None:
    assert accepted(offered) is (offered if found else None)


def test_a_good_word_runs_out_and_a_bad_one_does_not() -> None:
    good = replace(
        CLEAN, compliance=Compliance.COMPLIANT, threat=Threat.HIGH, compliance_until=NOW + HOUR,
        compliance_apps=("tiktok",), compliance_covers=True,
    )  # fmt: skip
    asks = access(posture=good)
    assert what_if.at(asks, NOW + HOUR / 2).posture == good
    later = what_if.at(asks, NOW + HOUR).posture
    assert (later.compliance, later.threat, later.compliance_covers) == (
        Compliance.UNKNOWN,
        Threat.HIGH,
        False,
    )
    safe = access(posture=replace(good, compliance=Compliance.NONCOMPLIANT, threat=Threat.SECURED))
    later = what_if.at(safe, NOW + HOUR).posture
    assert (later.compliance, later.threat) == (Compliance.NONCOMPLIANT, Threat.UNKNOWN)
    assert what_if.as_fresh_at(asks, NOW + 9 * HOUR).posture.compliance_until == NOW + 10 * HOUR
