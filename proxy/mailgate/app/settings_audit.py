"""Writes changes of settings to the audit log. Settings too decide who is kept out, and no version of the rules holds them."""

from collections.abc import Callable
from datetime import datetime

import structlog

from mailgate.app.repeating import repeat
from mailgate.config import Settings
from mailgate.config.admins import BY_FILE
from mailgate.config.settings_digests import digests_of
from mailgate.store import Act
from mailgate.store.audit import Audit
from mailgate.store.hash_chain import read_details

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""The seconds between two looks at the settings of the gate."""
NOTED, CHANGED = "settings-noted", "settings-changed"


class SettingsAudit:
    """Compares the settings with those that the audit log has. Run ``run`` as a task."""

    def __init__(
        self, audit: Audit, settings: Callable[[], Settings], host: str, clock: Callable[[], datetime]
    ) -> None:
        self._audit = audit
        self._settings = settings
        self._host = host
        self._clock = clock
        self._seen: Settings | None = None

    async def run(self) -> None:
        """Poll regularly, until cancelled."""
        await repeat(
            self.poll, POLL_SECONDS, failed=lambda error: log.error("settings-watch-failed", error=error)
        )

    async def poll(self) -> None:
        """Write the names of the settings that differ from those in the audit log to the log."""
        settings = self._settings()
        if settings is self._seen:
            return
        about, digests = f"settings of {self._host} {settings.admin_listen}", digests_of(settings)
        last = await self._audit.last(about, NOTED, CHANGED)
        before = read_details(last.details)["digests"] if last else {}
        changed = sorted(name for name in {*before, *digests} if before.get(name) != digests.get(name))
        if changed or last is None:
            details = {"changed": changed if last else [], "digests": digests}
            what = CHANGED if last else NOTED
            await self._audit.append(
                Act(self._clock(), BY_FILE, what, about, ", ".join(details["changed"]), self._host, details)
            )
        if changed and last:
            log.warning("settings-changed", changed=changed)
        self._seen = settings
