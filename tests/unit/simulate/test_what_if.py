"""One thing is different, and all that hangs on it with it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.policy.examples import CATALOG, CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access

from mailgate.model import (
    Assurance,
    AttestationResult,
    CertificateResult,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    Signal,
)
from mailgate.simulate import what_if

HOUR = timedelta(hours=1)
RUNNING = replace(CLEAN, expires_at=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("posture", "hours", "state"),
    [
        (RUNNING, 1, PostureState.CLEAN),
        (RUNNING, 2, PostureState.STALE),
        (replace(RUNNING, state=PostureState.PARTIAL), 2, PostureState.STALE),
        (replace(WITH_TIKTOK, expires_at=NOW), 2, PostureState.STALE),
        (CLEAN, 1000, PostureState.CLEAN),
    ],
)
def test_by_waiting_alone_reports_run_out_and_apps_do_not_go_away(
    posture: Posture, hours: int, state: PostureState
) -> None:
    later = what_if.at(access(posture=posture), NOW + hours * HOUR)
    assert (later.now, later.posture.state) == (NOW + hours * HOUR, state)
    assert later.posture.apps == posture.apps


def test_by_waiting_alone_what_runs_out_while_its_source_is_away_is_last_known() -> None:
    posture = replace(RUNNING, last_state=PostureState.CLEAN, last_known_until=NOW + 10 * HOUR)
    assert what_if.at(access(posture=posture), NOW + HOUR).posture == posture
    later = what_if.at(access(posture=posture), NOW + 2 * HOUR).posture
    assert (later.state, later.last_state) == (PostureState.UNAVAILABLE, PostureState.CLEAN)
    assert (later.expires_at, later.last_known_until) == (NOW + 10 * HOUR, None)
    moved = what_if.as_fresh_at(access(posture=posture), NOW + HOUR).posture
    assert moved.last_known_until == NOW + 11 * HOUR


@pytest.mark.parametrize("days", [30, -30], ids=["later", "earlier"])
def test_at_another_time_a_device_can_be_taken_as_known_as_well_as_now(days: int) -> None:
    moment = NOW + timedelta(days=days)
    moved = what_if.as_fresh_at(access(posture=replace(RUNNING, reported_at=NOW - HOUR)), moment)
    assert (moved.now, moved.posture.state) == (moment, PostureState.CLEAN)
    assert moved.now - (moved.posture.reported_at or NOW) == HOUR
    assert moved.posture.expires_at == moment + 2 * HOUR


def test_at_another_time_a_device_that_never_reported_has_not_either() -> None:
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
    old = replace(RUNNING, state=PostureState.STALE, reported_at=NOW - HOUR, expires_at=NOW)
    new = what_if.reported(access(posture=old), CATALOG, "https://mdm.example.com").posture
    assert (new.state, new.reported_at, new.expires_at) == (PostureState.CLEAN, NOW, NOW + HOUR)
    assert new.sources == ("https://mdm.example.com",)
    assert what_if.managed(access(posture=old), CATALOG).posture.managed


def test_a_report_or_a_proof_never_makes_a_laptop_of_what_is_none() -> None:
    unknown = replace(PHONE, kind=Kind.UNKNOWN, handheld=False)
    set_up = what_if.enrolled(access(unknown, Posture()), CATALOG, "")
    assert (set_up.client.kind, set_up.posture.kind) == (Kind.UNKNOWN, None)
    assert set_up.posture.state is PostureState.CLEAN


def test_a_proof_takes_the_place_of_a_refused_one() -> None:
    doubt = replace(PHONE, findings=(Finding(Reason.ATTESTATION_INVALID, ""),))
    seen = access(doubt, attestation=AttestationResult(refused=Reason.TOKEN_EXPIRED))
    proved = what_if.proved(seen, "https://mdm.example.com")
    assert proved.attestation is not None
    assert (proved.attestation.refused, proved.attestation.issuer) == (None, "https://mdm.example.com")
    assert (proved.client.assurance, proved.client.findings) == (Assurance.ATTESTED, ())


def test_without_its_proof_a_device_that_is_known_by_it_alone_is_not_known() -> None:
    seen = what_if.proved(access(posture=WITH_TIKTOK), "")
    bare = what_if.unproved(seen)
    assert (bare.attestation, bare.posture.state) == (None, PostureState.MISSING)
    assert (bare.client.kind, bare.client.assurance) == (Kind.UNKNOWN, Assurance.CONSISTENT)
    headers = Signal("user-agent", "family", "iPhone", Kind.PHONE)
    told = replace(seen, client=replace(seen.client, signals=(headers, *seen.client.signals)))
    assert what_if.unproved(told).client.kind is Kind.PHONE
    mail_app = replace(seen, client=replace(seen.client, eas_id="A1"))
    assert what_if.unproved(mail_app).posture.state is PostureState.LISTED


def test_a_certificate_that_counts_takes_the_place_of_one_that_does_not() -> None:
    doubt = replace(PHONE, findings=(Finding(Reason.CERTIFICATE_INVALID, ""),))
    refused = CertificateResult(refused=Reason.CERTIFICATE_EXPIRED)
    seen = what_if.certified(access(doubt, certificate=refused))
    assert seen.certificate is not None
    assert (seen.certificate.refused, seen.client.findings) == (None, ())


def test_another_kind_brings_its_form_and_no_contradiction() -> None:
    torn = replace(PHONE, findings=(Finding(Reason.KIND_CONTRADICTED, ""),))
    seen = what_if.of_kind(access(torn, replace(CLEAN, kind=Kind.PHONE)), Kind.LAPTOP)
    client = seen.client
    assert (client.kind, client.handheld, client.form, client.contradicted) == (
        Kind.LAPTOP, False, "desktop", False,
    )  # fmt: skip
    assert seen.posture.kind is Kind.LAPTOP
    imap = what_if.of_kind(access(replace(PHONE, protocol=Protocol.IMAP), WITH_TIKTOK), Kind.LAPTOP)
    assert imap.posture == Posture()


def test_what_the_client_says_is_taken_one_by_one() -> None:
    seen = access(LAPTOP)
    assert what_if.probed(seen).client.probed
    assert what_if.probed(seen).client.assurance is Assurance.CONSISTENT
    assert what_if.contradicted(seen).client.contradicted
    assert not what_if.with_agreeing_signals(what_if.contradicted(seen)).client.contradicted
    assert what_if.asked_by(seen, "ada").user.name == "ada"
    assert what_if.in_group(seen, "staff").user.groups == ("staff",)
    assert what_if.from_address(seen, "10.0.0.1").facts.remote == "10.0.0.1"
    assert what_if.on_system(seen, "linux").client.os == "linux"
    assert what_if.never_reported(access(posture=replace(WITH_TIKTOK, lost=True))).posture == Posture(
        lost=True
    )
    assert what_if.with_posture(seen, lost=True).posture.lost
