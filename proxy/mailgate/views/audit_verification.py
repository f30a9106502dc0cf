"""Verifies the audit log, also against its heads that were noted outside the store."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from mailgate.config import Settings
from mailgate.model.phrase import phrase
from mailgate.rollout.audit_check import verify
from mailgate.store import Break, Head, Store

HEAD = re.compile(r"(?<![0-9a-zA-Z:])([0-9]{1,18}):([0-9a-f]{64})(?![0-9a-zA-Z])")


async def verified(
    store: Store,
    settings: Settings,
    now: datetime,
    noted: Iterable[Head] = (),
    files: Iterable[Path] = (),
) -> tuple[list[Break], Head | None]:
    """The places where the log was changed, and its head; None without entries. The log is also compared with the heads
    in ``noted``, in ``files`` and in the witness file of the settings."""
    known, unread = [*noted], dict[Path, str]()
    own = settings.witness.file if settings.witness else None
    for path in [*files, *([own] if own else [])]:
        try:
            known += heads_in(path)
        except OSError as error:
            unread[path] = (error.strerror or type(error).__name__).lower()
    found, head = await verify(store, now, known), await store.audit.head()
    number = head.number if head else 0
    found += [
        Break(
            number,
            phrase("and earlier entries cannot be compared with %(path)s: %(why)s", path=path, why=why),
        )
        for path, why in unread.items()
        if path != own or number  # the witness file is missing before the first entry
    ]
    return found, head


def heads_in(path: Path) -> Iterator[Head]:
    """Every NUMBER:DIGEST in a file. Anything else in its lines is ignored. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            for number, digest in HEAD.findall(line):
                yield Head(int(number), digest)
