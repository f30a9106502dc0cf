"""Listed apps: who has each, and what its lists do."""

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import Answered
from mailgate.views.apps import AppFacts, apps


class Apps(Answered):
    """Listed apps."""

    items: list[AppFacts]
    """Those first that most people have."""


async def list_apps(call: Call) -> Apps:
    """List the listed apps, each with its lists, how many people and devices have it, and how that was on the last 30 days."""
    return Apps(items=await apps(call.context.store, call.context.bundle().policy, call.now))


OPERATIONS = (Operation("GET", "/apps", list_apps, "Apps"),)
