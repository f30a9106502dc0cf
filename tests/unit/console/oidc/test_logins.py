"""One provider for as long as the settings name it."""

from tests.unit.clock import Clock
from tests.unit.console.browsing import NOW
from tests.unit.console.oidc.idp import Idp
from tests.unit.console.oidc.settings import settings

from mailgate.console.oidc.logins import OidcLogins


def test_what_a_provider_said_is_forgotten_with_its_settings() -> None:
    logins, clock = OidcLogins(lambda _: Idp()), Clock(NOW)
    one, same, other = (
        settings(client_id=name).console.login.oidc for name in ("mailgate", "mailgate", "another")
    )
    assert one
    assert same
    assert other
    first = logins.provider(one, clock)
    assert logins.provider(same, clock) is first
    assert logins.provider(other, clock) is not first
