"""The numbers by which a gate learns with one question whether anything that it decides by has changed."""

from typing import NamedTuple

from sqlalchemy import func, select

from mailgate.store.database import Database
from mailgate.store.schema import activations, device_changes, relief_changes

_QUESTION = select(
    select(func.max(activations.c.serial)).scalar_subquery(), relief_changes.c.number, device_changes.c.number
)


class ChangeNumbers(NamedTuple):
    """One number for each thing that gates decide by. It differs from the one before if the thing has changed."""

    activation: int
    """The serial of the newest activation; 0 if there is none."""
    reliefs: int
    devices: int


async def change_numbers(database: Database) -> ChangeNumbers:
    """The numbers now. Gates ask four times a second, so the question goes to the driver alone. Raises StoreUnavailableError."""
    (row,) = await database.ask(_QUESTION, {})
    return ChangeNumbers(*(int(number or 0) for number in row))
