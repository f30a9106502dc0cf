from datetime import UTC, datetime

from mailgate.gateway.refusals import FORMS
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Protocol, Reason, RequestFacts

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_mail_app_is_told_by_the_status_alone() -> None:
    client = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.ACTIVESYNC)
    access = Access(RequestFacts(method="POST"), client, Posture(), NOW)
    decision = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1")
    answer = FORMS[Protocol.ACTIVESYNC](access, decision, "REFERENCE")
    assert (answer.status, answer.body, answer.content_type) == (403, b"", "")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
