"""The filter of a plan's movers, as it is written in an address."""

from collections.abc import Mapping

from mailgate.rollout.plan import LABELS, Plan
from mailgate.store.plan_movers import SORT_COLUMNS, MoverFilter
from mailgate.views.address_values import Reader, line, one_of, whole
from mailgate.views.device_filter import KINDS

MAX_MOMENT = 9999
"""The highest number of a moment."""
READERS: Mapping[str, Reader] = {
    "name": line(),
    "label": one_of(tuple(LABELS)),
    "kind": one_of(KINDS),
    "rule": line(),
    "group": line(),
    "at": whole(MAX_MOMENT),
    "sort": one_of((*SORT_COLUMNS, *(f"-{each}" for each in SORT_COLUMNS))),
}
"""The parameters of the filter."""


def parameters_in(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the filter in an address."""
    return {name: text for name in READERS if (text := query.get(name, "").strip())}


def filter_in(said: Mapping[str, str]) -> MoverFilter:
    """The filter for the store."""
    sort, at = said.get("sort", ""), said.get("at", "")
    return MoverFilter(
        name=said.get("name", ""),
        label=said.get("label", ""),
        kind=said.get("kind", ""),
        rule=said.get("rule", ""),
        group=said.get("group", ""),
        at=int(at) if at else None,
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
    )


def values_of(plan: Plan, dimension: str) -> list[str]:
    """The kinds, rules or groups of the movers, by name."""
    held = [plan.held_back.newly] if plan.held_back else []
    newly = (plan.newly, *(each.newly for each in plan.later), *held)
    return sorted(
        {row.value for each in newly for label in LABELS for row in each[label].by.get(dimension, ())}
    )
