"""The status for programs: its names are a contract (docs/pages.md)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import CLEAN, LISTED, LOOKED, PHONE, REPORT, UNREPORTED, asking

from mailgate.devices.device import Device
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.status import (
    device_of,
    status_answer,
    status_of,
    stored_from_to,
    told,
    with_proved_cookie,
)
from mailgate.model import Assurance, AttestationResult, Posture, Reason, Update
from mailgate.store import RetentionTimes

KEEP = RetentionTimes(timedelta(days=30), timedelta(days=90), timedelta(days=365))
ASKED = asking(posture=LISTED)
OWN = OwnDevice(PHONE.id, LISTED, ASKED.access, ASKED.decision, PHONE)


def test_a_device_has_every_field_by_a_stable_name():
    assert device_of(OWN, KEEP) == {
        "id": "aaaa-bbbb-cccc",
        "tail": "4F2A",
        "here": False,
        "state": "listed",
        "lost": False,
        "kind": "phone",
        "os": "ios",
        "os_version": "18.6",
        "managed": None,
        "enrolment": "unknown",
        "compliance": "none",
        "compliance_at": None,
        "apps": ["tiktok"],
        "lists": ["prohibited"],
        "source": "intune",
        "reported_at": "2026-11-24T09:02:07+00:00",
        "expires_at": None,
        "checked_at": "2026-11-24T09:02:07+00:00",
        "checked_from": "2026-11-24T09:02:07+00:00",
        "verdict": {
            "effect": "allow",
            "reason": "rule-matched",
            "rule": "laptop",
            "title": "",
            "apps": [],
            "fix": "",
            "update": None,
            "contact": "",
            "deadline": None,
        },
        "sources": [
            {
                "name": "intune",
                "checked_at": LOOKED.isoformat(),
                "checked_from": LOOKED.isoformat(),
                "complete": True,
                "enrolment": "work-profile-personal",
            }
        ],
        "findings": [],
        "requests": None,
        "stored_since": "2026-10-14T09:05:07+00:00",
        "deleted_at": "2027-02-22T09:05:07+00:00",
    }


def test_a_phone_that_never_reported_is_kept_as_long_as_its_requests():
    own = OwnDevice(UNREPORTED.mark, Posture(), ASKED.access, ASKED.decision, sighted=UNREPORTED)
    assert stored_from_to(own, KEEP) == (UNREPORTED.first_at, NOW + timedelta(days=30))
    assert device_of(own, KEEP)["requests"] == 3
    assert stored_from_to(replace(own, sighted=None), KEEP) == (None, None)


def test_a_lost_device_says_so():
    lost = replace(OWN, device=Device(PHONE.id, (REPORT,), lost_at=NOW))
    assert device_of(lost, KEEP)["lost"] is True


def test_the_status_has_the_verdict_the_client_and_the_devices():
    content = status_of(ASKED.access, ASKED.decision, [OWN], KEEP)
    assert content["verdict"]["effect"] == "allow"
    assert content["client"]["kind"] == "laptop"
    assert content["checked_at"] == LOOKED.isoformat()
    assert [each["id"] for each in content["devices"]] == [PHONE.id]


def test_an_unchanged_status_is_not_sent_again():
    """RFC 9110, 13.1.2 and 15.4.5: weak comparison, any of a list."""
    content = told(status_of(ASKED.access, ASKED.decision, [OWN], KEEP))
    first = status_answer(content, "REF2345", NOW)
    said = json.loads(first.body)
    assert (said["reference"], said["server_time"]) == ("REF2345", "2026-11-24T09:05:07+00:00")
    mark = dict(first.headers)["ETag"]
    for asked in (mark, f'"other", {mark}'):
        again = status_answer(content, "REF6789", NOW + timedelta(minutes=1), asked)
        assert (again.status, again.body, again.headers) == (304, b"", (("ETag", mark),))
    assert status_answer(content, "REF2345", NOW, '"other"').status == 200


@pytest.mark.parametrize("own", [replace(OWN, posture=CLEAN), replace(OWN, here=True)])
def test_every_change_has_another_mark(own):
    before = told(status_of(ASKED.access, ASKED.decision, [OWN], KEEP)).etag
    assert told(status_of(ASKED.access, ASKED.decision, [own], KEEP)).etag != before
    assert told(status_of(ASKED.access, ASKED.decision, [OWN], KEEP)).etag == before


def test_a_lost_device_is_kept_for_longer():
    lost = replace(OWN, device=Device(PHONE.id, (REPORT,), lost_at=NOW - timedelta(days=2), last_seen=NOW))
    assert stored_from_to(lost, KEEP)[1] == NOW + timedelta(days=365)


@pytest.mark.parametrize("answered", [200, 304])
@pytest.mark.parametrize(
    ("assurance", "refused", "cookie", "noted"),
    [
        (Assurance.ATTESTED, None, "", "mailgate-proved=1; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        (Assurance.ATTESTED, None, "mailgate-proved=1", None),
        (Assurance.CONSISTENT, None, "", None),
        # a browser whose token has just ended is still one that proved itself before
        (Assurance.CLAIMED, None, "mailgate-proved=1", None),
        (Assurance.CLAIMED, Reason.KEY_REVOKED, "mailgate-proved=1", "mailgate-proved=1; Path=/; Max-Age=0"),
        (Assurance.CLAIMED, Reason.KEY_REVOKED, "", None),
    ],
)
def test_a_browser_keeps_in_mind_that_it_proved_itself_until_its_proof_is_refused(
    assurance, refused, cookie, noted, answered
):
    access, content = ASKED.access, {"verdict": "allow"}
    asked = replace(
        access,
        client=replace(access.client, assurance=assurance),
        facts=replace(access.facts, headers={"cookie": cookie}),
        attestation=AttestationResult(refused=refused) if refused else None,
    )
    status = told(content)
    answer = with_proved_cookie(
        status_answer(status, "R", NOW, status.etag if answered == 304 else ""), asked
    )
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert answer.status == answered
    assert (len(cookies), bool(noted)) in ((0, False), (1, True))
    assert not noted or cookies[0].startswith(noted)


def test_programs_are_told_which_version_is_needed():
    decision = replace(ASKED.decision, update=Update("system", "macos", "26"))
    verdict = status_of(ASKED.access, decision, [], KEEP)["verdict"]
    assert verdict["update"] == {"of": "system", "name": "macOS", "version": "26"}
