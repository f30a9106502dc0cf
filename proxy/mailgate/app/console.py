"""The console of a running gate: what it shows and calls of it."""

from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from socket import gethostname
from typing import Any, Protocol

from mailgate.app.parts import utc_now
from mailgate.app.readiness import Running, readiness
from mailgate.app.syncing import Syncing
from mailgate.config import Bundle
from mailgate.console import Desk
from mailgate.console.census import Census
from mailgate.console.pulse import Pulse
from mailgate.console.reading import Progress, Readings
from mailgate.store import Device
from mailgate.telling.recall import posture_now
from mailgate.telling.sources import came_of


class Gate(Running, Protocol):
    """What the console needs of a service besides what readiness does."""

    bundle: Bundle


def desk_for(service: Gate) -> Desk:
    """The parts that the console stands on; nothing of it runs yet."""

    def state(device: Device, now: Any) -> str:
        posture = posture_now(device, service.bundle, now)
        return "lost" if posture.lost else posture.state.value

    return Desk(
        store=service.store,
        bundle=lambda: replace(service.bundle, rules=service.bundle.rules.relieved(service.reliefs.current)),
        clock=utc_now,
        readiness=partial(readiness, service),
        host=gethostname(),
        pulse=Pulse(),
        census=Census(service.store.devices.sketches, state, utc_now),
        readings=Readings(partial(sync_now, service.syncing)),
    )


def running(desk: Desk, service: Gate) -> list[Coroutine[Any, Any, None]]:
    """What has to run for the console for as long as the gate does."""
    return [desk.pulse.run(service.siblings.texts, utc_now), desk.census.run()]


async def sync_now(syncing: Syncing, name: str, full: bool, progress: Progress) -> str:
    """Read a connector's source, and say what came of it."""
    outcome = await syncing.sync_now(name, full=full, progress=progress)
    if outcome is None:
        return "another gate is reading it now"
    words = [came_of(outcome)]
    if outcome.held:
        words.append(
            f"{outcome.held} devices are no longer named; that is more than `most_gone` allows, so they are kept"
        )
    elif outcome.trouble:
        words.append(f"{outcome.trouble}{f': {outcome.hint}' if outcome.hint else ''}")
    return "; ".join(words)
