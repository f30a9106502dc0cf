"""The packages of the companion extension, served to browsers that install it by policy and look for its next version.

Browsers ask without any token or login, so nothing is decided here, and nothing but these four files can be had.
"""

import asyncio
from datetime import datetime
from pathlib import Path

from mailgate.config.extension import CRX, UPDATE_XML, UPDATES_JSON, XPI
from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.live import InForce
from mailgate.http.request import RequestRefused
from mailgate.model import Reason

MEDIA_TYPES = {
    CRX: "application/x-chrome-extension",
    XPI: "application/x-xpinstall",
    UPDATE_XML: "text/xml; charset=utf-8",
    UPDATES_JSON: "application/json",
}
MAX_BYTES = 4 * 1024 * 1024


async def serve_package(
    in_force: InForce, name: str, _incoming: Incoming, _reference: str, _now: datetime
) -> Answer:
    """One of the four files as it is in the folder now. Raises RequestRefused if it is not there."""
    folder = in_force.live.extension_packages
    content = await asyncio.to_thread(_read, folder / name) if folder else None
    if content is None:
        raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address.")
    return Answer(200, content, MEDIA_TYPES[name])


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= MAX_BYTES else None
