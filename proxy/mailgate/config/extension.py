"""The settings of the companion extension at a company's own computers."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from mailgate.attest.machines import MachineTokens
from mailgate.config.references import Secret
from mailgate.model.phrase import wrong_value
from mailgate.policy.apps import Strict

MIN_SECRET = 32
"""The fewest characters of the fleet secret. Who has one machine's token could guess a shorter one without asking anybody."""


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_SECRET:
        message = f"its value is too short; expected at least {MIN_SECRET} random characters, as `openssl rand -base64 32` prints"
        raise wrong_value("secret", message)
    return secret


class ExtensionSettings(Strict):
    """How the company's computers enrol and are told apart."""

    fleet_secret: Annotated[Secret, AfterValidator(_long_enough)] | None = None
    """The secret of the tokens of machines, only by reference. Without it no machine's token is good."""
    keys_a_machine: int = Field(default=5, ge=1, le=1000)
    """How many keys, which are profiles of browsers, a machine may have that proves its name."""

    @property
    def machine_tokens(self) -> MachineTokens:
        """What makes and checks the tokens of machines."""
        secret = self.fleet_secret.get_secret_value().encode() if self.fleet_secret else b""
        return MachineTokens(secret, self.keys_a_machine)
