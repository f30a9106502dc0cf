"""Every source that is read over HTTPS: each file of ``tests/vectors/connectors`` with ``settings``.

It says how the source is set and what its API, which is under ``exchanges``, says of which device: listed apps,
null where there is no inventory. ``origins`` are the settings that say where the API is. ``list`` is there if the list of devices is all
that is read: the key of its ``items``, the ``name`` of a device's own name, and how many questions it takes until its ``first_page`` is
there; if it has them, the key of its ``total``, the key of ``one`` device in an answer about it (with ``[]`` at its end if it stands in a list), and what is asked about it ``apart``: the
end of the path, with an answer about one app.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.exchanges import VECTORS, recorded
from tests.unit.connectors.around import CATALOG, SOURCES, secrets_of, settings_of

from mailgate.connectors import connector_for
from mailgate.connectors.protocol import Connector, SourceTools
from mailgate.connectors.setup import Setup


@dataclass(frozen=True)
class Case:
    """``expected``: listed apps by device, None where there is no inventory."""

    given: dict[str, Any]
    secrets: dict[str, str]
    expected: dict[str, set[str] | None]
    origins: tuple[str, ...]
    items: str = ""
    name: str = ""
    first_page: int = 0
    total: str = ""
    one: str = ""
    apart: Mapping[str, Any] = field(default_factory=dict)

    def values(self, origin: str) -> dict[str, Any]:
        """The settings, without secrets, for an API at ``origin``."""
        return self.given | dict.fromkeys(self.origins, origin)


def case_of(source: str) -> Case:
    told = recorded(source)
    expected = {device: None if apps is None else set(apps) for device, apps in told["expected"].items()}
    return Case(told["settings"], secrets_of(told), expected, tuple(told["origins"]), **told.get("list", {}))


def connected(case: Case, origin: str, around: SourceTools) -> Connector:
    settings = settings_of(SOURCES[case.given["type"]], case.values(origin), **case.secrets)
    return connector_for(Setup("mdm", CATALOG, around), settings)


async def read(connector: Connector, records: list[Any]) -> None:
    """Read all records of a connector into the list, until the end or an error."""
    try:
        async for record in connector.devices(None):
            records.append(record)  # noqa: PERF401 - what came before an error counts
    finally:
        await connector.close()


def found(records: list[Any]) -> dict[str, set[str] | None]:
    return {record.id: set(record.apps) if record.reported_at else None for record in records}


CASES = {
    each.stem: case_of(each.stem)
    for each in sorted(VECTORS.glob("*.json"))
    if "settings" in recorded(each.stem)
}
LISTED = [name for name, case in CASES.items() if case.items]
