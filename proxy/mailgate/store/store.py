"""The open store, with all parts that read from it and write to it."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL

from mailgate.model.device import PostureTerms
from mailgate.policy import AppCatalog
from mailgate.store import gates
from mailgate.store.audit import Act, Audit
from mailgate.store.changes import ChangeNumbers, change_numbers
from mailgate.store.counts import AppCounts, RefusedDays, VerdictCounts
from mailgate.store.database import Database
from mailgate.store.device_rows import DeviceRows
from mailgate.store.devices import Devices
from mailgate.store.enrolments import Enrolments
from mailgate.store.fleet import BrowserFleet
from mailgate.store.gates import Gates, Leases, SharedKeys
from mailgate.store.help_requests import HelpRequests
from mailgate.store.ingest import Connectors, Reports
from mailgate.store.kept_out import UNCOUNTED, Counted, KeptOutCounts
from mailgate.store.ledger import Ledger
from mailgate.store.looks import LookQueue, Looks
from mailgate.store.mail import Languages
from mailgate.store.mail_queue import MailQueue, QuarantineMails
from mailgate.store.migrate import migrate, store_url
from mailgate.store.person_records import People
from mailgate.store.personal_data import Personal
from mailgate.store.plan_movers import FirstRefusals, PlanMovers
from mailgate.store.plans import Drafts, Plans
from mailgate.store.policies import Policies
from mailgate.store.postures import Postures
from mailgate.store.reliefs import StoredReliefs
from mailgate.store.retention import Retention
from mailgate.store.retractions import Retractions
from mailgate.store.search import NameSearch
from mailgate.store.shut_enrolments import Named, Revoked, ShutEnrolments
from mailgate.store.sightings import SeenClients, Sightings
from mailgate.store.spent_proofs import SpentProofs
from mailgate.store.spool import SUFFIX, Spool
from mailgate.store.write_queue import Backlog

_SPOOL_BYTES = 32 * 1024 * 1024


class Store:
    """An open store, made by ``open``. Start ``run`` as a task and call ``close`` at the end, or records are not written."""

    def __init__(self, database: Database, spool: Path) -> None:
        self._database = database
        self.wipe, self.faults = database.wipe, database.faults
        self.spool = spool
        """The folder of files that are kept beside the store."""
        spools = tuple(
            Spool(spool / f"{noun}{SUFFIX}", _SPOOL_BYTES) for noun in ("sightings", "reports", "looks")
        )
        sightings, reports, looks = spools
        self.devices = Devices(database, spools)
        self.search = NameSearch(database)
        self.rows = DeviceRows(database)
        self.app_counts = AppCounts(database)
        self.refused_days = RefusedDays(database)
        self.sightings = Sightings(database)
        self.seen_clients = SeenClients(database)
        self.people = People(database, self.devices, self.sightings)
        self.personal = Personal(database, self.devices, self.people, spools)
        self.quarantine_mails = QuarantineMails(database)
        self.keys = SharedKeys(database)
        self.audit = Audit(database)
        self.policies = Policies(database)
        self.kept_out = KeptOutCounts(database)
        self.plans = Plans(database)
        self.movers = PlanMovers(database)
        self.first_refusals = FirstRefusals(database)
        self.verdicts = VerdictCounts(database)
        self.drafts = Drafts(database)
        self.reliefs = StoredReliefs(database)
        self.help_requests = HelpRequests(database)
        self.spent = SpentProofs(database)
        self.enrolments = Enrolments(database)
        self.shut = ShutEnrolments(database)
        self.mails = MailQueue(database)
        self.retractions = Retractions(database)
        self.languages = Languages(database)
        self.fleet = BrowserFleet(database)
        self.looks = Looks(database)
        self.retention = Retention(database, self.devices, self.enrolments)
        self.connectors = Connectors(database)
        self.leases = Leases(database)
        self.gates = Gates(database)
        self.ledger = Ledger(database, sightings)
        self.reports = Reports(database, reports)
        self.look_queue = LookQueue(database, looks)

    @classmethod
    async def open(cls, url: str, *, spool: Path | None = None, make: bool = True) -> Self:
        """Open the store at ``url`` (``sqlite:///PATH`` or ``postgresql://…``), upgrading it first. Data that cannot be written
        waits in the folder ``spool``, by default beside an SQLite file, otherwise ``var/spool``. Raises StoreError,
        StoreUnavailableError if the database does not answer, and StoreMissingError if there is no store and none is to be
        made."""
        address = store_url(url)
        await asyncio.to_thread(partial(migrate, address, make=make))
        return cls(Database(address), spool or spool_beside(address))

    @classmethod
    def beside(cls, url: str) -> Self:
        """Open a store beside the process that made it. It is only read; nothing is made or upgraded."""
        address = store_url(url)
        return cls(Database(address), spool_beside(address))

    def postures(self, catalog: AppCatalog, terms: PostureTerms) -> Postures:
        """Make postures with these lists. Keep the object, since it holds the cache."""
        return Postures(self.devices, self.reports, catalog, terms)

    async def run(self) -> None:
        """Write records and reports until ``close`` is called."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.ledger.run())
            tasks.create_task(self.reports.run())
            tasks.create_task(self.look_queue.run())

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Write everything that waits, and close the database. What a queue cannot write within ``timeout_seconds`` goes to disk."""
        try:
            queues = (self.reports, self.ledger, self.look_queue)
            await asyncio.gather(*(each.close(timeout_seconds) for each in queues), self.spent.close())
        finally:
            await self._database.close()

    async def change_numbers(self) -> ChangeNumbers:
        """The numbers that show what has changed. Raises StoreUnavailableError."""
        return await change_numbers(self._database)

    async def revoke(
        self, named: Named, now: datetime, act: Act | None = None, counted: Counted = UNCOUNTED
    ) -> Revoked:
        """Revoke what is named so (``ShutEnrolments.revoke``). What its devices reported about themselves no longer counts."""
        revoked = await self.shut.revoke(named, now, act, counted)
        await self.devices.ingest(revoked.gone(), now)
        return revoked

    async def now(self, own: datetime) -> datetime:
        """The time by which gates compare what they wrote (``gates.shared_now``). ``own`` is by the clock of whoever acts."""
        async with self._database.reading() as connection:
            return await gates.shared_now(connection, own)

    def refusal(self) -> Backlog:
        """Whether the database accepts writes of any kind, also those that wait in no queue."""
        return Backlog(refused_since=self._database.refused_since, error=self._database.refused_why)

    async def ping(self) -> None:
        """Raise ``StoreUnavailableError`` if the database does not answer."""
        async with self._database.reading() as connection:
            await connection.exec_driver_sql("SELECT 1")


def spool_beside(url: URL) -> Path:
    """The folder for what a store does not take, unless the settings name another."""
    sqlite = url.get_backend_name() == "sqlite"
    return Path(f"{url.database}.spool") if sqlite else Path("var/spool").absolute()
