"""The settings of the companion extension on the company's computers."""

from mailgate.config.references import FilePath
from mailgate.policy.apps import Strict

BELOW = "/.mailgate/extension"
"""Where a gate serves the packages."""
CRX, XPI, UPDATE_XML, UPDATES_JSON = "mailgate.crx", "mailgate.xpi", "update.xml", "updates.json"
"""The packages for Chromium and Firefox, and the files by which they find the next version: all that a gate serves there."""
PACKAGES = (CRX, UPDATE_XML), (XPI, UPDATES_JSON)


class ExtensionSettings(Strict):
    """The companion extension (``docs/extension.md``)."""

    packages: FilePath | None = None
    """The folder of the packages that `mailgate extension package` has made, which the gate serves below `/.mailgate/extension/`.
    If left out, it serves none."""
