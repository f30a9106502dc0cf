"""How a gate stands, as ``/readyz`` says it, and what the console and the API show of it."""

from typing import Literal

from mailgate.model import SourceState
from mailgate.model.fact import Fact, Instant


class Workers(Fact):
    """The processes of a gate."""

    wanted: int
    """How many there should be."""
    answering: int
    """How many answer."""


class OwnWorkers(Workers):
    """The processes of this gate."""

    missing: list[int]
    """The numbers of those that do not answer."""


class RulesNow(Fact):
    """The rules in force at this gate."""

    number: int
    """The version."""
    serial: int
    """Which activation it is; it counts up with every change."""
    held: str
    """Why the rules in the files are not in force; empty where they are."""
    off: list[str]
    """Rules that halted or were turned off, in words."""
    exemptions: int
    """How many exemptions count."""
    only_report: list[str]
    """Rules that still only report although their time has come, in words."""


class Files(Fact):
    """How it stands with the files on disk."""

    state: Literal["ok", "rejected"]
    """`ok`, or `rejected` where they have mistakes and are not used."""
    mistakes: list[str]
    """Their mistakes."""


class Issuer(Fact):
    """An issuer of attestations whose keys are fetched."""

    issuer: str
    """What its attestations call it."""
    keys: int
    """How many keys it has."""
    last_success: Instant | None
    """When they were fetched last."""
    failure: str
    """Why they could not be fetched the last time; empty where they could."""


class ConnectorState(Fact):
    """How a connector fares."""

    state: Literal["new", "ok", "held", "failing", "unavailable"]
    """`new`, `ok`, `held`, `failing`, or `unavailable` where its devices cannot be had."""
    trouble: str
    """What is wrong, as a code; empty where nothing is."""
    last_success: Instant | None
    """When it was read last."""
    last_full: Instant | None
    """When everything was read last."""
    last_attempt: Instant | None
    """When that was last tried."""
    failing_since: Instant | None
    """Since when it fails."""
    devices: int
    """How many devices it has."""
    records: int
    """How many records the last reading took."""
    gone: int
    """How many devices were gone then."""
    held: int
    """How many devices are no longer named and yet kept, since they are too many."""


class Writes(Fact):
    """Whether the store takes what is written at once."""

    refused_since: Instant | None
    """Since when it takes nothing; null while it does."""
    error: str
    """Why, in the words of the last try; empty while it does."""


class Backlog(Fact):
    """What waits to be written to the store."""

    waiting: int
    """How much waits."""
    refused_since: Instant | None
    """Since when the store takes nothing of it; null while it does."""
    error: str
    """Why, in the words of the last try; empty while it does."""


class Written(Fact):
    """What became of sightings since the start."""

    written: int
    """In the store."""
    spooled: int
    """On disk, for the time when the store answers again."""
    dropped: int
    """Lost: the queue or the disk was full."""
    passed_over: int
    """Decisions on strangers that were not recorded, because too many different ones came at once."""


class Ledger(Backlog, Written):
    """What became of sightings since the start, and what waits."""


class Readiness(Fact):
    """How this gate stands, as `/readyz` says."""

    ready: bool
    """Whether it should get traffic."""
    version: str
    """Of the program."""
    workers: OwnWorkers
    """Its processes."""
    gates: dict[str, int]
    """How many gates on this store are `ok`, `taking`, `behind` and `gone`."""
    policy: str
    """The version of the policy, as decisions call it."""
    rules: RulesNow
    """Its rules."""
    config: Files
    """Its files."""
    store: Literal["ok", "unwritable", "unavailable"]
    """`ok`, `unwritable` where it answers and takes nothing, or `unavailable`."""
    issuers: list[Issuer]
    """Issuers whose keys are fetched over the network."""
    connectors: dict[str, ConnectorState]
    """Its connectors, by name."""
    ledger: Ledger
    """Its sightings."""
    reports: Backlog
    """What devices reported."""
    writes: Writes
    """Everything else that is written at once."""


def connector_state(state: SourceState | None, unreachable: bool) -> ConnectorState:
    """How a connector fares; one of which nothing is known is new."""
    state = state or SourceState("")
    word: Literal["new", "ok", "held", "failing", "unavailable"] = "ok" if state.last_success else "new"
    if state.held:
        word = "held"
    if state.failing_since:
        word = "unavailable" if unreachable else "failing"
    return ConnectorState(
        state=word,
        trouble=state.trouble,
        last_success=state.last_success,
        last_full=state.last_full,
        last_attempt=state.last_attempt,
        failing_since=state.failing_since,
        devices=state.devices,
        records=state.taken,
        gone=state.gone,
        held=state.held,
    )
