"""A store and a source in memory."""

import asyncio
from datetime import timedelta

from prometheus_client import CollectorRegistry
from tests.unit.connectors.around import NOW, tools

from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.connectors.run import Narrowed
from mailgate.connectors.runner import Runner
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble


class RunStore:
    """A store that keeps everything in memory. ``away``: it does not answer; ``others``: leases of another gate."""

    def __init__(self):
        self.kept = {}
        self.taken = []
        self.noted = {}
        self.held = set()
        self.others = set()
        self.away = False
        self.claims = 0

    def _ask(self):
        if self.away:
            raise SourceError(Trouble.STORE)

    async def take(self, records):
        await asyncio.sleep(0)
        self._ask()
        self.taken.append([record.id for record in records])
        for record in records:
            key = (record.source, record.id)
            self.kept[key] = record.after(self.kept.get(key), NOW)

    async def seen_whole(self, source, ids):
        self._ask()
        stored = [self.kept.get((source, name)) for name in ids]
        whole = [each for each in stored if each and each.apps_complete and not each.apps and not each.gone]
        return [Narrowed(each.id, f"device-{each.id}", each.owner) for each in whole]

    async def devices(self, source):
        self._ask()
        yield [name for of, name in self.kept if of == source and not self.kept[of, name].gone]

    async def states(self):
        self._ask()
        return dict(self.noted)

    async def reach(self):
        self._ask()
        return {
            ("mdm", str(each.enrolment), "complete"): 1 for each in self.kept.values() if each.source == "mdm"
        }

    async def note(self, state):
        self._ask()
        self.noted[state.name] = state

    async def claim(self, name, span: timedelta):
        self._ask()
        self.claims += 1
        if name in self.others:
            return False
        self.held.add(name)
        return True

    async def release(self, name):
        self._ask()
        self.held.discard(name)

    def gone(self):
        return {name for (_, name), record in self.kept.items() if record.gone}


class PolicyShelf:
    """The versions of policies in memory."""

    def __init__(self):
        self.kept = {}

    async def versions(self, source, policy):
        return dict(self.kept.get((source, policy), {}))

    async def keep_versions(self, source, policies, *, only):
        if only:
            self.kept = {key: each for key, each in self.kept.items() if key[0] != source}
        for policy, versions in policies.items():
            self.kept[source, policy] = self.kept.get((source, policy), {}) | versions


class Source:
    """A connector that names these devices, raises exceptions among them, and waits for events among them."""

    tells_changes = True
    lists_all = True

    def __init__(self, *says):
        self.says = list(says)
        self.asked = []
        self.closed = 0

    async def devices(self, since):
        self.asked.append(since)
        for each in self.says:
            if isinstance(each, BaseException):
                raise each
            if isinstance(each, asyncio.Event):
                await each.wait()
                continue
            yield each if isinstance(each, Report) else report_by("mdm", str(each))

    async def close(self):
        self.closed += 1


def runner(source, store, around=tools, listed=lambda: "v1"):
    """Runs of this source, with unused metrics."""
    return Runner(lambda *_: source, store, around, ConnectorMetrics(CollectorRegistry()), listed)
