"""By which rules a gate decides: those of the version that is in force in the store, wherever it was put in force.

Files are where new versions come from. The files of the first start, and a change of the files while a gate runs, are put
in force by that gate. Files that are merely found at a start and hold what was in force once are not: they may be what
was taken back, or what another computer has not been given yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from mailgate.config import Rules, compile_rules
from mailgate.errors import ConfigError, MailgateError
from mailgate.store import Act, Activation, Draft, Policies, Store, StoreError

log = structlog.get_logger()

BY_FILE = "file"
"""The author of a version that nobody named: the files on some gate's disk were changed."""
LOOK = 0.25
"""Seconds between two looks at which version is in force."""


class UnreadableVersionError(MailgateError):
    """The version in force was made by another Mailgate, and this one cannot decide by it."""


@dataclass(frozen=True, slots=True)
class Current:
    """What a gate decides by, and since which activation."""

    activation: Activation
    rules: Rules


class Keeper:
    """The rules of one gate. ``start`` first; ``offer`` after each reading of the files; ``look`` all the time."""

    def __init__(self, policies: Policies, origin: str, clock: Callable[[], datetime]) -> None:
        self._policies = policies
        self._origin = origin
        self._clock = clock
        self._files = ""
        self._waiting: Rules | None = None
        self._unreadable = 0
        self.current: Current

    async def start(self, files: Rules) -> Rules:
        """The rules to start with. Raises StoreError, or UnreadableVersionError."""
        self._files = files.digest
        active = await self._policies.active()
        if active is None:
            await self._activate(files, "the first start")
        elif active.digest != files.digest and not await self._policies.known(files.digest):
            await self._activate(files, "the files were changed while this gate did not run")
        else:
            self.current = await self._read(active, files)
        self._note_held()
        return self.current.rules

    async def offer(self, files: Rules) -> Rules:
        """The rules in force after these files were read. Their rules take effect where they have changed."""
        if files.digest != self._files:
            self._files, self._waiting = files.digest, files
            await self._try_waiting()
            self._note_held()
        return self.current.rules

    async def look(self) -> None:
        """Take over what is in force now. Never raises for a store that is down: what was in force stays."""
        try:
            if self._waiting:
                await self._try_waiting()
            serial = await self._policies.serial()
            if serial in (self.current.activation.serial, self._unreadable):
                return
            active = await self._policies.active()
            if active and active.serial != self.current.activation.serial:
                self.current = await self._read(active)
        except StoreError:
            return
        except UnreadableVersionError as error:
            self._unreadable = serial
            log.error("policy-unreadable", serial=serial, detail=str(error))

    @property
    def held(self) -> str:
        """Why the files on disk are not in force, in words; empty where they are."""
        if self._waiting:
            return "the files have changed and wait for the store"
        if self._files == self.current.activation.digest:
            return ""
        return (
            f"the files hold another version than number {self.current.activation.number}, which is in force"
        )

    async def _try_waiting(self) -> None:
        assert self._waiting is not None
        try:
            await self._activate(self._waiting, "the files were changed")
        except StoreError:
            return
        self._waiting = None

    async def _activate(self, files: Rules, why: str) -> None:
        act = Act(self._clock(), BY_FILE, "policy-activated", why=why, origin=self._origin)
        activation = await self._policies.activate(draft_of(files), act)
        self.current = await self._read(activation, files)

    async def _read(self, activation: Activation, files: Rules | None = None) -> Current:
        """The rules of an activation; ``files`` where it may be theirs."""
        if files and files.digest == activation.digest:
            return Current(activation, files)
        return Current(activation, await rules_of(self._policies, activation))

    def _note_held(self) -> None:
        if self.held:
            log.warning("policy-held", in_force=self.current.activation.number, why=self.held)


def draft_of(rules: Rules) -> Draft:
    """Rules as the store takes them."""
    return Draft(rules.digest, rules.policy.version, rules.texts)


async def rules_of(policies: Policies, activation: Activation) -> Rules:
    """The compiled rules of an activation. Raises UnreadableVersionError, or StoreUnavailableError."""
    version = await policies.get(activation.number)
    assert version is not None  # a foreign key holds it
    try:
        return compile_rules(version.texts)
    except ConfigError as error:
        message = f"version {version.number} of the rules, which is in force, cannot be used by this Mailgate: {error}"
        raise UnreadableVersionError(message) from error


async def in_force(store: Store) -> Rules | None:
    """The rules that gates on this store decide by; None before the first start."""
    active = await store.policies.active()
    return await rules_of(store.policies, active) if active else None
