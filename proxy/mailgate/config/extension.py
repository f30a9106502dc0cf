"""The settings of the companion extension at a company's own computers."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from mailgate.attest.sealing import MachineTokens
from mailgate.config.references import FilePath, Secret, where_it_is
from mailgate.config.values import Duration
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

BELOW = "/.mailgate/extension"
"""Where a gate serves the packages."""
CRX, XPI, UPDATE_XML, UPDATES_JSON = "mailgate.crx", "mailgate.xpi", "update.xml", "updates.json"
"""The packages for Chromium and Firefox, and the files by which they find the next version: all that a gate serves there."""
PACKAGES = (CRX, UPDATE_XML), (XPI, UPDATES_JSON)
SERVED = {
    f"{BELOW}/{CRX}": "application/x-chrome-extension",
    f"{BELOW}/{XPI}": "application/x-xpinstall",
    f"{BELOW}/{UPDATE_XML}": "text/xml; charset=utf-8",
    f"{BELOW}/{UPDATES_JSON}": "application/json",
}
"""The addresses of all of them, with their media types."""

MIN_SECRET = 32
"""The fewest characters of the fleet secret. Who has one machine's token could guess a shorter one without asking anybody."""


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_SECRET:
        message = f"its value is too short; use at least {MIN_SECRET} random characters, as `openssl rand -base64 32` prints"
        raise wrong_value("secret", message)
    return secret


class ExtensionSettings(Strict):
    """How the company's computers enrol and are told apart."""

    fleet_secret: Annotated[Secret, where_it_is(_long_enough)] | None = None
    """The secret of the tokens of machines, only by reference. Without it no machine's token is good."""
    keys_a_machine: int = Field(default=5, ge=1, le=1000)
    """How many keys, which are profiles of browsers, a machine may have that proves its name."""
    silent_after: Duration = Field(default=timedelta(days=3), ge=timedelta(hours=1))
    """The time without a report after which a browser is listed as silent: longer than a weekend."""
    packages: FilePath | None = None
    """The folder of the packages that `mailgate extension package` has made, which the gate serves below `/.mailgate/extension/`.
    If left out, it serves none."""

    @property
    def machine_tokens(self) -> MachineTokens:
        """What makes and checks the tokens of machines."""
        secret = self.fleet_secret.get_secret_value().encode() if self.fleet_secret else b""
        return MachineTokens(secret, self.keys_a_machine)
