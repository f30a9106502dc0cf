"""The status for programs: its names are a contract (docs/pages.md)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import CLEAN, LISTED, LOOKED, PHONE, REPORT, UNREPORTED, asking

from mailgate.devices.device import Device
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.status import device_of, etag_of, status_answer, status_of, stored_from_to
from mailgate.model import Posture, Update
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
    content = status_of(ASKED.access, ASKED.decision, [OWN], KEEP)
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
    before = etag_of(status_of(ASKED.access, ASKED.decision, [OWN], KEEP))
    assert etag_of(status_of(ASKED.access, ASKED.decision, [own], KEEP)) != before
    assert etag_of(status_of(ASKED.access, ASKED.decision, [OWN], KEEP)) == before


def test_a_lost_device_is_kept_for_longer():
    lost = replace(OWN, device=Device(PHONE.id, (REPORT,), lost_at=NOW - timedelta(days=2), last_seen=NOW))
    assert stored_from_to(lost, KEEP)[1] == NOW + timedelta(days=365)


def test_programs_are_told_which_version_is_needed():
    decision = replace(ASKED.decision, update=Update("system", "macos", "26"))
    told = status_of(ASKED.access, decision, [], KEEP)["verdict"]
    assert told["update"] == {"of": "system", "name": "macOS", "version": "26"}
