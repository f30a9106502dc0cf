"""The state of a gate, as ``/readyz``, the console and the API show it."""

from typing import Literal

from mailgate.model import SourceState
from mailgate.model.fact import Fact, Instant, Words


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
    """The number of its activation, which counts up with every change."""
    held: Words
    """Why the rules in the files are not in force. Empty if they are."""
    off: list[Words]
    """Rules that halted or were turned off, in words."""
    exemptions: int
    """How many exemptions are in force."""
    only_report: list[Words]
    """Rules that still only report although their time has come, in words."""


class Files(Fact):
    """The state of the files on disk."""

    state: Literal["ok", "rejected"]
    """`ok`, or `rejected` if they have mistakes and are not used."""
    mistakes: list[Words]
    """Their mistakes."""


class Issuer(Fact):
    """An issuer of attestations whose keys are fetched."""

    issuer: str
    """Its name in attestations."""
    keys: int
    """How many keys it has."""
    last_success: Instant | None
    """When they were fetched last."""
    failure: str
    """Why they could not be fetched the last time. Empty if they could."""


class ConnectorState(Fact):
    """The state of a connector."""

    state: Literal["new", "ok", "held", "failing", "unavailable"]
    """`new`, `ok`, `held`, `failing`, or `unavailable` if its devices cannot be read."""
    trouble: str
    """What is wrong, as a code. Empty if nothing is."""
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
    """How many devices are no longer named but kept, since there are too many of them to be believed gone."""


class Writes(Fact):
    """Whether the store accepts what is written at once."""

    refused_since: Instant | None
    """Since when it accepts nothing. Null if it does."""
    error: str
    """Why, in the words of the last try. Empty if it does."""


class Backlog(Fact):
    """What waits to be written to the store."""

    waiting: int
    """How much waits."""
    refused_since: Instant | None
    """Since when the store accepts nothing of it. Null if it does."""
    error: str
    """Why, in the words of the last try. Empty if it does."""


class Written(Fact):
    """How many sightings since the start were stored, set aside or lost."""

    written: int
    """Written to the store."""
    spooled: int
    """Kept on disk until the store answers again."""
    dropped: int
    """Lost because the queue or the disk was full."""
    passed_over: int
    """Decisions on strangers that were not recorded, because too many different ones came at once."""


class Ledger(Backlog, Written):
    """What became of sightings since the start, and what waits."""


class Readiness(Fact):
    """The state of this gate, as `/readyz` says."""

    ready: bool
    """Whether it should get traffic."""
    version: str
    """The version of the program."""
    workers: OwnWorkers
    """Its processes."""
    gates: dict[str, int]
    """How many gates on this store are `ok`, `taking`, `behind` and `gone`."""
    policy: str
    """The version of the policy, as in decisions."""
    rules: RulesNow
    """Its rules."""
    config: Files
    """Its files."""
    store: Literal["ok", "unwritable", "unavailable"]
    """`ok`, `unwritable` if it answers but accepts nothing, or `unavailable`."""
    issuers: list[Issuer]
    """Issuers whose keys are fetched over the network."""
    connectors: dict[str, ConnectorState]
    """Its connectors, by name."""
    ledger: Ledger
    """Its sightings."""
    reports: Backlog
    """The queue of device reports."""
    writes: Writes
    """The queue of everything else that is written at once."""


def connector_state(state: SourceState | None, unreachable: bool) -> ConnectorState:
    """The state of a connector. It is new if nothing is known of it."""
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
