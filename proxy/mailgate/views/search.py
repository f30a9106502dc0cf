"""Looking for devices by who has them, what they are, what is on them, and how they stand."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Bundle
from mailgate.devices.device import Device
from mailgate.model import Posture
from mailgate.store import Sought, Store
from mailgate.views.recall import posture_now

LOOKS = 5
"""How often one page looks on where a look has found too few."""
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Some devices with their postures now, and behind which key the next page begins; None at the end."""

    found: tuple[tuple[Device, Posture], ...]
    after: int | None


async def search(
    store: Store, bundle: Bundle, sought: Sought, now: datetime, after: int = 0, size: int = 50
) -> Page:
    """The next devices that are meant. A page may be short, even empty, and yet not be the last."""
    cutoff = now - bundle.settings.posture.max_age
    found: list[tuple[Device, Posture]] = []
    behind: int | None = after
    for _ in range(LOOKS):
        assert behind is not None
        looked = await store.search.look(sought, cutoff, now, behind, _CANDIDATES)
        for device in looked.devices:
            posture = posture_now(device, bundle, now)
            if _is_meant(posture, sought):
                found.append((device, posture))
                if len(found) == size:
                    more = device is not looked.devices[-1] or looked.after is not None
                    return Page(tuple(found), device.number if more else None)
        behind = looked.after
        if behind is None:
            break
    return Page(tuple(found), behind)


def _is_meant(posture: Posture, sought: Sought) -> bool:
    state = "lost" if sought.state == "lost" and posture.lost else posture.state
    return (
        (not sought.state or state == sought.state)
        and (not sought.kind or (posture.kind or "unknown") == sought.kind)
        and (not sought.app or sought.app in posture.apps)
    )
