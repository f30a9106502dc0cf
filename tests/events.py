"""Events of Apple devices as data: ``tests/vectors/connectors/apple-mdm``, in the shape of NanoMDM's ``event.json``."""

import json
from base64 import b64encode
from typing import Any

from tests.exchanges import VECTORS

FOLDER = VECTORS / "apple-mdm"


def event(name: str, payload: bytes | None = None, *, at: str = "", **changes: Any) -> bytes:
    """The body of one event. ``changes`` apply to its inner part, ``payload`` replaces the device's answer."""
    said = json.loads((FOLDER / "events.json").read_text())[name]
    said["created_at"] = at or said["created_at"]
    [inner] = [said[key] for key in ("acknowledge_event", "checkin_event") if key in said]
    raw = (FOLDER / inner["raw_payload"]).read_bytes() if payload is None else payload
    inner["raw_payload"] = b64encode(raw).decode()
    inner.update(changes)
    return json.dumps(said).encode()
