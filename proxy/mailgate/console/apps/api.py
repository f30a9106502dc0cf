"""Listed apps: who has each, and the effect of its lists."""

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import ListOf
from mailgate.console.apps.facts import AppFacts, apps
from mailgate.console.looks import Shows


async def list_apps(call: Call) -> ListOf[AppFacts]:
    """List the listed apps, the most frequent first, each with its lists, the number of people and devices that have it, and its trend."""
    return ListOf(items=await apps(call.context.store, call.context.bundle().policy, call.now))


OPERATIONS = (Operation("GET /apps", list_apps, shows=Shows.NUMBERS, page="apps.html"),)
