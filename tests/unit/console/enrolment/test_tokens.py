"""Making what lets devices enrol."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Company

from mailgate.console.enrolment.tokens import make_token
from mailgate.rollout.person import Person
from mailgate.store.enrolments import digest_of

ADA = Person("ada", "here")


async def test_a_token_is_kept_without_its_text_and_written_down(firm: Company) -> None:
    text, made = await make_token(firm.store, ADA, NOW, user="alice", note="phone", uses=2, days=3)
    assert (made.name, made.expires_at) == (f"token-{digest_of(text).hex()[:10]}", NOW + timedelta(days=3))
    assert await firm.store.enrolments.tokens() == [made]
    assert (await firm.acts())[-1] == ("enrolment-token-made", "ada", f"token {made.name}")
