"""Who calls."""

from tests.unit.console.api.calling import Caller
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import lin as lin


async def test_an_admin_is_told_their_name_and_roles(lin: Caller) -> None:
    told = await lin.get("/me")
    assert (told.status, told.body) == (200, {"name": "lin", "roles": ["operator", "approver"]})
