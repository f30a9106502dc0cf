"""Approvals: one person's consent to a plan that another person made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from mailgate.store.audit import Act, append, lock_audit_log
from mailgate.store.database import Database
from mailgate.store.policies import OvertakenError
from mailgate.store.schema import activations, approvals


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's consent to one plan."""

    plan: str
    """The plan's digest."""
    who: str
    note: str
    at: datetime


class Approvals:
    """Queries on approvals, which are deleted with their plan. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, approval: Approval, act: Act, *, after: int) -> bool:
        """Keep an approval and its audit entry. Returns False if this person has approved the plan already.

        Raises OvertakenError if the newest activation is not ``after``.
        """
        row = {column.name: getattr(approval, column.name) for column in approvals.c}
        same = select(approvals).where(approvals.c.plan == approval.plan, approvals.c.who == approval.who)
        async with self._database.writing() as connection:
            await lock_audit_log(connection)
            if (await connection.execute(select(func.max(activations.c.serial)))).scalar() != after:
                raise OvertakenError
            if (await connection.execute(same)).first():
                return False
            await connection.execute(insert(approvals).values(row))
            await append(connection, act)
            return True

    async def all(self) -> list[Approval]:
        """Every approval."""
        query = select(approvals).order_by(approvals.c.plan, approvals.c.who)
        async with self._database.reading() as connection:
            return [_approval(row) for row in (await connection.execute(query)).mappings()]

    async def of(self, plan: str) -> list[Approval]:
        """The approvals of the plan with this digest, the oldest first."""
        return (await self.of_all([plan]))[plan]

    async def of_all(self, plans: list[str]) -> dict[str, list[Approval]]:
        """The approvals of each of these plans."""
        query = select(approvals).where(approvals.c.plan.in_(plans)).order_by(approvals.c.at, approvals.c.who)
        found: dict[str, list[Approval]] = {plan: [] for plan in plans}
        async with self._database.reading() as connection:
            for row in (await connection.execute(query)).mappings():
                found[row["plan"]].append(_approval(row))
        return found


def _approval(row: Mapping[Any, Any]) -> Approval:
    return Approval(row["plan"], row["who"], row["note"], row["at"])
