"""What a reload replaces, in one place that every part of a gate looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailgate.attest import CertificateVerifier, Verifier
from mailgate.attest.hardware import Roots
from mailgate.gateway.authz.authorizer import Authorizer
from mailgate.gateway.evaluate.browser_probe import BrowserProbe
from mailgate.gateway.http1.client_certs.presented import NO_PROXY, ProxyForm
from mailgate.gateway.http1.trusted_headers import Network
from mailgate.gateway.refusals.enforce import Speaker
from mailgate.policy import Policy
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.policy.logins import NO_LOGINS, Logins
from mailgate.store import Keep


@dataclass(frozen=True, slots=True)
class Live:
    """What a reload replaces, all of it at once."""

    policy: Policy
    verifier: Verifier
    speaker: Speaker
    keep: Keep
    """How long what is stored of people is kept."""
    certificates: CertificateVerifier | None = None
    """None where no client certificate counts."""
    proxy_form: ProxyForm = NO_PROXY
    groups: Groups = NO_GROUPS
    logins: Logins = NO_LOGINS
    hardware: Mapping[str, Roots] = field(default_factory=dict)
    """Whose evidence by hardware is believed, by format."""
    trusted: tuple[Network, ...] = ()
    browser_probe: BrowserProbe = field(default_factory=BrowserProbe)
    authorizer: Authorizer | None = None
    """Where other proxies ask beside the mail; None where they may not."""
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    """Where other proxies ask at ports of their own, by the address of each in the settings."""


@dataclass(slots=True)
class InForce:
    """One for a gate; all of its parts have the same."""

    live: Live
