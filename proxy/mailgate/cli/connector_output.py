"""The output of ``mailgate connectors``: the states of connectors, and the facts in a source."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from mailgate.cli.open_store import printable
from mailgate.cli.table import unclipped_table
from mailgate.connectors.run import Narrowed
from mailgate.devices.device import Report
from mailgate.devices.names import EAS, SERIAL
from mailgate.views.readiness import ConnectorState

_STYLES = {"ok": "green", "new": "dim", "reading": "dim", "unavailable": "red", "failing": "red"}


def count_facts(seen: Sequence[Report]) -> dict[str, Any]:
    """How many of these devices have each important fact, as plain data."""
    looked = [report for report in seen if report.reported_at]
    times = [report.reported_at for report in looked if report.reported_at]
    kinds = [{kind for kind, _ in report.names} for report in seen]
    return {
        "devices": len(seen),
        "with_eas_id": sum(EAS in each for each in kinds),
        "with_owner": sum(bool(report.owner) for report in seen),
        "with_serial": sum(SERIAL in each for each in kinds),
        "kinds": dict(Counter(str(report.kind or "unknown") for report in seen)),
        "with_all_apps": sum(bool(report.apps_complete) for report in looked),
        "with_some_apps": sum(not report.apps_complete for report in looked),
        "without_apps": len(seen) - len(looked),
        "listed_apps": dict(Counter(app for report in looked for app in sorted(report.apps))),
        "newest_report": max(times, default=None),
        "oldest_report": min(times, default=None),
    }


def facts_table(counts: dict[str, Any]) -> Table:
    """The facts, one per line."""
    grid = Table.grid(padding=(0, 2))
    for key, value in counts.items():
        shown = (
            ", ".join(f"{each} {count}" for each, count in value.items())
            if isinstance(value, dict)
            else value
        )
        grid.add_row(Text(key.replace("_", " "), style="bold"), Text("" if shown is None else str(shown)))
    return grid


def narrowed_table(rows: Sequence[Narrowed]) -> Table:
    """Devices of which a source sees less than before, one per line."""
    table = unclipped_table("device", "owner", "id at the source")
    for each in rows:
        table.add_row(*(Text(printable(cell)) for cell in (each.device, each.owner, each.id)))
    return table


def states_table(rows: Sequence[tuple[str, str, ConnectorState]]) -> Table:
    """The states of connectors, one per line."""
    columns = (
        "name", "type", "state", "trouble", "trouble since", "next try", "last success", "last full run", "devices", "held",
    )  # fmt: skip
    table = unclipped_table(*columns, whole=("state",))
    for name, of, each in rows:
        tried = _minute(each.trouble_since, ""), _minute(each.retry_at or each.next_attempt, "")
        read = _minute(each.last_success), _minute(each.last_full)
        trouble = each.retrying or each.trouble
        cells = (name, of, each.state, trouble, *tried, *read, str(each.devices), str(each.held))
        table.add_row(*cells, style=_STYLES.get(each.state, "yellow"))
    return table


def _minute(moment: datetime | None, never: str = "never") -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else never
