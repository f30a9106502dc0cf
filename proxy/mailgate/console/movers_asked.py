"""Which of those who move a page of the console is asked for, as its address says it."""

from collections.abc import Mapping

from mailgate.rollout.plan import LABELS, Plan
from mailgate.store.plan_movers import SORTS, MoversWanted

FIELDS = ("name", "label", "kind", "rule", "group", "at", "sort")
LONGEST = 256


def said_in(query: Mapping[str, str]) -> dict[str, str]:
    """What an address says of it."""
    return {name: text for name in FIELDS if (text := query.get(name, "").strip()[:LONGEST])}


def wanted_in(said: Mapping[str, str]) -> MoversWanted:
    """The same as the store takes it. What makes no sense asks for nothing."""
    sort = said.get("sort", "")
    at = said.get("at", "")
    label = said.get("label", "")
    return MoversWanted(
        name=said.get("name", ""),
        label=label if label in LABELS else "",
        kind=said.get("kind", ""),
        rule=said.get("rule", ""),
        group=said.get("group", ""),
        at=int(at) if at.isascii() and at.isdigit() and len(at) < 4 else None,
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "",
        descending=sort.startswith("-"),
    )


def values_of(plan: Plan, dimension: str) -> list[str]:
    """The kinds, rules or groups that anybody who moves has, by name."""
    newly = (plan.newly, *(each.newly for each in plan.later))
    return sorted(
        {row.value for each in newly for label in LABELS for row in each[label].by.get(dimension, ())}
    )
