"""The settings of the companion extension on the company's computers."""

from datetime import timedelta

from pydantic import Field

from mailgate.config.values import Duration
from mailgate.policy.apps import Strict


class ExtensionSettings(Strict):
    """The companion extension (``docs/extension.md``)."""

    silent_after: Duration = Field(default=timedelta(days=3), ge=timedelta(hours=1))
    """The time without a report after which a browser is listed as silent: longer than a weekend."""
