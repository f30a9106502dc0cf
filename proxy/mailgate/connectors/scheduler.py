"""Starts connectors that are due, and publishes the sources that cannot be asked."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.file import FileChanges
from mailgate.connectors.protocol import SourceTools
from mailgate.connectors.run import SourceOutcome, is_due
from mailgate.connectors.runner import Runner
from mailgate.devices.posture import sources_away
from mailgate.errors import SourceError
from mailgate.model import SourceState
from mailgate.model.device import Away
from mailgate.tasks import end_all

POLL = 2.0
"""The seconds between two looks for connectors that are due. A gate knows of a run by another gate after this time."""


class Scheduler:
    """Starts connectors that are due. Run ``run`` as a task. It reads the settings every time, so that a reload counts at once."""

    def __init__(
        self,
        settings: Callable[[], Mapping[str, EverySource]],
        runner: Runner,
        tools: SourceTools,
        tell: Callable[[Away], None],
    ) -> None:
        """``tell`` receives, at every look, the sources that cannot be asked."""
        self._settings = settings
        self._runner = runner
        self._tools = tools
        self._tell = tell
        self._chances: dict[str, tuple[SourceState, float]] = {}
        self._running: dict[str, asyncio.Task[SourceOutcome | None]] = {}
        self._woken: set[str] = set()
        self._wake = asyncio.Event()
        self._file_changes = FileChanges()
        self._listed = runner.listed()
        self.states: dict[str, SourceState] = {}
        """The states of the connectors at the last look at the store."""

    async def run(self) -> None:
        """Start connectors that are due, until cancelled. A run then ends with its batch."""
        try:
            while True:
                self._wake.clear()
                await self.poll()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL)
        finally:
            await end_all(self._running.values())

    def wake(self, name: str) -> None:
        """Let a connector run now, since its source has something new."""
        self._woken.add(name)
        self._wake.set()

    async def poll(self) -> None:
        """Read the states of the connectors, publish them, and start connectors that are due."""
        settings = self._settings()
        answered = not settings or await self._learn()
        self._woken |= self._file_changes.changed(settings) | self._looking_for_others(settings)
        self.states = {name: state for name, state in self.states.items() if name in settings}
        self._tell(sources_away(self.states, settings))
        self._runner.numbers.show(
            {name: self.states.get(name) or SourceState(name) for name in settings},
            {name: each.every for name, each in settings.items() if each.scheduled()},
        )
        for name, each in settings.items():
            ours = each.scheduled() and name not in self._running
            if answered and ours and self._is_due(name, each):
                self._start(name, each)

    def _looking_for_others(self, settings: Mapping[str, EverySource]) -> set[str]:
        """Every connector, if the listed apps have changed since the last look, so that they are found soon."""
        before, self._listed = self._listed, self._runner.listed()
        return set(settings) if before != self._listed else set()

    async def _learn(self) -> bool:
        """Read the states of the connectors from the store. Returns False if it does not answer; the last known ones stay."""
        before = {name: state.last_success for name, state in self.states.items()}
        try:
            self.states = await self._runner.store.states()
            if before != {name: state.last_success for name, state in self.states.items()}:
                self._runner.numbers.show_reach(await self._runner.store.reach(), self._settings())
        except SourceError:
            return False
        return True

    def _is_due(self, name: str, settings: EverySource) -> bool:
        if name in self._woken:
            return True
        state = self.states.get(name) or SourceState(name)
        if self._chances.get(name, (None, 0.0))[0] != state:
            self._chances[name] = (state, self._tools.chance())
        return is_due(state, settings, self._tools.now(), self._chances[name][1])

    def _start(self, name: str, settings: EverySource) -> None:
        woken = name in self._woken
        self._woken.discard(name)
        before = self.states.get(name) or SourceState(name)

        def done_already(state: SourceState) -> bool:
            return not woken and state.last_attempt != before.last_attempt

        work = self._runner.run(name, settings, unless=done_already)
        task = asyncio.get_running_loop().create_task(work)
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))
