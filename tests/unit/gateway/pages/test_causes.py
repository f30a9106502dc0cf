"""What is known more exactly than a reason says, and that it is told of nobody else's device."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailgate.gateway.pages.causes import WORDINGS, cause_of
from mailgate.gateway.pages.reasons import wording_for, wording_of
from mailgate.gateway.pages.view import ExactCause, View
from mailgate.gateway.refusals.wording import without_cause
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
)
from mailgate.model.device import Enrolment

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def partly_seen(enrolment: Enrolment = Enrolment.UNKNOWN, not_denied: str = "") -> Posture:
    return Posture(PostureState.PARTIAL, "d", managed=True, enrolment=enrolment, not_denied=not_denied)


def cause(
    posture: Posture, reason: Reason = Reason.POSTURE_PARTIAL, protocol: Protocol = Protocol.WEB
) -> ExactCause | None:
    client = Client(Kind.PHONE, handheld=True, protocol=protocol)
    decision = Decision(Effect.BLOCK, reason, "r", "v")
    access = Access(RequestFacts(), client, posture, NOW)
    assert cause_of(access, without_cause(decision)) is None
    return cause_of(access, decision)


@pytest.mark.parametrize(
    ("enrolment", "expected"),
    [
        (Enrolment.WORK_PROFILE_PERSONAL, ExactCause.UNSEEN_SIDE),
        (Enrolment.WORK_PROFILE_COMPANY, ExactCause.UNSEEN_SIDE),
        (Enrolment.USER_ENROLMENT, ExactCause.UNSEEN_SIDE),
        (Enrolment.FULLY_MANAGED, None),
        (Enrolment.DEVICE_ENROLMENT, None),
        (Enrolment.UNKNOWN, None),
        (Enrolment.NONE, None),
    ],
)
def test_a_side_is_unseen_only_by_a_known_kind_of_enrolment(
    enrolment: Enrolment, expected: ExactCause | None
) -> None:
    assert cause(partly_seen(enrolment)) is expected
    assert cause(partly_seen(enrolment), Reason.POSTURE_STALE) is None


def test_a_side_on_which_a_check_app_has_answered_is_not_unseen() -> None:
    """It may still lack an app that its build cannot look for."""
    unseen = replace(partly_seen(Enrolment.WORK_PROFILE_PERSONAL), sources=("google", "reporter"))
    assert cause(replace(unseen, unseen=("wechat",))) is None
    assert cause(unseen) is ExactCause.UNSEEN_SIDE  # in the work profile alone
    assert cause(replace(unseen, sources=("google",), unseen=("wechat",))) is ExactCause.UNSEEN_SIDE


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ("policy-not-applied", ExactCause.NOT_APPLIED),
        ("declaration-outdated", ExactCause.NOT_APPLIED),
        ("private-space-allowed", ExactCause.UNSEEN_SIDE),
        ("not-company-owned", ExactCause.UNSEEN_SIDE),
    ],
)
def test_a_sync_is_asked_for_only_where_the_device_lags(failed: str, expected: ExactCause) -> None:
    assert cause(partly_seen(Enrolment.WORK_PROFILE_COMPANY, failed)) is expected


@pytest.mark.parametrize(
    ("posture", "protocol", "expected"),
    [
        (Posture(), Protocol.WEB, ExactCause.BROWSER_UNKNOWN),
        (Posture(), Protocol.ACTIVESYNC, None),
        (Posture(device_id="d", managed=True), Protocol.WEB, ExactCause.NO_INVENTORY),
        (Posture(device_id="d", managed=True), Protocol.ACTIVESYNC, ExactCause.NO_INVENTORY),
        (Posture(device_id="d"), Protocol.WEB, None),
    ],
)
def test_a_missing_report_has_a_cause_that_is_known(
    posture: Posture, protocol: Protocol, expected: ExactCause | None
) -> None:
    assert cause(posture, Reason.POSTURE_MISSING, protocol) is expected


def test_every_cause_has_words_of_its_own_and_a_refused_proof_comes_first() -> None:
    assert set(WORDINGS) == set(ExactCause)
    view = View(Reason.POSTURE_MISSING, "r", NOW, cause=ExactCause.BROWSER_UNKNOWN)
    assert wording_for(view) is WORDINGS[ExactCause.BROWSER_UNKNOWN]
    proof = View(
        Reason.POSTURE_MISSING, "r", NOW, cause=ExactCause.BROWSER_UNKNOWN, proof=Reason.TOKEN_EXPIRED
    )
    assert wording_for(proof) == wording_of(Reason.TOKEN_EXPIRED)
