"""The gate of a measurement: its settings, rules about others, and stored phones."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from benchmarks.people import eas_id
from benchmarks.processes import ROOT
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.store import Store

PUBLIC_URL = "http://mail.example.com"
SHIPPED = ROOT / "config"
AT_ONCE = 10_000
OTHERS = (
    'client.handheld && user.name == "person{n}@example.com"',
    'client.handheld && "department-{n}" in user.groups',
    'client.kind == "phone" && client.model == "SM-A{n}"',
    'client.kind == "laptop" && client.os == "linux" && client.browser_version == "{n}"',
    'client.eas_type == "WP8-{n}"',
)
"""What rules of long policies are about: a person, a department, a model, a version, a mail app."""


def write_config(directory: Path, settings: Mapping[str, object], rules: int = 0) -> Path:
    """Write settings (JSON is YAML) for the shipped apps and rules, or for ``rules`` of them. Returns the path of the file."""
    policy = SHIPPED / "policy.yaml"
    if rules:
        text = with_rules(policy.read_text("utf-8"), rules)
        policy = directory / "policy.yaml"
        policy.write_text(text, "utf-8")
    common = {
        "public_url": PUBLIC_URL,
        "hosts": ["127.0.0.1"],
        "admin_listen": "127.0.0.1:0",
        "store": f"sqlite:///{directory}/mailgate.db",
        "files": {"apps": str(SHIPPED / "apps.yaml"), "policy": str(policy)},
    }
    path = directory / "mailgate.yaml"
    path.write_text(json.dumps({**common, **settings}))
    return path


def with_rules(policy: str, count: int) -> str:
    """The policy with rules about others at its top, so that it has this many."""
    more = range(count - policy.count("\n  - id: "))
    lines = (
        f"  - {{id: other-{n}, when: '{OTHERS[n % len(OTHERS)].format(n=n)}', effect: block}}\n" for n in more
    )
    return policy.replace("rules:\n", f"rules:\n{''.join(lines)}", 1)


async def fill(
    url: str,
    numbers: range,
    now: datetime,
    apps: Callable[[int], frozenset[str]] = lambda _: frozenset(),
    shown: Callable[[range], Iterable[int]] = iter,
) -> None:
    """Store phones in batches, one after the other, like a connector. ``shown`` shows how far it is."""
    store = await Store.open(url)
    for start in shown(numbers[::AT_ONCE]):
        portion = range(start, min(start + AT_ONCE, numbers.stop))
        await store.devices.ingest([phone(number, now, apps(number)) for number in portion], now)
    await store.close()


def phone(number: int, now: datetime, apps: frozenset[str]) -> Report:
    """A phone as a device management reports it."""
    spread = number * 2_654_435_761 % 2**32  # real ids come in no order
    return report_by(
        "intune",
        f"{spread:08x}-7a1b-4c2d-9e3f-{number:012x}",
        owner=f"person{number}@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version=f"18.6.{number % 5}",
        managed=True,
        status="affirming",
        apps=AppsReport(apps, complete=True, at=now),
        serial=f"C{spread:08X}{number % 100:02d}",
        udid=f"{spread:08X}-{number:016X}",
        eas_ids=(eas_id(number),),
    )
