"""Everything that a reload replaces, in one object that every part of a gate reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.hardware import Roots
from mailgate.attest.id_token import LoginTokens
from mailgate.attest.report import Reporters
from mailgate.attest.sealing import MachineTokens
from mailgate.attest.verifier import Verifier
from mailgate.gateway.authz.authorizer import Authorizer
from mailgate.gateway.evaluate.browser_probe import BrowserProbe
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.http.client_certs import NO_PROXY, ProxyForm
from mailgate.http.trusted_headers import Network
from mailgate.model import DEFAULT_PLACE, ActiveSyncPlace
from mailgate.policy import Policy
from mailgate.policy.people import NO_GROUPS, NO_LOGINS, Groups, Logins
from mailgate.store import RetentionTimes


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that a reload replaces. It is replaced all at once."""

    policy: Policy
    verifier: Verifier
    responses: ResponseBuilder
    keep: RetentionTimes
    certificates: CertificateVerifier | None = None
    """The verifier of client certificates; None if no client certificate is accepted."""
    proxy_form: ProxyForm = NO_PROXY
    login_tokens: LoginTokens | None = None
    """The verifier of the tokens of logins; None if none counts."""
    login_header: bytes = b""
    """The field in which trusted proxies pass them on, in lower case."""
    groups: Groups = NO_GROUPS
    logins: Logins = NO_LOGINS
    activesync: ActiveSyncPlace = DEFAULT_PLACE
    """Where the webmail checks the login of a mail app."""
    hardware: Mapping[str, Roots] = field(default_factory=dict)
    """The roots that are trusted for hardware evidence, by format."""
    reporters: Reporters = field(default_factory=Reporters)
    machines: MachineTokens = field(default_factory=MachineTokens)
    hosts: frozenset[str] = frozenset()
    """The names and addresses under which mail is served, in one spelling (``canonical_name``)."""
    trusted: tuple[Network, ...] = ()
    browser_probe: BrowserProbe = field(default_factory=BrowserProbe)
    extension_packages: Path | None = None
    """The folder of the companion extension's packages; None if the gate serves none."""
    authorizer: Authorizer | None = None
    """Answers other proxies that ask at the port for mail; None if they may not ask there."""
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    """Answers other proxies that ask at separate ports, by the address of each port in the settings."""

    @property
    def remember(self) -> timedelta:
        """The longest time for which any asking proxy may use an allowing answer."""
        own = (self.authorizer,) if self.authorizer else ()
        return max((each.remember for each in (*own, *self.authorizers.values())), default=timedelta(0))


@dataclass(slots=True)
class InForce:
    """Holds the ``Live`` in force. A gate has one, which all of its parts share."""

    live: Live
