"""Finds changes of the rules in force that files would take back unknowingly, because the files are older than these changes.

Three policies are compared, place by place, as in a merge: the one that the files were made from, the one in force, and the
one in the files. A place that has changed in force must be the same in the files.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

from mailgate.policy.changes import Change, fields_of, policy_changes
from mailgate.policy.rules import DEFAULT_RULE, Policy

PolicyPath = tuple[str, ...]
"""The subject of a ``Change``, and the names of the part that it is about."""


def taken_back(base: Policy, active: Policy, files: Policy) -> tuple[Change, ...]:
    """The changes of the policy in force since ``base`` that the files lack."""
    before, now, then = places(base), places(active), places(files)
    put = {place for place in {*before, *now} if before.get(place) != now.get(place)}
    lost = {place[0] for place in put if now.get(place) != then.get(place)}
    return tuple(each for each in policy_changes(files, active) if each.about in lost)


def places(policy: Policy) -> Mapping[PolicyPath, str]:
    """Everything in a policy, by its place. Equal policies have the same places."""
    return dict(_places(policy))


def _places(policy: Policy) -> Iterator[tuple[PolicyPath, str]]:
    for rule in policy.rules:
        for name, value in fields_of(rule).items():
            yield (f"rule {rule.id}", name), value
    for earlier, later in combinations(policy.rules, 2):
        yield (f"rule {later.id}", "is read after", earlier.id), ""
    for name, value in fields_of(policy.default).items():
        yield (DEFAULT_RULE, name), value
    for key, app in policy.catalog.apps.items():
        yield (f"app {key}",), repr(app)
    for name, keys in policy.catalog.lists.items():
        yield (f"list {name}",), ""
        for key in keys:
            yield (f"list {name}", key), ""
