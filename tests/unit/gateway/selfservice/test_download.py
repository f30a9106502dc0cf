"""The file with everything that is stored about a person."""

import json
from datetime import timedelta

from tests.unit.gateway.pages.own import NOW, PHONE, REQUEST

from mailgate.gateway.pages.employee import StoredRecords
from mailgate.gateway.selfservice.download import download


def test_values_keep_their_kind_and_every_row_says_when_it_is_deleted() -> None:
    told = json.loads(download("alice", (PHONE,), StoredRecords(requests=(REQUEST,))).body)
    assert told["person"] == "alice"
    (device,) = told["devices"]
    assert device["stored"] == [{"id": "phone-1", "managed": True, "last_seen": NOW.isoformat()}]
    assert device["deleted_at"] == (NOW + timedelta(days=90)).isoformat()
    (row,) = told["requests"]
    assert (row["count"], row["day"]) == (14, NOW.date().isoformat())
    assert row["deleted_at"] == (NOW + timedelta(days=30)).isoformat()
