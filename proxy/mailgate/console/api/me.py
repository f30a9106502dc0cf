"""Who calls."""

from mailgate.config.admins import Role
from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import Answered


class Me(Answered):
    """An admin."""

    name: str
    """The name, as the settings and the audit log have it."""
    roles: list[Role]
    """What they may do."""


async def get_me(call: Call) -> Me:
    """Say whose token this is, and what they may do."""
    return Me(name=call.person.name, roles=list(call.roles))


OPERATIONS = (Operation("GET", "/me", get_me, "Me"),)
