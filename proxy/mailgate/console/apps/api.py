"""Listed apps: who has each, and the effect of its lists."""

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import OutputModel
from mailgate.console.apps.facts import AppFacts, apps


class ListedApps(OutputModel):
    """The listed apps."""

    items: list[AppFacts]
    """The apps, the most frequent first."""


async def list_apps(call: Call) -> ListedApps:
    """List the listed apps, each with its lists, the number of people and devices that have it, and its trend."""
    return ListedApps(items=await apps(call.context.store, call.context.bundle().policy, call.now))


OPERATIONS = (Operation("GET", "/apps", list_apps, "Apps", page="apps.html"),)
