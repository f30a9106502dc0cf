"""Sends requests to Google's APIs as a service account, and repeats them if a quota is used up."""

import json
from dataclasses import dataclass, replace

from mailgate.config.sources.google import GoogleAccount
from mailgate.connectors.http import ApiClient
from mailgate.connectors.inventory import listed, text
from mailgate.connectors.logins import signed_assertion
from mailgate.connectors.setup import Setup
from mailgate.wire import ApiRequest, ApiResponse, Wire

_QUOTAS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


def google_client(
    setup: Setup, settings: GoogleAccount, base: str, scope: str, subject: str = ""
) -> ApiClient:
    """A client of the API at ``base``. The account acts on behalf of ``subject``, if there is one."""
    account = json.loads(settings.account.get_secret_value())
    login = signed_assertion(
        f"{settings.login_url}/token",
        account["client_email"],
        account["private_key"],
        scope,
        setup.now,
        subject,
    )
    patient = replace(setup, wire=lambda asked: QuotaWire(setup.wire(asked)))
    return patient.client(settings, base, login)


@dataclass(frozen=True, slots=True)
class QuotaWire:
    """Turns a 403 for a used-up quota into a 429. Google answers 403 for a missing right as well, which stays a 403."""

    wire: Wire

    async def ask(self, question: ApiRequest) -> ApiResponse:
        answer = await self.wire.ask(question)
        return replace(answer, status=429) if answer.status == 403 and _used_up(answer.body) else answer

    async def close(self) -> None:
        await self.wire.close()


def _used_up(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return any(text(each, "reason") in _QUOTAS for each in listed(said, "error", "errors") or [])
