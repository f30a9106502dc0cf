"""Property lists of Apple devices: XML, without its other features."""

import plistlib
from typing import Any
from xml.parsers.expat import ExpatError

from mailgate.connectors.errors import SourceError, Trouble

MAX_DEPTH = 32


def plist(raw: bytes) -> dict[str, Any]:
    """The dictionary of a property list. Raises ``SourceError``.

    ``plistlib`` accepts no declaration of an entity, so nothing in a list can grow or lead elsewhere.
    """
    if _depth(raw) > MAX_DEPTH:
        raise SourceError(Trouble.SHAPE, "a property list is nested too deep")
    try:
        found = plistlib.loads(raw, fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError):
        raise SourceError(Trouble.SHAPE, "not an XML property list") from None
    if not isinstance(found, dict):
        raise SourceError(Trouble.SHAPE, "a property list is no dictionary")
    return found


def _depth(raw: bytes) -> int:
    """An upper bound for the depth of nested containers. Text in between can only increase it."""
    depth = deepest = 0
    for part in raw.split(b"<")[1:]:
        if part.startswith((b"dict", b"array")) and not part.partition(b">")[0].endswith(b"/"):
            depth += 1
            deepest = max(deepest, depth)
        elif part.startswith((b"/dict", b"/array")):
            depth -= 1
    return deepest
