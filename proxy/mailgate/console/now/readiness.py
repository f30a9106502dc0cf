"""The state of a gate, as ``/readyz``, the console and the API show it."""

from datetime import datetime, timedelta
from typing import Literal

from mailgate.model import SourceState
from mailgate.model.fact import Fact, Instant, Words


class Workers(Fact):
    """The processes of a gate."""

    wanted: int
    """The number of processes that it should have."""
    answering: int
    """The number of processes that answer."""


class OwnWorkers(Workers):
    """The processes of this gate."""

    missing: list[int]
    """The numbers of the processes that do not answer."""


class RulesNow(Fact):
    """The rules in force at this gate."""

    number: int
    """The number of the version."""
    serial: int
    """The serial number of its activation. Every change raises it."""
    held: Words
    """Why the files on disk are not in force; empty if they are."""
    off: list[Words]
    """Rules that halted or were turned off, in words."""
    exemptions: int
    """The number of exemptions in force."""
    only_report: list[Words]
    """Rules that should have left the stage `report_only` but still only report, in words."""


class FilesState(Fact):
    """The state of the files on disk."""

    state: Literal["ok", "rejected"]
    """`ok`, or `rejected` if they have mistakes and are not used."""
    mistakes: list[Words]
    """Their mistakes."""


class Issuer(Fact):
    """An issuer of attestations whose keys are fetched."""

    issuer: str
    """Its name in attestations, the `iss` claim."""
    keys: int
    """The number of its keys."""
    last_success: Instant | None
    """When they were last fetched; null if they never were."""
    failure: str
    """Why the last fetch failed; empty if it did not."""


class ConnectorState(Fact):
    """The state of a connector."""

    state: Literal["new", "reading", "ok", "held", "failing", "unavailable"]
    """`new`, `reading` while it is read for the first time, `ok`, `held`, `failing`, or `unavailable` if it fails for so
    long that what was last known of its devices ends."""
    trouble: str
    """What was wrong in the last reading, as a code; empty if nothing was."""
    status: int
    """The HTTP status with which its source gave that trouble; 0 if it did not answer with one."""
    trouble_since: Instant | None
    """Since when readings have had this trouble; null if nothing is wrong."""
    last_success: Instant | None
    """When it was last read; null if it never was."""
    last_full: Instant | None
    """When all of it was last read; null if it never was."""
    last_attempt: Instant | None
    """When it was last tried; null if it never was."""
    failing_since: Instant | None
    """When it began to fail, maybe with another trouble; null if it does not fail."""
    last_known_until: Instant | None
    """Until when at least what was last known of its devices counts, if it fails; null if it does not."""
    running_since: Instant | None
    """When the reading began that is going on; null if none is."""
    retrying: str
    """Why that reading sends a request again, as a code; empty if the source answers."""
    retry_at: Instant | None
    """When it sends that request again; null if no request waits."""
    next_attempt: Instant | None
    """When it is read next at the earliest; null if it is not read by itself, or is read now."""
    devices: int
    """The number of its devices."""
    records: int
    """The number of records in the last reading."""
    gone: int
    """The number of devices that were gone in the last reading."""
    held: int
    """The number of devices that the source no longer names but that are kept, since there are too many to be believed gone."""
    narrowed: int
    """The number of devices of which the source now says that it cannot see every app, and whose older report still counts."""
    narrows_at: Instant | None
    """When what the source says of them counts; null if there are none."""


class Writes(Fact):
    """Whether the store accepts what has to be written at once."""

    refused_since: Instant | None
    """Since when the store refuses to write; null if it writes."""
    error: str
    """The error of the last attempt; empty if it succeeded."""


class ClockState(Fact):
    """The clock of this gate, beside that of the database."""

    state: Literal["ok", "off", "unknown"]
    """`ok`, `off` by more than ten seconds, or `unknown` if there is no other clock to compare it with."""
    offset_seconds: float | None
    """How many seconds it is ahead; negative if it lags, null if that is unknown."""


class WaitingWrites(Fact):
    """Data that waits to be written to the store."""

    waiting: int
    """How much of it waits."""
    refused_since: Instant | None
    """Since when the store refuses it; null if it does not."""
    error: str
    """The error of the last attempt; empty if it succeeded."""


class Written(Fact):
    """The number of sightings since the start that were stored, spooled or lost."""

    written: int
    """Written to the store."""
    spooled: int
    """Spooled on disk until the store answers again."""
    dropped: int
    """Lost because the queue or the disk was full."""
    strangers_not_recorded: int
    """Decisions that were not recorded, because too many different ones were about unknown clients, or about one person."""


class SightingQueue(WaitingWrites, Written):
    """What happened to sightings since the start, and how many wait."""


class Readiness(Fact):
    """The state of this gate, as `/readyz` says."""

    ready: bool
    """Whether it should get traffic."""
    version: str
    """The version of Mailgate."""
    workers: OwnWorkers
    """Its processes."""
    gates: dict[str, int]
    """How many gates on this store are `ok`, `taking`, `behind` and `gone`."""
    policy: str
    """The version of the policy, as decisions name it."""
    rules: RulesNow
    """Its rules."""
    config: FilesState
    """Its files."""
    clock: ClockState
    """Its clock."""
    store: Literal["ok", "unwritable", "unavailable"]
    """`ok`, `unwritable` if it answers but accepts nothing, or `unavailable`."""
    issuers: list[Issuer]
    """Issuers whose keys are fetched over the network."""
    connectors: dict[str, ConnectorState]
    """Its connectors, by name."""
    ledger: SightingQueue
    """Its sightings."""
    reports: WaitingWrites
    """The queue of device reports."""
    writes: Writes
    """The queue of everything else that is written at once."""


CLOCK_OFF_BY = timedelta(seconds=10)
"""How far a clock may be off. Proofs are refused from a minute on."""


def clock_state(offset: timedelta | None) -> ClockState:
    """The state of a clock that is ahead by this much; None if that is unknown."""
    if offset is None:
        return ClockState(state="unknown", offset_seconds=None)
    seconds = round(offset.total_seconds(), 3)
    return ClockState(state="off" if abs(offset) > CLOCK_OFF_BY else "ok", offset_seconds=seconds)


def connector_state(
    state: SourceState | None, last_known_for: timedelta, now: datetime, every: timedelta | None = None
) -> ConnectorState:
    """The state of a connector; `new` if it was never read. ``every`` is None if it is not read by itself."""
    state, until = state or SourceState(""), None
    word: Literal["new", "reading", "ok", "held", "failing", "unavailable"] = "new"
    if state.last_success or state.running_since:
        word = "ok" if state.last_success else "reading"
    if state.held:
        word = "held"
    if state.failing_since:
        until = state.failing_since + last_known_for
        word = "unavailable" if now >= until else "failing"
    waits = state.last_attempt if state.running_since is None else None
    coming = waits + every if waits and every else None
    return ConnectorState.taken_from(
        state, state=word, last_known_until=until, next_attempt=coming, records=state.taken
    )
