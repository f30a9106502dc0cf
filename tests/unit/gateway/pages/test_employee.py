from dataclasses import replace
from typing import Any

import pytest
from tests.unit.gateway.pages.own import MAIL, NOBODY, OWN

from mailgate.gateway.pages.employee import NO_RECORDS, StoredRecords


@pytest.mark.parametrize(
    ("left", "nothing"),
    [
        ({}, True),
        ({"devices": OWN.devices}, False),
        ({"unread": True}, False),
        *(({"records": StoredRecords(**{kind: (MAIL,)})}, False) for kind in NO_RECORDS._asdict()),
    ],
)
def test_a_person_is_empty_only_without_any_row(left: dict[str, Any], nothing: bool) -> None:
    assert replace(NOBODY, person="alice", **left).nothing is nothing
