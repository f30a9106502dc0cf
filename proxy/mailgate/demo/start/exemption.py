"""Gives the exempted persona an exemption at every start of the demo."""

from datetime import datetime, timedelta
from pathlib import Path

from mailgate.app.open_store import open_store
from mailgate.config import load_bundle
from mailgate.demo.company.history import OPERATOR, ORIGIN
from mailgate.demo.start.personas import EXEMPTED, login_of
from mailgate.rollout.person import Person
from mailgate.rollout.relief_acts import EVERY_RULE, exempt

_FOR = timedelta(days=3)
_WHY = "A replacement phone is on its way"


async def exempt_persona(config: Path, now: datetime) -> None:
    """Exempt that persona in the store that ``config`` names, unless they already are. Raises ConfigError,
    StoreError."""
    bundle, login = load_bundle(config), login_of(EXEMPTED)
    store = await open_store(config, bundle.settings, make=True)
    try:
        exempted = {each.person for each in (await store.reliefs.current(now)).exemptions(now)}
        if login not in exempted:
            by = Person(OPERATOR, ORIGIN)
            until = now + _FOR
            await exempt(store, bundle.policy, by, _WHY, now, rule=EVERY_RULE, until=until, person=login)
    finally:
        await store.close()
