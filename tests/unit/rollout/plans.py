"""Plans that contain only the values of a test."""

from collections import Counter
from typing import Any

from mailgate.policy.simulate.impact import DIMENSIONS, Mover
from mailgate.rollout.plan import LABELS, OUT, Plan

NOBODY = {"people": 0, "devices": 0}
NEWLY: dict[str, Any] = {**NOBODY, "by": {dimension: [] for dimension in DIMENSIONS}}
ADA = Mover(
    "ada",
    "d1",
    "phone",
    "ios",
    (),
    "clean",
    (),
    "block",
    "allow",
    "open",
    "block",
    "app",
    "prohibited-app",
    0,
    0,
)
"""A person who moves now."""
PLAN: dict[str, Any] = {
    "digest": "d" * 64,
    "made_at": "2026-12-01T00:00:00+00:00",
    "window": {"days": 14, "since": "2026-11-17"},
    "active": {"serial": 3, "number": 3, "policy": "p1", "digest": "a" * 64},
    "candidate": {"policy": "p2", "digest": "c" * 64},
    "reliefs": {"serial": 0, "exempt": NOBODY, "off": {}},
    "headlines": [],
    "changes": [],
    "cases": {"run": 2, "failed": []},
    "rules": {"match_nobody": [], "out_of_reach": {}, "not_started": []},
    "newly_listed": [],
    "unreported": [],
    "totals": {"people": 1200, "devices": 3400, "clients": 0, "occasions": 5000},
    "company": {},
    "untouched": {"people": 1200, "devices": 3400},
    "newly": dict.fromkeys(LABELS, NEWLY),
    "moves": [],
    "depends_on": {},
    "later": [],
    "undated": {**NOBODY, "rules": []},
    "reads_versions": {},
    "let_ins": [],
    "held_back": None,
    "kept_out": NOBODY,
    "nobodys": 0,
    "regaining": 0,
    "known": {"people": 1200, "devices": 3400},
}


def hit(people: int, devices: int, **more: Any) -> dict[str, Any]:
    """Counts without further details."""
    return NEWLY | {"people": people, "devices": devices} | more


def moved(people: int, **more: Any) -> dict[str, Any]:
    """So many people who newly lose mail at one moment, each once."""
    return {"people": people, "out": people, "by": {"kind": {}, "group": {}}, "nobodys": 0} | more


def plan_of(**said: Any) -> Plan:
    """A plan with these values. All devices of a person move to one effect, unless it says otherwise in ``moved``."""
    told = _counted_once(PLAN | said)
    held_back = told["held_back"] and _counted_once(told["held_back"])
    later = [_counted_once(each) for each in told["later"]]
    return Plan.model_validate(told | {"later": later, "held_back": held_back}, strict=False)


def _counted_once(then: dict[str, Any]) -> dict[str, Any]:
    newly = then["newly"]
    by: dict[str, Counter[str]] = {"kind": Counter(), "group": Counter()}
    for dimension, found in by.items():
        for each in newly.values():
            found.update({row["value"]: row["people"] for row in each.get("by", {}).get(dimension, ())})
    out = sum(newly[label]["people"] for label in OUT)
    return {"moved": moved(sum(each["people"] for each in newly.values()), out=out, by=by), **then}
