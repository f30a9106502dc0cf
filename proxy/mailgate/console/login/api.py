"""The calling admin."""

from mailgate.config.admins import Role
from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import OutputModel
from mailgate.console.looks import Shows


class Me(OutputModel):
    """An admin."""

    name: str
    """The name in the settings and in the audit log."""
    roles: list[Role]
    """The roles."""


async def get_me(call: Call) -> Me:
    """Get the admin of the token, with their roles."""
    return Me(name=call.person.name, roles=list(call.roles))


OPERATIONS = (Operation("GET /me", get_me, shows=Shows.NUMBERS),)
