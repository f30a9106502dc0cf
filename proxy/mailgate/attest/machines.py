"""The tokens of a company's computers: each is good for one machine and its owner, and nobody but the company can make one."""

import hmac
import json
from dataclasses import dataclass, field

from mailgate.attest.jose import base64url

PREFIX = "mailgate-machine-"


def is_of_machine(token: str) -> bool:
    """Whether this has the form of a machine's token, right or wrong. Nobody guesses one: a wrong one is of another owner, of a
    computer with another name, or of an earlier secret."""
    return token.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class MachineTokens:
    """Makes and checks them. No token is stored."""

    secret: bytes = field(default=b"", repr=False)
    """The company's secret; empty if it has none, and then no token is good."""
    keys_a_machine: int = 5
    """How many keys, which are profiles of browsers, each machine may have."""

    def token(self, machine: str, owner: str) -> str:
        """The token of a machine and the login name of its owner, which may be empty, both in any case. It is the HMAC-SHA-256 of both
        in one JSON list, so that no other machine and owner have the same text."""
        said = json.dumps(["machine", _without_case(machine), _without_case(owner)]).encode()
        return PREFIX + base64url(hmac.digest(self.secret, said, "sha256"))

    def proves(self, token: str, machine: str, owner: str) -> bool:
        """Whether this is the token of this machine and owner. It takes as long for a wrong one."""
        right = self.token(machine, owner).encode()
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), right) and bool(
            self.secret and machine
        )


def _without_case(name: str) -> str:
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
