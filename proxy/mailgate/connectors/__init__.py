"""Connectors to device inventories, one file per source. Each names the settings that it is for, and is found by that.

A connector reads one source and yields a report on each device, with listed apps only. Nothing in this package stores
anything.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.protocol import Connector
from mailgate.connectors.setup import CONNECTORS, Setup


@cache
def every_connector() -> Mapping[type[EverySource], Callable[[Setup, Any], Connector]]:
    """The connectors by their settings. They are imported now, since a gate needs none if its settings name no source."""
    for each in iter_modules(__path__, f"{__name__}."):
        import_module(each.name)
    return CONNECTORS


def connector_for(setup: Setup, settings: EverySource) -> Connector:
    """The connector of these settings, with nothing open yet."""
    return every_connector()[type(settings)](setup, settings)
