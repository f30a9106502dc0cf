"""Drafts: small changes of a version of the rules, by the digest of the texts with the change."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from mailgate.store.audit import Act, append
from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Database
from mailgate.store.schema import drafts, policies

SHORTEST = 6
"""The fewest characters of a digest that may name a draft."""


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A small change of one version."""

    digest: str
    """The digest of the version with the change."""
    base: int
    """The number of the version that it changes."""
    edit: str
    """The change, as JSON (``policy/edits.py``)."""
    title: str
    """The change in words."""
    author: str
    made_at: datetime


class Drafts:
    """Queries on drafts. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, draft: KeptDraft, act: Act) -> KeptDraft:
        """Store a draft and its audit entry. A draft that exists already stays as it is, and is returned."""
        async with self._database.writing() as connection:
            same = select(drafts).where(drafts.c.digest == draft.digest)
            if row := (await connection.execute(same)).mappings().first():
                return KeptDraft(**row)
            statement = upsert(connection, drafts).values(asdict(draft))
            await connection.execute(statement.on_conflict_do_nothing())
            await append(connection, act)
            return draft

    async def find(self, name: str) -> list[KeptDraft]:
        """The drafts whose digest begins with ``name``, the newest first."""
        if len(name) < SHORTEST:
            return []
        query = select(drafts).where(drafts.c.digest.startswith(name, autoescape=True))
        async with self._database.reading() as connection:
            rows = await connection.execute(query.order_by(drafts.c.made_at.desc()))
            return [KeptDraft(**row) for row in rows.mappings()]

    async def latest(self, size: int) -> list[KeptDraft]:
        """The newest drafts, the newest first."""
        query = select(drafts).order_by(drafts.c.made_at.desc(), drafts.c.digest).limit(size)
        async with self._database.reading() as connection:
            return [KeptDraft(**row) for row in (await connection.execute(query)).mappings()]

    async def prune(self, before: datetime, _size: int = 0) -> int:
        """Delete drafts that were made before this moment and never came in force. There are few, so all are deleted at
        once."""
        used = select(policies.c.digest).where(policies.c.digest == drafts.c.digest).exists()
        async with self._database.writing() as connection:
            return (await connection.execute(delete(drafts).where(drafts.c.made_at < before, ~used))).rowcount
