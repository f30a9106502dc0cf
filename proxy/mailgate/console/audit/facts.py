"""The audit log: its entries in words, as rows of a spreadsheet and as the JSON lines of their digests, and its verification."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from mailgate.config import Settings
from mailgate.model.phrase import phrase
from mailgate.rollout.audit_check import verify
from mailgate.store import AuditBreak, AuditEntry, AuditHead, Store
from mailgate.store.audit import ALL

ACTION_WORDS = {
    "connector-import-asked": phrase("Import of devices by hand asked for"),
    "connector-imported": phrase("Devices imported by hand"),
    "connector-read": phrase("Reading of a source asked for"),
    "console-login": phrase("Logged in to the console"),
    "console-logout": phrase("Logged out of the console"),
    "corrections-queued": phrase("Corrections written"),
    "device-asked": phrase("Sources of a device asked"),
    "device-forgotten": phrase("Device deleted"),
    "device-loss-asked": phrase("Asked to mark a device as lost beyond the guard"),
    "device-found": phrase("Device marked as found"),
    "device-lost": phrase("Device marked as lost"),
    "devices-asked": phrase("Sources of devices asked"),
    "devices-by-hand-asked": phrase("Asked to import devices beyond the guard"),
    "enrolment-allowed": phrase("Enrolment allowed again"),
    "enrolment-revoked": phrase("Enrolment revoked"),
    "enrolment-token-made": phrase("Enrolment token made"),
    "exemption-end-asked": phrase("End of an exemption asked for"),
    "exemption-ended": phrase("Exemption ended"),
    "exemption-given": phrase("Exemption given"),
    "help-answered": phrase("Help request answered"),
    "help-done": phrase("Help requests closed"),
    "help-reopened": phrase("Help requests opened again"),
    "keys-renewed": phrase("Keys of the store renewed"),
    "let-in": phrase("Let themselves in"),
    "machine-tokens-made": phrase("Tokens of computers made"),
    "notices-held": phrase("Notices held back"),
    "notices-queued": phrase("Mails about a rule written"),
    "notices-retried": phrase("Failed mails sent again"),
    "notices-sent": phrase("Mails sent"),
    "notices-settled": phrase("Unsure mails decided"),
    "person-forgotten": phrase("Person deleted"),
    "policy-activated": phrase("Rules started"),
    "policy-activated-against-the-guard": phrase("Rules started against the guard"),
    "policy-approved": phrase("Plan approved"),
    "policy-sent-back": phrase("Plan sent back"),
    "policy-drafted": phrase("Change drafted"),
    "policy-planned": phrase("Plan made"),
    "policy-rolled-back": phrase("Rules rolled back"),
    "rule-halted": phrase("Rule stopped by itself"),
    "revocation-asked": phrase("Asked to name people beyond the guard"),
    "rule-resume-asked": phrase("Asked to turn a rule on beyond the guard"),
    "rule-resumed": phrase("Rule turned on again"),
    "rule-turned-off": phrase("Rule turned off"),
    "settings-changed": phrase("Settings changed"),
    "settings-noted": phrase("Settings noted"),
}
"""The words of every action by its code."""
_ABOUT = {
    "break-glass": phrase("turning off"),
    "connector": phrase("source"),
    "device": phrase("device"),
    "draft": phrase("draft"),
    "exemption": phrase("exemption"),
    "exemption-end": phrase("the end of exemption"),
    "halt": phrase("stop"),
    "key": phrase("key"),
    "machine": phrase("computer"),
    "person": phrase("person"),
    "plan": phrase("plan"),
    "rule": phrase("rule"),
    "rules": phrase("rules"),
    "self-service": phrase("let-in"),
    "token": phrase("token"),
    "version": phrase("version"),
}
_DIGEST = 64


def act_in_words(code: str) -> str:
    """The action in words. An unknown code, such as one of a newer release, stays as it is."""
    return ACTION_WORDS.get(code) or code


def thing_in_words(about: str) -> str:
    """The object in words: ``plan DIGEST``, ``version 3``, ``device ID``. A digest is cut as pages cut it."""
    noun, _, name = about.partition(" ")
    if noun not in _ABOUT or not name:
        return about
    name = name[:12] if len(name) == _DIGEST else name
    return phrase("%(noun)s %(name)s", noun=_ABOUT[noun], name=name)


async def numbers_of(store: Store, since: str, until: str) -> range:
    """The numbers of the entries from the day ``since`` to the day ``until``, both included, of UTC (ISO 8601); empty: of all days."""
    if not since and not until:
        return ALL
    return await store.audit.numbers(*day_ends(since, until))


def day_ends(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    """The first moment of a day, and the first one after another; None for an open end."""
    last = date.fromisoformat(until) if until else date.max
    end = _midnight(last + timedelta(days=1)) if last < date.max else None
    return _midnight(date.fromisoformat(since)) if since else None, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def months_until(today: date) -> list[tuple[str, str]]:
    """The first and the last day of the month before, and of this one until today."""
    first = today.replace(day=1)
    last = first - timedelta(days=1)
    return [
        (begin.isoformat(), end.isoformat()) for begin, end in ((last.replace(day=1), last), (first, today))
    ]


COLUMNS = tuple(AuditEntry.__dataclass_fields__)


def line_of(entry: AuditEntry) -> str:
    """The entry as one line of JSON, from which its digest can be checked."""
    return json.dumps(asdict(entry), sort_keys=True) + "\n"


def row_of(entry: AuditEntry) -> list[str]:
    """The cells of an entry, for ``COLUMNS``."""
    return [str(each) for each in asdict(entry).values()]


HEAD = re.compile(r"(?<![0-9a-zA-Z:])([0-9]{1,18}):([0-9a-f]{64})(?![0-9a-zA-Z])")


async def verified(
    store: Store,
    settings: Settings,
    now: datetime,
    noted: Iterable[AuditHead] = (),
    files: Iterable[Path] = (),
) -> tuple[list[AuditBreak], AuditHead | None]:
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
        AuditBreak(
            number,
            phrase("and earlier entries cannot be compared with %(path)s: %(why)s", path=path, why=why),
        )
        for path, why in unread.items()
        if path != own or number  # the witness file is missing before the first entry
    ]
    return found, head


def heads_in(path: Path) -> Iterator[AuditHead]:
    """Every NUMBER:DIGEST in a file. Anything else in its lines is ignored. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            for number, digest in HEAD.findall(line):
                yield AuditHead(int(number), digest)
