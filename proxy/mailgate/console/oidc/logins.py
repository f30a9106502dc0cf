"""The logins at a provider at one gate: those that have begun, and the provider of the settings in force."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailgate.config.console import OidcSettings
from mailgate.connectors.wire import Wire
from mailgate.console.oidc.pending_logins import PendingLogins
from mailgate.console.oidc.provider import Clock, Provider, https_wire


@dataclass
class OidcLogins:
    """The state of logins at a provider, as long as the gate runs."""

    wire: Callable[[OidcSettings], Wire] = https_wire
    pending: PendingLogins = field(default_factory=PendingLogins)
    _provider: Provider | None = None

    def provider(self, oidc: OidcSettings, clock: Clock) -> Provider:
        """The provider of these settings. The cached answers of another one are dropped."""
        if self._provider is None or self._provider.oidc != oidc:
            self._provider = Provider(oidc, clock, self.wire)
        return self._provider
