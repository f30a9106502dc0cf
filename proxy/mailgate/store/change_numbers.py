"""Numbers that show a gate in one query whether anything that it decides by has changed."""

from typing import NamedTuple

from sqlalchemy import func, select

from mailgate.store.database import Database
from mailgate.store.schema import activations, device_changes, relief_changes

_QUESTION = select(
    select(func.max(activations.c.serial)).scalar_subquery(), relief_changes.c.number, device_changes.c.number
)


class ChangeNumbers(NamedTuple):
    """One number for each input of decisions. It changes whenever the input changes."""

    activation: int
    """The serial of the newest activation; 0 if there is none."""
    reliefs: int
    devices: int


async def change_numbers(database: Database) -> ChangeNumbers:
    """The current numbers. Gates read them four times a second, so the query goes to the driver directly. Raises
    StoreUnavailableError."""
    (row,) = await database.ask(_QUESTION, {})
    return ChangeNumbers(*(int(number or 0) for number in row))
