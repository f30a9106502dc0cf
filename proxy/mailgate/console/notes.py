"""Why somebody does something: asked for where it stands in the history and in the audit log."""

from collections.abc import Mapping
from typing import Any

from mailgate.rollout.acts import RefusedError

LONGEST = 1000
"""Characters of a note."""


def note_of(sent: Mapping[str, Any], field: str = "note") -> str:
    """The note in a form. Raises RefusedError where there is none."""
    note = str(sent.get(field, "")).strip()[:LONGEST]
    if not note:
        raise RefusedError("a note is needed that says why, for the history and the audit log")
    return note
