"""What one request may see of what is stored, and what it is told while the database does not answer."""

import json
from datetime import timedelta

from tests.unit.gateway.own import ALICE, LAPTOP, asking
from tests.unit.gateway.pages.own import NOW, REQUEST
from tests.unit.gateway.pages.own import PHONE as SHOWN
from tests.unit.gateway.selfservice.test_me import Scene

from mailgate.gateway.pages.employee import StoredRecords
from mailgate.gateway.selfservice.own_data import download, read_own_data
from mailgate.gateway.selfservice.own_devices import devices_to_show, verdict_here
from mailgate.store.looks import DataLook


async def test_who_is_shut_out_is_shown_that_with_its_time():
    scene = Scene()
    scene.people.shut_since = NOW
    (row,) = (await read_own_data(scene.service, asking(ALICE))).records.enrolments
    assert row.fields == {"user": "alice", "revoked_at": NOW}
    assert row.until == NOW + scene.service.live.keep.devices


async def test_a_person_is_told_when_the_help_desk_looked_for_as_long_as_that_is_kept():
    scene = Scene()
    scene.people.seen_by = [DataLook(NOW, "grace", "operator", "console at gate-1", "people", "alice")]
    (row,) = (await read_own_data(scene.service, asking(ALICE))).records.looks
    assert row.fields == {"looked_at": NOW, "role": "operator"}
    assert row.until == NOW + scene.service.live.keep.looks


def test_without_a_stored_device_the_verdict_is_that_of_the_request():
    request = asking(ALICE, client=LAPTOP)
    assert verdict_here(request, ()) == (request.access, request.decision)
    assert devices_to_show(request, ()) == ()


def test_values_keep_their_kind_and_every_row_says_when_it_is_deleted() -> None:
    told = json.loads(download("alice", (SHOWN,), StoredRecords(requests=(REQUEST,))).body)
    assert told["person"] == "alice"
    (device,) = told["devices"]
    assert device["stored"] == [{"id": "phone-1", "managed": True, "last_seen": NOW.isoformat()}]
    assert device["deleted_at"] == (NOW + timedelta(days=90)).isoformat()
    (row,) = told["requests"]
    assert (row["count"], row["day"]) == (14, NOW.date().isoformat())
    assert row["deleted_at"] == (NOW + timedelta(days=30)).isoformat()
