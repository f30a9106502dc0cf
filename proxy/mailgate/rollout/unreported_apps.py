"""Apps for which rules would keep people out although no report can say yet who has them.

A report mentions the apps that were in ``apps.yaml`` when it was made, by their identifiers of that time. So an app
counts as reported only if every version that was in force since the oldest valid report had it, with the same
identifiers.
"""

from collections.abc import Sequence
from datetime import datetime

from mailgate.config import compile_rules
from mailgate.errors import ConfigError
from mailgate.model import Effect
from mailgate.policy import AppCatalog, ListedApp, Policy
from mailgate.policy.apps import plain_name
from mailgate.policy.simulate.later import OF_LOOKS
from mailgate.store import Store
from mailgate.store.policies import Activation
from mailgate.tasks import compute

_MOST = 1000
"""How many activations are read. If there were more, no app counts as reported."""


async def catalogs_since(store: Store, active: Activation, since: datetime) -> list[AppCatalog]:
    """The catalogues of all versions that were in force from ``since`` on, up to the active one. Raises
    StoreUnavailableError."""
    history = await store.policies.history(_MOST)
    numbers, whole = dict[int, None](), len(history) < _MOST
    for each in history:
        if each.serial <= active.serial:
            numbers[each.number] = None
            if each.at <= since:
                whole = True
                break
    found = [await _catalog(store, number) for number in numbers]
    return found if whole else [*found, AppCatalog()]


async def _catalog(store: Store, number: int) -> AppCatalog:
    """The catalogue of one version; empty if it cannot be read."""
    version = await store.policies.get(number)
    if version is None or version.altered:
        return AppCatalog()
    try:
        return (await compute(compile_rules, version.texts)).policy.catalog
    except ConfigError:
        return AppCatalog()


def unreported(reported: Sequence[AppCatalog], old: Policy, new: Policy) -> list[str]:
    """Names of apps for which new rules may keep people out, and which some valid report cannot mention.

    :param reported: the catalogues with which reports were made.
    """
    if not any(
        each is not Effect.ALLOW for each in (new.default.effect, *(rule.effect for rule in new.rules))
    ):
        return []
    read = frozenset[str]().union(*(rule.when.reads for rule in new.rules))
    by_name, by_list = "device.apps" in read, not read.isdisjoint({"device.lists", *OF_LOOKS})
    listed = {key for keys in new.catalog.lists.values() for key in keys}
    return [
        app.name
        for key, app in new.catalog.apps.items()
        if (by_name or (by_list and key in listed))
        and any(_identifiers(each, key) != _identifiers(new.catalog, key) for each in reported)
        and not _same(old, new, key)
    ]


def _identifiers(catalog: AppCatalog, key: str) -> object:
    """The identifiers of an app; None if the catalogue does not have it."""
    app: ListedApp | None = catalog.apps.get(key)
    return app and (app.identifiers(), frozenset(plain_name(each) for each in app.publishers))


def _same(old: Policy, new: Policy, key: str) -> bool:
    """Whether both policies treat this app in the same way, with the same rules."""
    return (
        (_written(old), old.default) == (_written(new), new.default)
        and _identifiers(old.catalog, key) == _identifiers(new.catalog, key)
        and old.catalog.lists_of([key]) == new.catalog.lists_of([key])
    )


def _written(policy: Policy) -> list[object]:
    return [(rule.when.text, rule.model_dump(exclude={"when"})) for rule in policy.rules]
