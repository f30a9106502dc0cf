"""Connectors to device inventories, one file per source. Each names the settings that it is for, and is found by that.

A connector reads one source and yields a report on each device, with listed apps only. Nothing in this package stores
anything.
"""

from importlib import import_module
from pkgutil import iter_modules

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.protocol import Connector
from mailgate.connectors.setup import CONNECTORS, Setup

for each in iter_modules(__path__, f"{__name__}."):
    import_module(each.name)


def connector_for(setup: Setup, settings: EverySource) -> Connector:
    """The connector of these settings, with nothing open yet."""
    return CONNECTORS[type(settings)](setup, settings)
