"""A file with everything that is stored about a person, for them to keep."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from mailgate.gateway.answer import Answer
from mailgate.gateway.pages.employee import DeviceCard, Field, StoredRecord, StoredRecords

FILE = "stored-about-you.json"


def download(person: str, devices: Sequence[DeviceCard], records: StoredRecords) -> Answer:
    """The file as a download, which a browser saves and does not show."""
    told = {
        "person": person,
        "devices": [_device(card) for card in devices],
        **{kind: [_record(each) for each in rows] for kind, rows in records.by_kind().items()},
    }
    body = json.dumps(told, indent=1, ensure_ascii=False, default=_plain).encode()
    headers = (
        ("Content-Disposition", f'attachment; filename="{FILE}"'),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Answer(200, body, "application/json; charset=utf-8", headers)


def _device(card: DeviceCard) -> dict[str, Any]:
    groups = [_fields(group) for group in card.stored]
    return {"id": card.mark, "stored": groups, "stored_since": card.since, "deleted_at": card.until}


def _record(record: StoredRecord) -> dict[str, Any]:
    return _fields(record.fields) | {"deleted_at": record.until}


def _fields(fields: Sequence[Field]) -> dict[str, Any]:
    return {each.name: each.value for each in fields}


def _plain(value: object) -> str:
    assert isinstance(value, date)  # a datetime is a date too
    return value.isoformat()
